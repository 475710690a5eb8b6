"""Reading the answer that a person typed: which labels a step allows, and a text as a value of its contract. Pure."""

import json
from collections.abc import Mapping, Sequence
from typing import cast

from pydantic import ValidationError

from pilotage.authoring.codecs import ContractCodec
from pilotage.authoring.plan import Kind, Node


def allowed(node: Node) -> list[str]:
    """The labels that a person may choose from; none where the contract is no list of labels."""
    if node.kind is Kind.CHOICE:
        return list(node.branches)
    return labels_of(node.codec.schema()) if isinstance(node.codec, ContractCodec) else []


def labels_of(schema: Mapping[str, object]) -> list[str]:
    """The texts of a JSON schema that is a list of them."""
    reference = schema.get("$ref")
    if isinstance(reference, str):
        definitions = cast("Mapping[str, Mapping[str, object]]", schema.get("$defs", {}))
        return labels_of(definitions.get(reference.rpartition("/")[2], {}))
    values = schema.get("enum", [schema["const"]] if "const" in schema else [])
    labels = cast("Sequence[object]", values)
    return [str(label) for label in labels] if all(isinstance(label, str) for label in labels) else []


def read_value(node: Node, text: str) -> object:
    """The value that the text stands for: the text itself where the contract takes it, else what it says as JSON."""
    if node.codec is None or _takes(node, text):
        return text
    try:
        value: object = json.loads(text)
    except ValueError:
        return text
    return value


def _takes(node: Node, value: object) -> bool:
    try:
        node.codec.decode(value) if node.codec is not None else None
    except ValidationError:
        return False
    return True
