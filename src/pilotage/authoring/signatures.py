"""What a step's function says of itself: its inputs by type, and what it gives."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, get_args, get_origin, get_type_hints

from pilotage.authoring.codes import finding
from pilotage.authoring.contracts import (
    Members,
    awaited,
    bare,
    labels,
    members,
    metadata,
    type_name,
    why_no_contract,
    without_none,
)
from pilotage.authoring.failures import Failure
from pilotage.authoring.findings import Finding
from pilotage.authoring.location import line_of
from pilotage.authoring.values import Case, Effect

Function = Callable[..., object]
_SPECIAL: Final[dict[object, Literal["case", "effect"]]] = {Case: "case", Effect: "effect"}
_MISSING: Final = object()


class From:
    """`Annotated[Team, From(second_look)]`: the Team that this step gave, where two steps gave one."""

    def __init__(self, step: object, /) -> None:
        self.step = step


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    """One input of a step: the type by which it is found."""

    name: str
    type_name: str
    alternatives: Members
    """The types of which one must be there."""
    optional: bool = False
    special: Literal["case", "effect"] | None = None
    chosen: object | None = None
    """The step named by `From`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Signature:
    """A function as the process sees it."""

    parameters: tuple[Parameter, ...]
    gives: object
    """The type of what it gives for one case; None where that could not be read."""
    asynchronous: bool
    findings: tuple[Finding, ...]


def parameter(name: str, annotation: object) -> Parameter:
    """An input of that type."""
    alternatives = without_none(annotation)
    only = next(iter(alternatives)) if len(alternatives) == 1 else None
    return Parameter(
        name=name,
        type_name=type_name(annotation),
        alternatives=alternatives,
        optional=type(None) in members(annotation),
        special=_SPECIAL.get(only) if only is not None else None,
        chosen=next((extra.step for extra in metadata(annotation) if isinstance(extra, From)), None),
    )


def hints_of(function: Function) -> tuple[dict[str, object], Finding | None]:
    """The types that a function is annotated with, or why they cannot be read (PLT-102)."""
    try:
        return dict(get_type_hints(function, include_extras=True)), None
    except (NameError, AttributeError, TypeError, SyntaxError) as problem:
        text = getattr(problem, "name", None) or str(problem)
        return {}, finding("PLT-102", place=_name(function), line=line_of(function), text=text)


def read_signature(function: Function, *, batch: int | None = None) -> Signature:
    """Read a step's function; what is wrong with it is in `findings`."""
    hints, unreadable = hints_of(function)
    asynchronous = inspect.iscoroutinefunction(function)
    if unreadable:
        return Signature(parameters=(), gives=None, asynchronous=asynchronous, findings=(unreadable,))
    findings: list[Finding] = []
    parameters = tuple(
        read
        for each in inspect.signature(function).parameters.values()
        if (read := _parameter(function, each, hints.get(each.name, _MISSING), batch, findings)) is not None
    )
    result, by_hand = awaited(hints.get("return", _MISSING))
    gives = _result(function, result, batch, findings)
    return Signature(parameters=parameters, gives=gives, asynchronous=asynchronous or by_hand, findings=tuple(findings))


def contract_finding(place: str, line: str, annotation: object) -> Finding | None:
    """PLT-103 where a type says too little to be a contract."""
    because = why_no_contract(annotation)
    if because is None:
        return None
    name = type_name(annotation).split("[")[0].split(" ")[0].capitalize()
    return finding("PLT-103", place=place, line=line, type=type_name(annotation), because=because, name=f"My{name}")


def _parameter(
    function: Function, each: inspect.Parameter, annotation: object, batch: int | None, findings: list[Finding]
) -> Parameter | None:
    line = line_of(function)
    place = f"{_name(function)}({each.name})"
    if each.kind in {each.VAR_POSITIONAL, each.VAR_KEYWORD}:
        findings.append(finding("PLT-111", place=place, line=line, what="stands for any number of inputs"))
        return None
    if each.default is not each.empty:
        findings.append(finding("PLT-111", place=place, line=line, what="has a default"))
    if annotation is _MISSING:
        findings.append(finding("PLT-101", place=place, line=line))
        return None
    if batch is not None:
        item = list_item(annotation)
        if item is None:
            findings.append(_no_list(function, batch, annotation))
            return None
        annotation = item
    read = parameter(each.name, annotation)
    wrong = contract_finding(f"{place[:-1]}: {type_name(annotation)})", line, annotation)
    if wrong and not (read.chosen is not None and labels(annotation)):
        findings.append(wrong)
    return read


def _result(function: Function, annotation: object, batch: int | None, findings: list[Finding]) -> object:
    if annotation is _MISSING or bare(annotation) in {None, type(None)}:
        findings.append(finding("PLT-104", place=_name(function), line=line_of(function)))
        return None
    if batch is None:
        return annotation
    item = list_item(annotation)
    if item is None:
        findings.append(_no_list(function, batch, annotation))
        return None
    return without_failure(item)


def list_item(annotation: object) -> object | None:
    """What a list is of, or None where the type is no list."""
    plain = bare(annotation)
    return get_args(plain)[0] if get_origin(plain) is list else None


def without_failure(annotation: object) -> object:
    """`Lead | Failure` as `Lead`: what a batch step gives where it does not fail."""
    parts = get_args(bare(annotation))
    if Failure not in parts:
        return annotation
    rest = [part for part in parts if part is not Failure]
    union: object = rest[0]
    for part in rest[1:]:
        union = union | part  # pyright: ignore[reportOperatorIssue]  # types, seen as objects
    return union


def _no_list(function: Function, batch: int, annotation: object) -> Finding:
    return finding("PLT-107", place=_name(function), line=line_of(function), batch=batch, type=type_name(annotation))


def _name(function: Function) -> str:
    return str(getattr(function, "__name__", function))
