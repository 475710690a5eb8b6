"""Whether every step finds what it needs, and finds it once."""

from collections.abc import Iterable, Iterator

from pilotage.authoring.checks.subject import Definition
from pilotage.authoring.codes import finding
from pilotage.authoring.contracts import Members, members_name, type_name, without_none
from pilotage.authoring.findings import Finding
from pilotage.authoring.flow import Flow, Stop, identity
from pilotage.authoring.plan import RECORD
from pilotage.authoring.said import an, listed, within
from pilotage.authoring.signatures import Parameter
from pilotage.authoring.ways import Way, nodes_for, twice_given


def every_input_is_given(subject: Definition) -> Iterator[Finding]:
    """PLT-121, PLT-122, PLT-124: nothing gives it; something gives it later; it is given on some ways only."""
    for flow, stop in _sure_stops(subject):
        for need in stop.inputs:
            if need.special is None and (found := _missing(flow, stop, need)) is not None:
                yield found


def every_scope_can_be_read(subject: Definition) -> Iterator[Finding]:
    """PLT-152: a scope reads what the path does not have."""
    for flow, stop in _sure_stops(subject):
        for need in stop.scope_inputs:
            having, lacking = _split(stop, need)
            if not having and stop.ways:
                yield finding("PLT-152", place=place_of(stop, need), line=stop.line, type=need.type_name)
            elif lacking:
                yield _on_some_ways(flow, stop, need, having, lacking)


def no_input_is_given_twice(subject: Definition) -> Iterator[Finding]:
    """PLT-123: two independent origins of one type."""
    for flow, stop in _sure_stops(subject):
        for need in (*stop.inputs, *stop.scope_inputs):
            pair = next((pair for way in stop.ways if (pair := twice_given(way, need)) is not None), None)
            if pair is not None:
                first, second = (_called(flow, nodes) for nodes in pair)
                yield finding(
                    "PLT-123",
                    place=place_of(stop, need),
                    line=stop.line,
                    type=need.type_name,
                    first=first,
                    second=second,
                )


def place_of(stop: Stop, need: Parameter) -> str:
    """The place of an input: of a function the parameter, too."""
    of_function = stop.declared is not None and need in stop.inputs
    return within(stop.place, f"{stop.title}({need.name})" if of_function else stop.title)


def where_given(stops: Iterable[Stop], having: Iterable[Way], lacking: Iterable[Way]) -> tuple[str, list[str]] | None:
    """The choice that decides whether something is given, and the labels under which it is."""
    with_it, without = _labels(having), _labels(lacking)
    order = {label: place for stop in stops for place, label in enumerate(stop.branches)}
    candidates = [
        (bool(labels & without.get(choice, set())), choice, labels - without.get(choice, set()))
        for choice, labels in with_it.items()
        if labels - without.get(choice, set())
    ]
    if not candidates:
        return None
    _, choice, labels = min(candidates, key=lambda each: each[0])
    return choice, sorted(labels, key=lambda label: order.get(label, 0))


def _sure_stops(subject: Definition) -> Iterator[tuple[Flow, Stop]]:
    if not subject.flow.unsure:
        yield from ((flow, stop) for flow in subject.flow.everything() for stop in flow.stops)


def _split(stop: Stop, need: Parameter) -> tuple[list[Way], list[Way]]:
    having = [way for way in stop.ways if nodes_for(way, need)]
    return having, [way for way in stop.ways if way not in having]


def _missing(flow: Flow, stop: Stop, need: Parameter) -> Finding | None:
    having, lacking = _split(stop, need)
    if not lacking or (having and need.optional):
        return None
    if having:
        return _on_some_ways(flow, stop, need, having, lacking)
    givers = [other for other in flow.stops if _gives(other, need)]
    if beside := next((other for other in givers if _apart(other, stop) or other.number < stop.number), None):
        return _on_some_ways(flow, stop, need, beside.ways, lacking)
    if givers:
        return finding(
            "PLT-122",
            place=place_of(stop, need),
            line=stop.line,
            a_type=an(need.type_name),
            type=need.type_name,
            other=givers[0].title,
            number=givers[0].number,
            step=stop.title,
            record=type_name(flow.record),
        )
    return _nowhere(flow, stop, need)


def _nowhere(flow: Flow, stop: Stop, need: Parameter) -> Finding:
    there = _there(flow, stop)
    names = [members_name(each) for each in there]
    are = f"{'is' if len(names) == 1 else 'are'} {listed(names)}"
    near = next((f"{type_name(one)} is a subclass of {type_name(two)}" for one, two in _subclasses(there, need)), None)
    if near is not None:
        are += f"; {near}, and an input is found by the very same type"
    return finding("PLT-121", place=place_of(stop, need), line=stop.line, a_type=an(need.type_name), are=are)


def _on_some_ways(flow: Flow, stop: Stop, need: Parameter, having: Iterable[Way], lacking: Iterable[Way]) -> Finding:
    where = where_given(flow.stops, having, lacking)
    if where is None:
        return _nowhere(flow, stop, need)
    choice, labels = where
    return finding(
        "PLT-124",
        place=place_of(stop, need),
        line=stop.line,
        type=need.type_name,
        choice=choice,
        labels=listed(labels, "or"),
        step=stop.title,
        those="that branch" if len(labels) == 1 else "those branches",
    )


def _gives(stop: Stop, need: Parameter) -> bool:
    if need.chosen is not None:
        return identity(stop.step) is need.chosen
    return stop.gives is not None and without_none(stop.gives) <= need.alternatives


def _apart(one: Stop, two: Stop) -> bool:
    """Whether no case passes both."""
    first, second = _labels(one.ways), _labels(two.ways)
    return any(not labels & second[choice] for choice, labels in first.items() if choice in second)


def _labels(ways: Iterable[Way]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for way in ways:
        for choice, label in way.trail:
            found.setdefault(choice, set()).add(label)
    return found


def _there(flow: Flow, stop: Stop) -> list[Members]:
    """The types that a case has when it arrives, in the order in which they came."""
    order = {RECORD: 0} | {each.name: each.number for each in flow.stops}
    first: dict[Members, int] = {}
    for way in stop.ways:
        for key, roots in way.given.items():
            came = min(order[name] for root in roots for name in root.nodes) if roots else 0
            first[key] = min(came, first.get(key, came))
    return sorted(first, key=lambda key: first[key])


def _subclasses(there: Iterable[Members], need: Parameter) -> Iterator[tuple[object, object]]:
    for given in (part for key in there for part in key):
        for wanted in need.alternatives:
            if (
                given is not wanted
                and isinstance(given, type)
                and isinstance(wanted, type)
                and issubclass(given, wanted)
            ):
                yield given, wanted


def _called(flow: Flow, nodes: frozenset[str]) -> str:
    names = [
        f"the record {type_name(flow.record)}" if name == RECORD else flow.stop(name).title for name in sorted(nodes)
    ]
    return listed(dict.fromkeys(names), "or")
