"""Whether every step stands where it may, and once, under a name of its own."""

from collections.abc import Iterator

from pilotage.authoring.checks.subject import Definition
from pilotage.authoring.codes import finding
from pilotage.authoring.findings import Finding
from pilotage.authoring.location import line_of
from pilotage.authoring.said import within
from pilotage.authoring.steps import Declared, Judge


def everything_is_a_step(subject: Definition) -> Iterator[Finding]:
    """PLT-129, PLT-130: a judge without its threshold; something that is no step."""
    for flow in subject.flow.everything():
        for thing, place in flow.strangers:
            if isinstance(thing, Judge):
                yield finding("PLT-129", place=place, line=thing.line, judge=thing.name)
            else:
                name = getattr(thing, "__name__", repr(thing))
                line = line_of(thing) if callable(thing) else flow.line
                yield finding("PLT-130", place=place, line=line or flow.line, thing=name)


def no_step_stands_twice(subject: Definition) -> Iterator[Finding]:
    """PLT-125: the same function twice on one path."""
    for flow in subject.flow.everything():
        for stop in flow.stops:
            if stop.repeats is not None and stop.declared is not None:
                first = flow.stop(stop.repeats).number
                yield finding(
                    "PLT-125", place=stop.place, line=stop.line, step=stop.title, first=first, second=stop.number
                )


def every_step_can_be_reached(subject: Definition) -> Iterator[Finding]:
    """PLT-135: a step behind an exception that always holds; what follows it is not said again."""
    if subject.flow.unsure:
        return
    for flow in subject.flow.everything():
        first = next((stop for stop in flow.stops if not stop.ways), None)
        if first is not None:
            yield finding("PLT-135", place=within(first.place, first.title), line=first.line)


def every_name_is_one_step(subject: Definition) -> Iterator[Finding]:
    """PLT-127: two functions of one name."""
    named: dict[str, Declared] = {}
    told: set[str] = set()
    for flow in subject.flow.everything():
        for declared in (stop.declared for stop in flow.stops):
            if declared is None:
                continue
            first = named.setdefault(declared.name, declared)
            if first is not declared and declared.name not in told:
                told.add(declared.name)
                yield finding(
                    "PLT-127",
                    place=subject.name,
                    line=declared.line,
                    name=declared.name,
                    first=first.line,
                    second=declared.line,
                )
