"""The outline of an automation: what it takes to settle a decision of a release whose code is not loaded. Pure.

It is plain data, kept in the release's row: the nodes, where a case goes from each, and what may be answered there. A
value that a person gives is read by the release's own code (see `answering`), because a contract can do more than its
schema says.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import cast

from pilotage.authoring.automation import Automation
from pilotage.authoring.codecs import ContractCodec
from pilotage.authoring.findings import refuse
from pilotage.authoring.plan import Codec, Input, Kind, Node, Plan

Outline = Mapping[str, object]
CodecOf = Callable[[str, Mapping[str, object]], Codec]
"""Gives the codec of a node, by its name and the schema of what it takes."""


def outline_of(automation: Automation) -> dict[str, object]:
    """The outline of an automation, as plain data. Raises DefinitionError where a prompt is not the one that it asks for."""
    refuse([wrong for prompt in automation.prompts for wrong in prompt.wrong()])
    return {
        "timezone": automation.timezone,
        "owner": automation.owner.name,
        "connections": [connection.name for connection in automation.connections],
        "segments": list(automation.segment_names),
        "models": [model.name for model in automation.models],
        "prompts": [[prompt.file, prompt.version] for prompt in automation.prompts],
        "plan": _plan(automation.plan),
    }


def _plan(plan: Plan) -> dict[str, object]:
    return {"first": plan.first, "nodes": [_node(node) for node in plan.nodes.values()]}


def _node(node: Node) -> dict[str, object]:
    return {
        "name": node.name,
        "kind": node.kind.value,
        "next": node.next,
        "branches": dict(node.branches),
        "sources": [list(each.sources) for each in node.inputs],
        "schema": node.codec.schema() if isinstance(node.codec, ContractCodec) else None,
        "body": None if node.body is None else _plan(node.body),
    }


def node_in(outline: Outline, name: str, codec_of: CodecOf) -> Node | None:
    """A node of an outlined automation, at any depth."""
    found = next((node for nodes in _plans(outline) for node in _nodes(nodes) if node["name"] == name), None)
    if found is None:
        return None
    schema = cast("Mapping[str, object] | None", found["schema"])
    return Node(
        name=name,
        kind=Kind(str(found["kind"])),
        step=None,
        inputs=tuple(
            Input(parameter="", type_name="", sources=tuple(sources))
            for sources in cast("Sequence[Sequence[str]]", found["sources"])
        ),
        codec=None if schema is None else codec_of(name, schema),
        next=cast("str | None", found["next"]),
        branches=cast("Mapping[str, str | None]", found["branches"]),
    )


def first_in(outline: Outline, node: str | None) -> str | None:
    """The first node of the plan that a node stands in: the automation's own, or the body of a for-each."""
    plans = list(_plans(outline))
    for plan in plans:
        if any(each["name"] == node for each in _nodes(plan)):
            return cast("str | None", plan["first"])
    return cast("str | None", plans[0]["first"])


def prompts_in(outline: Outline) -> list[str]:
    """The automation's prompts with their versions, such as "route.md 3"."""
    named = cast("Sequence[tuple[str, int]]", outline.get("prompts", ()))
    return [f"{file} {version}" for file, version in named]


def timezone_in(outline: Outline) -> str:
    """The automation's time zone."""
    return str(outline["timezone"])


def _plans(outline: Outline) -> list[Mapping[str, object]]:
    found = [cast("Mapping[str, object]", outline["plan"])]
    for plan in found:
        found += [cast("Mapping[str, object]", node["body"]) for node in _nodes(plan) if node["body"] is not None]
    return found


def _nodes(plan: Mapping[str, object]) -> Sequence[Mapping[str, object]]:
    return cast("Sequence[Mapping[str, object]]", plan["nodes"])
