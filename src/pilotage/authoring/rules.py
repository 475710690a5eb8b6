"""Rules: what people know, as functions that revise a value, each with its source, its reason and its proof."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from pilotage.authoring.codes import finding
from pilotage.authoring.contracts import members, type_name
from pilotage.authoring.findings import Finding, refuse
from pilotage.authoring.location import here, line_of
from pilotage.authoring.people import Role
from pilotage.authoring.scopes import Scope
from pilotage.authoring.seasons import Season
from pilotage.authoring.signatures import Signature, read_signature
from pilotage.authoring.spans import day as read_day
from pilotage.authoring.steps import Declared, Function, Step, no_effect_here
from pilotage.kernel.clock import SystemClock

_AHEAD_OF_UTC: Final = timedelta(hours=14)


class Debt:
    """Marks a workaround: why it is there, what it costs each time, and when it is looked at again."""

    def __init__(self, why: str, /, *, minutes_each: int, review: date | str) -> None:
        self.why = why
        self.minutes_each = minutes_each
        self.review = read_day(review, place="Debt", line=here())

    def __repr__(self) -> str:
        return f"Debt({self.why!r})"


@dataclass(frozen=True, kw_only=True)
class Example:
    """What a rule makes of a value, in words that can be proven."""

    arguments: tuple[object, ...]
    scope_values: tuple[object, ...]
    """What was said with `given`, in the author's order."""
    day: date | None
    expected: object
    """The revised value; the first argument itself where the rule changes nothing."""
    line: str


class ExampleBeing:
    """An example on its way: say what is given and on which day, then what comes of it."""

    def __init__(self, rule: "Rule", arguments: tuple[object, ...]) -> None:
        self._rule = rule
        self._arguments = arguments
        self._given: tuple[object, ...] = ()
        self._day: date | None = None

    def given(self, *values: object) -> "ExampleBeing":
        """What the rule's scope reads."""
        self._given = values
        return self

    def on(self, day: date | str, /) -> "ExampleBeing":
        """The day on which it is so."""
        self._day = read_day(day, place=f"example of {self._rule.name}", line=here())
        return self

    def gives(self, value: object, /) -> None:
        """The value that the rule makes."""
        self._rule.add_example(
            Example(arguments=self._arguments, scope_values=self._given, day=self._day, expected=value, line=here())
        )

    def changes_nothing(self) -> None:
        """The value passes unchanged."""
        self.gives(self._arguments[0])


class Rule(Declared, Step):
    """Revises its first parameter; outside its scope or season the value passes unchanged."""

    scope: Scope | None = None
    season: Season | None = None
    debt: Debt | None = None
    source: Role
    reason: str
    confirmed: date

    def __init__(self, function: Function, signature: Signature) -> None:
        super().__init__(function, signature)
        self._examples: list[Example] = []

    @property
    def examples(self) -> tuple[Example, ...]:
        """The examples that `pilotage check` proves and the book prints."""
        return tuple(self._examples)

    def example(self, *args: object, **kwargs: object) -> ExampleBeing:
        """Begin an example with the arguments of the rule."""
        return ExampleBeing(self, args + tuple(kwargs.values()))

    def add_example(self, example: Example) -> None:
        """Keep a finished example."""
        self._examples.append(example)

    def apply(self, arguments: Sequence[object], scope_values: Sequence[object], day: date) -> tuple[object, bool]:
        """The value, and whether the rule was awake: in season, and in scope (`scope_values` as `Scope.needs` says)."""
        if self.season is not None and not self.season.awake(day):
            return arguments[0], False
        if self.scope is not None and not self.scope.holds(scope_values):
            return arguments[0], False
        return self.function(*arguments), True


def rule(
    *,
    source: Role,
    reason: str,
    confirmed: date | str,
    scope: Scope | None = None,
    season: Season | None = None,
    debt: Debt | None = None,
) -> Callable[[Function], Rule]:
    """Business knowledge: who said it, why, and when it was last confirmed."""
    line = here()

    def decorate(function: Function) -> Rule:
        signature = read_signature(function)
        day = read_day(confirmed, place=function.__name__, line=line)
        refuse(
            [
                *signature.findings,
                *no_effect_here(function, signature),
                *_not_revised(function, signature),
                *_not_yet_confirmed(function, day, source),
            ]
        )
        made = Rule(function, signature)
        made.scope, made.season, made.debt = scope, season, debt
        made.source, made.reason, made.confirmed = source, reason, day
        return made

    return decorate


def _not_revised(function: Function, signature: Signature) -> list[Finding]:
    if signature.gives is None or not signature.parameters:
        return []
    first = signature.parameters[0]
    if first.alternatives == members(signature.gives) and not signature.asynchronous:
        return []
    given = type_name(signature.gives)
    return [
        finding(
            "PLT-155",
            place=function.__name__,
            line=line_of(function),
            takes=first.type_name,
            type=f"an awaitable {given}" if signature.asynchronous else given,
        )
    ]


def _not_yet_confirmed(function: Function, day: date, source: Role) -> list[Finding]:
    today_somewhere = (SystemClock().now() + _AHEAD_OF_UTC).date()
    if day <= today_somewhere:
        return []
    return [finding("PLT-153", place=function.__name__, line=line_of(function), day=day, source=source.name)]
