"""The schema of a contract in the strict form that servers hold a model to. Pure.

Strict means: every object names all of its fields, needs all of them and takes no other. Bounds, patterns and defaults are
left out, because servers differ in what they know of them; the contract itself checks them afterwards.
"""

from collections.abc import Mapping
from typing import Final, cast

from pydantic import BaseModel, PydanticInvalidForJsonSchema, TypeAdapter

from pilotage.models.errors import CannotBeAsked

Schema = dict[str, object]
_FORMATS: Final = frozenset({"date-time", "date", "time", "duration", "email", "uuid"})
_KEPT: Final = ("type", "enum", "description", "$ref")


def strict(contract: type[BaseModel]) -> tuple[Schema, Schema]:
    """The strict schema of a model, and the definitions that it refers to. Raises CannotBeAsked (PLT-280)."""
    try:
        found = TypeAdapter(contract).json_schema(by_alias=True, mode="validation", ref_template="#/$defs/{model}")
    except PydanticInvalidForJsonSchema as error:
        raise _cannot(contract.__name__, error.message) from None
    definitions = cast("Mapping[str, Schema]", found.pop("$defs", {}))
    named: Schema = {name: _strict(one, name) for name, one in definitions.items()}
    return _strict(found, contract.__name__), named


def _strict(schema: Mapping[str, object], place: str) -> Schema:
    made: Schema = {key: schema[key] for key in _KEPT if key in schema}
    if "const" in schema:
        made["enum"] = [schema["const"]]
    if schema.get("format") in _FORMATS:
        made["format"] = schema["format"]
    parts = cast("list[Schema]", schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf") or [])
    if parts:
        made["anyOf"] = [_strict(part, place) for part in parts]
    if schema.get("type") == "array":
        if "prefixItems" in schema or "items" not in schema:
            raise _cannot(place, "a list without one type of items cannot be written as a strict schema")
        made["items"] = _strict(cast("Schema", schema["items"]), place)
    if schema.get("type") == "object":
        made |= _object(schema, place)
    if not made.keys() - {"description"}:
        raise _cannot(place, "a value of any type cannot be written as a strict schema")
    return made


def _object(schema: Mapping[str, object], place: str) -> Schema:
    fields = cast("Mapping[str, Schema]", schema.get("properties", {}))
    if not fields:
        raise _cannot(place, "a mapping of any names cannot be written as a strict schema")
    return {
        "properties": {name: _strict(one, f"{place}.{name}") for name, one in fields.items()},
        "required": list(fields),
        "additionalProperties": False,
    }


def _cannot(place: str, why: str) -> CannotBeAsked:
    return CannotBeAsked(
        f"A model cannot be asked for {place}: {why}.",
        "Write it with fields of texts, numbers, dates, labels, models and lists of one type.",
    )
