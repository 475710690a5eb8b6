"""Types as contracts: what a type is called, which labels it has, and whether it says enough to be one."""

import enum
import types
from collections.abc import Awaitable, Coroutine, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import PurePath
from typing import Annotated, Any, Final, Literal, NewType, TypeVar, Union, cast, get_args, get_origin
from uuid import UUID

from pilotage.authoring.values import Approved, Case, Collected, Effect, HandedOver, Unknown

Members = frozenset[object]
"""A type as the set of what a value of it may be: a union's parts, or the type alone."""

_PLAIN: Final[frozenset[object]] = frozenset({
    str, int, float, complex, bool, bytes, bytearray, dict, list, tuple, set, frozenset, object, type, Any,
    date, datetime, time, timedelta, Decimal, UUID, Mapping, Sequence, PurePath,
})  # fmt: skip
_GENERIC: Final[frozenset[object]] = frozenset({Approved, Collected})
_OURS: Final[frozenset[object]] = frozenset({Case, Effect, HandedOver})
_UNIONS: Final = (Union, types.UnionType)
_AWAITABLES: Final = (Awaitable, Coroutine)


def bare(annotation: object) -> object:
    """The type without what `Annotated` adds."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return annotation


def metadata(annotation: object) -> tuple[object, ...]:
    """What `Annotated` adds."""
    return get_args(annotation)[1:] if get_origin(annotation) is Annotated else ()


def members(annotation: object) -> Members:
    """What a value of the type may be: the parts of a union, None among them, or the type alone."""
    plain = bare(annotation)
    if get_origin(plain) in _UNIONS:
        return frozenset(part for each in get_args(plain) for part in members(each))
    return frozenset({type(None) if plain is None else plain})


def without_none(annotation: object) -> Members:
    """The members, but for None."""
    return members(annotation) - {type(None)}


def awaited(annotation: object) -> tuple[object, bool]:
    """What awaiting a value of the type gives, and whether it must be awaited."""
    plain = bare(annotation)
    if get_origin(plain) in _AWAITABLES:
        return get_args(plain)[-1], True
    return annotation, False


def type_name(annotation: object) -> str:
    """A type as its author writes it."""
    plain = bare(annotation)
    origin, arguments = get_origin(plain), get_args(plain)
    if origin in _UNIONS:
        rest = [part for part in arguments if part is not Unknown]
        names = " | ".join(type_name(part) for part in rest)
        return names if len(rest) == len(arguments) else f"Open[{names}]"
    if origin is Literal:
        return f"Literal[{', '.join(repr(part) for part in arguments)}]"
    if plain is None or plain is type(None):
        return "None"
    if plain is Ellipsis:
        return "..."
    if origin is not None and arguments:
        return f"{type_name(origin)}[{', '.join(type_name(part) for part in arguments)}]"
    name = getattr(plain, "__name__", None)
    return name if isinstance(name, str) else str(plain).removeprefix("typing.")


def members_name(parts: Members) -> str:
    """A set of types as a union, in a stable order."""
    return " | ".join(sorted((type_name(part) for part in parts), key=lambda name: (name == "None", name)))


def labels(annotation: object) -> tuple[object, ...] | None:
    """The labels of an Enum, a Literal or bool, also inside `Open`; None where the type has no fixed ones."""
    found: list[object] = []
    for part in _ordered(annotation):
        if part is Unknown:
            continue
        if part is bool:
            found += [True, False]
        elif get_origin(part) is Literal:
            found += get_args(part)
        elif isinstance(part, type) and issubclass(part, enum.Enum):
            found += list(part)
        else:
            return None
    return tuple(found) or None


def is_open(annotation: object) -> bool:
    """Whether a label that nobody documented may come in."""
    return Unknown in members(annotation)


def label_name(label: object) -> str:
    """A label as its author writes it: Billing.RETAINER, "retainer", True."""
    return f"{type(label).__name__}.{label.name}" if isinstance(label, enum.Enum) else repr(label)


def why_no_contract(annotation: object) -> str | None:
    """Why a type says too little to be found by it, or None where it is a contract."""
    for part in without_none(annotation) - {Unknown}:
        origin = get_origin(part)
        if isinstance(part, TypeVar) or part in _PLAIN or (origin is not None and origin in _PLAIN):
            return "every step could give one"
        if origin in _GENERIC:
            if why := why_no_contract(get_args(part)[0]):
                return why
        elif part in _GENERIC:
            return "it does not say of what"
        elif part not in _OURS and not _storable(part):
            return "it cannot be written down and read again"
    return None


def _ordered(annotation: object) -> tuple[object, ...]:
    plain = bare(annotation)
    if get_origin(plain) in _UNIONS:
        return tuple(part for each in get_args(plain) for part in _ordered(each))
    return (plain,)


def _storable(part: object) -> bool:
    from pydantic import PydanticSchemaGenerationError, PydanticUserError, TypeAdapter  # noqa: PLC0415

    if isinstance(part, NewType) or get_origin(part) is Literal:
        return True
    if hasattr(part, "__pydantic_core_schema__") or (isinstance(part, type) and issubclass(part, enum.Enum)):
        return True
    try:
        TypeAdapter(cast("type[object]", part))
    except (PydanticSchemaGenerationError, PydanticUserError, TypeError):
        return False
    return True
