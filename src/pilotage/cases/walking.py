"""The walk of a batch through a plan, in memory: every node runs once over all cases that stand there.

Nothing is read or written here but the cases in hand. A walk ends when every case has left, or before a step that is dear
to run once something dear is unsaved: the caller saves a checkpoint and walks on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pilotage.cases import leaving
from pilotage.cases.leaving import Leaving, Went
from pilotage.cases.nodes import RUNS
from pilotage.cases.values import LiveCase
from pilotage.cases.walk import Walk, encode, is_dear, no_longer_fits


@dataclass(frozen=True, kw_only=True)
class Walked:
    """What a walk came to."""

    left: list[Leaving]
    moving: list[LiveCase]
    """Cases that stand before a dear step, while something dear is unsaved."""


def walk(env: Walk, cases: Sequence[LiveCase]) -> Walked:
    """Run the plan's nodes over the cases until all have left or a checkpoint is due."""
    left: list[Leaving] = []
    standing: dict[str, list[LiveCase]] = {}
    _put(env, cases, [case.node for case in cases], standing, left)
    unsaved = False
    for name, node in env.plan.nodes.items():
        group = standing.get(name)
        if not group:
            continue
        dear = is_dear(node)
        if dear and unsaved:
            break
        unsaved = unsaved or dear
        del standing[name]
        with env.within(node):
            went = encode(node, group, RUNS[node.kind](env, node, group))
        _put(env, group, went, standing, left)
    return Walked(left=left, moving=[case for group in standing.values() for case in group])


def _put(
    env: Walk,
    cases: Sequence[LiveCase],
    went: Sequence[Went],
    standing: dict[str, list[LiveCase]],
    left: list[Leaving],
) -> None:
    for way, group in _ways(cases, went, left).items():
        for case in group:
            if case.attempts and way != case.node:
                case.attempts = 0  # they are those at one step
            case.node = way
        if way is None:
            left += map(leaving.done, group)
        elif way in env.plan.nodes:
            standing.setdefault(way, []).extend(group)
        else:
            why = f"The step {way}, at which this case stands, is no longer on the path."
            left += [leaving.asks(case, no_longer_fits(env, case, way, why)) for case in group]


def _ways(cases: Sequence[LiveCase], went: Sequence[Went], left: list[Leaving]) -> dict[str | None, Sequence[LiveCase]]:
    """The cases by where they go; those that leave where they are go into `left`."""
    if went and not isinstance(went[0], Leaving) and went.count(went[0]) == len(went):
        return {went[0]: cases}  # as nearly always
    ways: dict[str | None, list[LiveCase]] = {}
    for case, way in zip(cases, went, strict=True):
        if isinstance(way, Leaving):
            left.append(way)
        else:
            ways.setdefault(way, []).append(case)
    return dict(ways)
