"""Bodies out and in: values to JSON, and JSON to the contract that a call expects."""

import json
import types
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, TypeVar, cast

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, from_json, to_jsonable_python

from pilotage.connections.errors import BodyNotJson
from pilotage.kernel.foreign import RAISED

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")

_SHOWN: Final = 3
"""How many broken fields are named; the raw response has the rest."""


class ContractBroken(Exception):
    """A body is not what the call expects. Says which fields, never what stood in them."""

    def __init__(self, what: str, /) -> None:
        super().__init__(what)
        self.what = what


def encode(body: object) -> bytes | None:
    """The JSON of a pydantic model or a mapping; dates, decimals, enums and models inside are written as pydantic does."""
    if body is None or isinstance(body, bytes):
        return body
    kind = type(body).__name__
    try:
        if isinstance(body, BaseModel):
            return body.model_dump_json().encode()
        if isinstance(body, Mapping):
            text = json.dumps(
                cast("Mapping[str, object]", body),
                allow_nan=False,
                ensure_ascii=False,
                separators=(",", ":"),
                default=_plain,
            )
            return text.encode()
        why = "it is no model and no mapping"
    except (PydanticSerializationError, TypeError, ValueError) as error:
        # The error's own words may hold contents.
        why = f"something in it cannot be written ({type(error).__name__})"
    raise BodyNotJson(
        f"What was to be sent, a {kind}, cannot be written as JSON: {why}.",
        "Send a pydantic model, or a mapping of texts, finite numbers, dates, decimals, enums and models.",
    )


def _plain(value: object) -> object:
    return to_jsonable_python(value)


def decode(body: bytes, content_type: str, expect: type[BaseModel] | None, *, absent_is_none: bool) -> BaseModel | None:
    """The answer as the model it must be, None for what is absent or not read; raises ContractBroken."""
    if expect is None:
        return None
    _readable(body, content_type)
    if absent_is_none:
        return _found(body, expect)
    return _model(expect, body)


def _readable(body: bytes, content_type: str) -> None:
    if not body.strip():
        raise ContractBroken("its body is empty")
    charset = _charset(content_type)
    if charset not in {"", "utf-8", "utf8", "us-ascii", "ascii"} and not body.isascii():
        raise ContractBroken(f"its body is in {charset[:20]!r}; JSON is UTF-8")


def _charset(content_type: str) -> str:
    for part in content_type.split(";")[1:]:
        name, _, value = part.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"').lower()
    return ""


def _found(body: bytes, expect: type[M]) -> M | None:
    """One of what was looked for: null and an empty list are none, a list of one is that one, more break the contract."""
    try:
        data: object = from_json(body, allow_inf_nan=False)
    except ValueError:
        raise ContractBroken("its body is no JSON") from None
    if data is None:
        return None
    if not isinstance(data, list):
        return _model(expect, body)
    entries = cast("list[object]", data)
    if len(entries) > 1:
        raise ContractBroken(f"it lists {len(entries)} where there must be one at most: the key is not unique")
    # Read from the text again: a contract is stricter and knows more about JSON than about Python's values.
    found: list[M] = _valid(_list_of(expect), expect, body)
    return found[0] if found else None


@lru_cache(maxsize=256)
def _list_of(expect: type[M]) -> TypeAdapter[list[M]]:
    return TypeAdapter(cast("type[list[M]]", types.GenericAlias(list, (expect,))))


@lru_cache(maxsize=256)
def _one(expect: type[M]) -> TypeAdapter[M]:
    return TypeAdapter(expect)


def _model(expect: type[M], body: bytes) -> M:
    return _valid(_one(expect), expect, body)


def _valid(contract: TypeAdapter[T], expect: type[BaseModel], body: bytes) -> T:
    try:
        return contract.validate_json(body)
    except ValidationError as error:
        what = _told(error, expect)
    except RAISED as error:  # an author's check may raise anything; its words may hold contents
        what = f"a check of {expect.__name__} failed with {type(error).__name__}"
    raise ContractBroken(what)


def _told(error: ValidationError, expect: type[BaseModel]) -> str:
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    if faults[0]["type"] == "json_invalid":
        return "its body is no JSON"
    named = [
        f"{'.'.join(map(str, fault['loc']))[:60] or expect.__name__}: {_kind(fault['type'])}"
        for fault in faults[:_SHOWN]
    ]
    more = f" and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
    return f"its body is no {expect.__name__} ({', '.join(named)}{more})"


def _kind(kind: str) -> str:
    """A kind of fault in words; pydantic's own sentence may hold what an author's check says about the value."""
    return kind.replace("_", " ")
