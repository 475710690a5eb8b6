"""Waits and for-eaches: what goes on later."""

from collections.abc import Sequence

from pilotage.authoring.plan import Node
from pilotage.authoring.process import ForEach, Wait
from pilotage.authoring.values import Collected
from pilotage.cases import leaving
from pilotage.cases.leaving import Leaving, Went
from pilotage.cases.values import LiveCase, Place, WaitsFor
from pilotage.cases.walk import Walk, arguments, failed, give
from pilotage.kernel.clock import micros
from pilotage.kernel.foreign import RAISED


def run_wait(env: Walk, node: Node, group: Sequence[LiveCase]) -> list[Went]:
    """Go on later, at the node behind."""
    wait = node.step
    assert isinstance(wait, Wait)
    went: list[Went] = []
    for case, values in zip(group, arguments(env, node, group), strict=True):
        if isinstance(values, Leaving):
            went.append(values)
            continue
        try:
            until = wait.until_for(values[0] if values else None, env.now, env.timezone)
        except RAISED as error:  # the border to the author's code
            went.append(failed(env, case, node, error))
            continue
        if until <= env.now:
            went.append(node.next)
        else:
            went.append(leaving.waits(case, node.next, WaitsFor.TIME, due_at=micros(until)))
    return went


def run_for_each(env: Walk, node: Node, group: Sequence[LiveCase]) -> list[Went]:
    """Give birth to a case for each item, and go on with what they gave once all are done."""
    each = node.step
    assert isinstance(each, ForEach)
    body = node.body
    assert body is not None
    went: list[Went] = []
    for case, values in zip(group, arguments(env, node, group), strict=True):
        if isinstance(values, Leaving):
            went.append(values)
            continue
        if case.id in env.collected:
            given: Collected[object] = Collected([body.output.decode(one) for one in env.collected[case.id]])
            case.story.append(["collected", node.name, len(given)])
            went.append(give(case, node, given))
            continue
        try:
            items = [body.record.encode(item) for item in each.items_of(values[0])]
        except RAISED as error:  # the border to the author's code
            went.append(failed(env, case, node, error))
            continue
        if not items:
            nothing: Collected[object] = Collected([])
            went.append(give(case, node, nothing))
            continue
        case.story.append(["items", node.name, len(items)])
        went.append(Leaving(case=case, place=Place.WAITING, node=node.name, waits_for=WaitsFor.ITEMS, items=items))
    return went
