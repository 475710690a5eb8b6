"""Effects: steps that change something outside, once, and say how it is taken back."""

import inspect
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal, Never

from pilotage.authoring.codes import CODES, finding
from pilotage.authoring.connection import Connection
from pilotage.authoring.contracts import Members, awaited, members, members_name, type_name, without_none
from pilotage.authoring.findings import Finding, refuse
from pilotage.authoring.limits import Retry
from pilotage.authoring.location import line_of
from pilotage.authoring.signatures import Function, hints_of, read_signature
from pilotage.authoring.steps import Declared, Step, connections, wrong_result
from pilotage.authoring.values import Effect
from pilotage.kernel.errors import PilotageError


class CalledDirectly(PilotageError):
    """An effect was called as a function."""

    code: ClassVar[str] = "PLT-191"

    def __init__(self, effect: str) -> None:
        words = CODES["PLT-191"]
        super().__init__(f"{effect} {words.message}", words.remedy)


@dataclass(frozen=True, slots=True)
class CannotUndo:
    """Said in place of an undo: the reason, and what is done instead."""

    why: str
    instead: str | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True)
class SafeToRepeat:
    """Said in place of a reconcile: the other side honours the key, so an unknown outcome may be sent again under it."""

    why: str


Priority = Literal["high", "usual", "low"]
"""Who goes first where the limits of a connection are short."""


class Act(Declared, Step):
    """An effect: changes something outside, once, and says how it is taken back."""

    undo: "Function | CannotUndo"
    undo_takes_effect: bool = False
    """Whether the undo takes an Effect second: its own, with a key of its own."""
    reconcile: "Function | SafeToRepeat | None" = None
    priority: Priority = "usual"

    @property
    def through(self) -> tuple[Connection, ...]:
        """The connections that it may call."""
        return self.connections

    @property
    def repeat(self) -> Literal["safe", "ask", "never"]:
        """What becomes of an unknown outcome: sent again, asked for, or left to a person."""
        if self.reconcile is None:
            return "never"
        return "safe" if isinstance(self.reconcile, SafeToRepeat) else "ask"

    def __call__(self, *args: object, **kwargs: object) -> Never:
        """Refuse: an effect happens on a path alone. The function itself is `function`."""
        raise CalledDirectly(self.name)


def act(
    *,
    through: Connection | Sequence[Connection] | None = None,
    undo: "Function | CannotUndo | None" = None,
    reconcile: "Function | SafeToRepeat | None" = None,
    retry: Retry | None = None,
    priority: Priority = "usual",
) -> Callable[[Function], Act]:
    """An effect: it makes one state-changing call, and says how that is taken back.

    `priority` counts where the connection's limits are short: high goes first, low where nobody else waits.
    """
    named = connections(through)

    def decorate(function: Function) -> Act:
        signature = read_signature(function)
        findings = [*signature.findings, *wrong_result(function, signature)]
        if not named:
            findings.append(finding("PLT-112", place=function.__name__, line=line_of(function)))
        if signature.gives is not None:
            result = members(signature.gives)
            findings += _wrong_undo(function, undo, result)
            findings += _wrong_reconcile(function, reconcile, result)
        refuse(findings)
        made = Act(function, signature, through=named, retry=retry)
        made.undo = CannotUndo("") if undo is None else undo
        made.undo_takes_effect = not isinstance(undo, CannotUndo) and len(_positional(undo)) > 1
        made.reconcile = reconcile
        made.priority = priority
        return made

    return decorate


def _wrong_undo(effect: Function, undo: "Function | CannotUndo | None", result: Members) -> list[Finding]:
    name, line = effect.__name__, line_of(effect)
    given = members_name(result)
    if undo is None:
        return [finding("PLT-108", place=name, line=line, type=given)]
    if isinstance(undo, CannotUndo):
        return []
    hints, unreadable = hints_of(undo)
    if unreadable:
        return [unreadable]
    takes = [hints.get(parameter) for parameter in _positional(undo)]
    fits = bool(takes) and _accepts(takes[0], result) and all(other is Effect for other in takes[1:])
    if fits and len(takes) <= _VALUE_AND_EFFECT:
        return []
    said = ", ".join(type_name(each) if each is not None else "something without a type" for each in takes) or "nothing"
    return [finding("PLT-109", place=name, line=line, function=undo.__name__, takes=said, effect=name, type=given)]


_VALUE_AND_EFFECT = 2


def _wrong_reconcile(effect: Function, reconcile: "Function | SafeToRepeat | None", result: Members) -> list[Finding]:
    if reconcile is None or isinstance(reconcile, SafeToRepeat):
        return []
    hints, unreadable = hints_of(reconcile)
    if unreadable:
        return [unreadable]
    takes = [hints.get(parameter) for parameter in _positional(reconcile)]
    answer, _ = awaited(hints.get("return"))
    if takes == [Effect] and without_none(answer) and without_none(answer) <= result:
        return []
    said = f"answers {type_name(answer)}"
    if takes != [Effect]:
        said = f"takes {', '.join(type_name(each) for each in takes) or 'nothing'}"
    return [
        finding(
            "PLT-110",
            place=effect.__name__,
            line=line_of(effect),
            function=reconcile.__name__,
            answers=said,
            effect=effect.__name__,
            type=members_name(result),
        )
    ]


def _accepts(taken: object, result: Members) -> bool:
    """Whether a parameter of one type takes every value of the other."""
    wide = members(taken) if taken is not None else frozenset[object]()
    if object in wide:
        return True
    return all(
        part in wide
        or (isinstance(part, type) and any(isinstance(one, type) and issubclass(part, one) for one in wide))
        for part in result
    )


def _positional(function: object) -> list[str]:
    return list(inspect.signature(function).parameters) if isinstance(function, types.FunctionType) else []
