"""Values that the platform knows: what a step may ask for besides the record and what earlier steps gave."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from types import GenericAlias
from typing import Annotated, Generic, TypeAlias, cast, get_args

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema
from typing_extensions import TypeVar

V_co = TypeVar("V_co", covariant=True)
Label = TypeVar("Label")


@dataclass(frozen=True, slots=True)
class Unknown:
    """A label outside the documented ones. `Open[Billing]` in a contract lets it in, so that it goes to a person."""

    value: str

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """In JSON it is its text."""

        def read(value: object) -> Unknown:
            if isinstance(value, cls):
                return value
            if isinstance(value, str) and value:
                return cls(value)
            msg = "a label must be a non-empty text"
            raise ValueError(msg)

        def write(unknown: Unknown) -> str:
            return unknown.value

        return core_schema.no_info_plain_validator_function(
            read,
            serialization=core_schema.plain_serializer_function_ser_schema(
                write, return_schema=core_schema.str_schema()
            ),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Any text that is not empty."""
        return {"type": "string", "minLength": 1, "title": "Unknown"}


Open: TypeAlias = Annotated[Label | Unknown, Field(union_mode="left_to_right")]
"""`Open[Billing]`: a documented label, or an Unknown. Labels are tried first."""


@dataclass(frozen=True)
class Approved(Generic[V_co]):
    """What an approval gives: the value, and the names of those who said yes. `by` is empty where nobody was asked."""

    value: V_co
    by: tuple[str, ...] = ()


@dataclass(frozen=True)
class HandedOver:
    """What a hand-over to an automation gives when it was accepted."""


class Collected(Generic[V_co]):
    """What a for-each gives, in the order of the items. In JSON it is the list of them."""

    # Not a dataclass: pydantic would read a generic one by its fields, and not by the schema below.
    def __init__(self, items: Iterable[V_co] = (), /) -> None:
        self._items = tuple(items)

    def __iter__(self) -> Iterator[V_co]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Collected) and self._items == cast("Collected[object]", other)._items

    def __hash__(self) -> int:
        return hash(self._items)

    def __repr__(self) -> str:
        return f"Collected({list(self._items)!r})"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """A list of what each item gave."""
        (item,) = get_args(source) or (object,)

        def wrap(items: "tuple[V_co, ...]") -> "Collected[V_co]":
            return cls(items)

        def unwrap(collected: "Collected[V_co]") -> "tuple[V_co, ...]":
            return tuple(collected)

        listed = handler.generate_schema(GenericAlias(tuple, (item, ...)))
        from_list = core_schema.no_info_after_validator_function(wrap, listed)
        return core_schema.json_or_python_schema(
            json_schema=from_list,
            python_schema=core_schema.union_schema([core_schema.is_instance_schema(cls), from_list]),
            serialization=core_schema.plain_serializer_function_ser_schema(unwrap, return_schema=listed),
        )


@dataclass(frozen=True)
class Case:
    """The case in hand; `now` is the platform's clock, the only one that a step should read."""

    id: str
    key: str
    now: datetime


@dataclass(frozen=True)
class Effect:
    """The effect in hand. `key` is its idempotency key: the same over retries and crashes; in an undo, the undo's own."""

    key: str
    attempt: int
    case: Case


Given: TypeAlias = Case | Effect | None
"""The types that every path has; for those who write a `Path` type by hand."""
