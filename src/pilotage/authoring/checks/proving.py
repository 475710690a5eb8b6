"""Whether the examples of the rules hold."""

from collections.abc import Iterable, Iterator
from datetime import date

from pilotage.authoring.codes import finding
from pilotage.authoring.contracts import type_name
from pilotage.authoring.findings import Finding
from pilotage.authoring.rules import Example, Rule
from pilotage.authoring.said import an


def every_example_holds(rules: Iterable[Rule]) -> Iterator[Finding]:
    """PLT-154, PLT-157: an example gives something else, or does not say enough to be tried."""
    for rule in rules:
        for number, example in enumerate(rule.examples, 1):
            if (found := _tried(rule, number, example)) is not None:
                yield found


def scope_values(rule: Rule, example: Example) -> list[object] | type[object]:
    """What the scope reads, of what was given and of the arguments; or the type that nobody gave."""
    said = [*example.scope_values, *example.arguments]
    found: list[object] = []
    for wanted in rule.scope.needs if rule.scope is not None else ():
        value = next((each for each in said if _is(each, wanted)), None)
        if value is None:
            return wanted if isinstance(wanted, type) else object
        found.append(value)
    return found


def _is(value: object, wanted: object) -> bool:
    return wanted is type(value)


def _tried(rule: Rule, number: int, example: Example) -> Finding | None:
    place = f"example {number} of {rule.name}"
    values = scope_values(rule, example)
    if isinstance(values, type):
        missing = f"does not say {an(type_name(values))}, which the rule's scope reads"
        remedy = f"Add .given({type_name(values)}(...))."
        return finding("PLT-157", place=place, line=example.line, missing=missing, remedy=remedy)
    if example.day is None and rule.season is not None:
        missing, remedy = "does not say on which day it is so", 'Add .on("2026-12-01").'
        return finding("PLT-157", place=place, line=example.line, missing=missing, remedy=remedy)
    day = example.day or date.min
    try:
        value, _ = rule.apply(example.arguments, values, day)
    except Exception as problem:  # noqa: BLE001  # whatever an author's rule raises is what the example gives
        value = problem
    if value == example.expected:
        return None
    said = example.day or "any day"
    return finding(
        "PLT-154", place=place, line=example.line, value=repr(value), expected=repr(example.expected), day=said
    )
