"""The ways on which a case may come to a step, and what it has by then.

A way is what one run through the choices so far has made. Ways on which the same types were given are one, so that their
number follows the differences that matter and not the number of branches.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from pilotage.authoring.contracts import Members
from pilotage.authoring.plan import RECORD
from pilotage.authoring.signatures import Parameter
from pilotage.authoring.values import Unknown


@dataclass(frozen=True, slots=True)
class Root:
    """One origin of a value: the node that gave it first, and those that revised it since."""

    nodes: frozenset[str]
    latest: frozenset[str]
    """The last of each branch."""


@dataclass(frozen=True, slots=True)
class Stale:
    """An approval of a value that was revised afterwards."""

    approved_at: int
    reviser: str
    revised_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What a case has, by type, and where it came through."""

    given: Mapping[Members, tuple[Root, ...]]
    trail: frozenset[tuple[str, str]] = frozenset()
    """(choice, label) of the branches passed."""
    ran: Mapping[object, frozenset[str]] = field(default_factory=dict[object, frozenset[str]])
    """The steps that ran, and the names of their nodes."""
    approved: Mapping[Members, tuple[Members, int]] = field(default_factory=dict[Members, tuple[Members, int]])
    """Approved[T] -> T, and the number of the approval."""
    stale: Mapping[Members, Stale] = field(default_factory=dict[Members, Stale])
    """Approved[T] whose T was revised since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Giving:
    """What a step gives, as a way sees it."""

    node: str
    number: int
    gives: Members
    revises: frozenset[object] = frozenset()
    """The types that the step takes; one among them that it also gives is revised."""
    revises_of: Mapping[Members, object] = field(default_factory=dict[Members, object])
    """For a type it takes: the step named by From."""
    approves: Members | None = None
    """The T of an approval."""


def beginning(record: Members) -> Way:
    """A case that has its record and nothing else."""
    origin = frozenset({RECORD})
    return Way(given={record: (Root(origin, origin),)})


def ran(way: Way, step: object, node: str) -> Way:
    """The way after a step ran."""
    return replace(way, ran={**way.ran, step: way.ran.get(step, frozenset()) | {node}})


def after(way: Way, giving: Giving) -> Way:
    """The way after a step gave its value."""
    key = giving.gives
    roots = way.given.get(key, ())
    node = frozenset({giving.node})
    if giving.approves is not None or (key <= giving.revises and roots):
        revised, kept = _revised(way, roots, giving)
        history = frozenset(name for root in revised for name in root.nodes)
        roots = (*kept, Root(history | node, node))
    else:
        roots = (*roots, Root(node, node))
    approved, stale = dict(way.approved), dict(way.stale)
    for approval, (of, number) in way.approved.items():
        if of == key:
            stale[approval] = Stale(number, giving.node, giving.number)
    if giving.approves is not None:
        approved[key] = (giving.approves, giving.number)
        stale.pop(key, None)
    return replace(way, given={**way.given, key: roots}, approved=approved, stale=stale)


def _revised(way: Way, roots: tuple[Root, ...], giving: Giving) -> tuple[tuple[Root, ...], tuple[Root, ...]]:
    """The roots that the step revises, and those that stay beside it."""
    chosen = giving.revises_of.get(giving.gives)
    if chosen is None:
        return roots, ()
    nodes = way.ran.get(chosen, frozenset())
    revised = tuple(root for root in roots if root.nodes & nodes)
    return revised, tuple(root for root in roots if root not in revised)


def chosen_branch(way: Way, choice: str, label: str, on: Members, nodes: frozenset[str]) -> Way:
    """The way into a branch: the label is known there, so Open[K] is K."""
    given = dict(way.given)
    if Unknown in on and on in given:
        narrow = on - {Unknown}
        known = tuple(root for root in given[on] if root.nodes & nodes)
        rest = tuple(root for root in given.pop(on) if root not in known)
        given[narrow] = given.get(narrow, ()) + known
        if rest:
            given[on] = rest
    return replace(way, given=given, trail=way.trail | {(choice, label)})


def merged(ways: Iterable[Way]) -> tuple[Way, ...]:
    """Ways that differ in nothing that matters, as one."""
    shapes: dict[object, Way] = {}
    for way in ways:
        shape = (
            frozenset((key, len(roots)) for key, roots in way.given.items()),
            frozenset(way.stale),
            frozenset(way.approved),
        )
        known = shapes.get(shape)
        shapes[shape] = way if known is None else _both(known, way)
    return tuple(shapes.values())


def _both(one: Way, two: Way) -> Way:
    given = {
        key: tuple(
            Root(first.nodes | second.nodes, first.latest | second.latest)
            for first, second in zip(roots, two.given[key], strict=True)
        )
        for key, roots in one.given.items()
    }
    steps = {step: one.ran.get(step, frozenset()) | two.ran.get(step, frozenset()) for step in {*one.ran, *two.ran}}
    return Way(
        given=given,
        trail=one.trail | two.trail,
        ran=steps,
        approved={**two.approved, **one.approved},
        stale={**two.stale, **one.stale},
    )


def nodes_for(way: Way, need: Parameter) -> frozenset[str]:
    """The nodes from which an input may come on this way; empty: it is not there."""
    if need.chosen is not None:
        return way.ran.get(need.chosen, frozenset())
    return frozenset(name for key in keys_for(way, need) for root in way.given[key] for name in root.nodes)


def keys_for(way: Way, need: Parameter) -> list[Members]:
    """The given types that fit an input."""
    wide: Members = need.alternatives | {type(None)} if need.optional else need.alternatives
    return [key for key in way.given if key <= wide]


def twice_given(way: Way, need: Parameter) -> tuple[frozenset[str], frozenset[str]] | None:
    """Two independent origins of an input on this way, or None."""
    if need.chosen is not None:
        return None
    for key in keys_for(way, need):
        roots = way.given[key]
        if len(roots) > 1:
            return roots[0].latest, roots[1].latest
    return None
