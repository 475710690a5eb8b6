"""Whether a path ends with what was promised, and the types say enough to be contracts."""

from collections.abc import Iterator

from pilotage.authoring.approvals import Approval
from pilotage.authoring.checks.subject import Definition
from pilotage.authoring.codes import finding
from pilotage.authoring.contracts import type_name
from pilotage.authoring.findings import Finding
from pilotage.authoring.process import ForEach, HandOver, Wait
from pilotage.authoring.said import within
from pilotage.authoring.signatures import contract_finding, parameter
from pilotage.authoring.ways import nodes_for


def a_path_ends_with_what_it_gives(subject: Definition) -> Iterator[Finding]:
    """PLT-128: gives= names a type that no path ends with."""
    if subject.flow.unsure:
        return
    for flow in subject.flow.everything():
        wanted = parameter("gives", flow.wanted)
        if not any(nodes_for(way, wanted) for way in flow.endings):
            place = subject.name if flow is subject.flow else flow.place
            yield finding("PLT-128", place=place, line=flow.line, type=type_name(flow.wanted))


def every_type_is_a_contract(subject: Definition) -> Iterator[Finding]:
    """PLT-103 for the types that an author writes outside of a function."""
    named: list[tuple[str, str, object]] = [
        (f"{subject.name}(takes)", subject.line, subject.flow.record),
        (f"{subject.name}(gives)", subject.line, subject.flow.wanted),
    ]
    for stop in (stop for flow in subject.flow.everything() for stop in flow.stops):
        step, place = stop.step, within(stop.place, stop.title)
        if isinstance(step, HandOver):
            named += [(place, stop.line, step.of), (place, stop.line, step.gives)]
        elif isinstance(step, Approval) or (isinstance(step, Wait) and step.of is not None):
            named.append((place, stop.line, step.of))
        elif isinstance(step, ForEach):
            named += [(place, stop.line, each) for each in (step.of, step.item, step.result)]
    for place, line, annotation in named:
        if (found := contract_finding(place, line, annotation)) is not None:
            yield found


def every_declaration_is_right(subject: Definition) -> Iterator[Finding]:
    """What is wrong with the declarations on the path by themselves: bands, thresholds, missing types."""
    for flow in subject.flow.everything():
        yield from flow.findings
