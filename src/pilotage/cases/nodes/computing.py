"""Steps that compute."""

from collections.abc import Sequence

from pilotage.authoring.plan import Node
from pilotage.cases.calling import call
from pilotage.cases.leaving import Leaving, Went
from pilotage.cases.values import LiveCase
from pilotage.cases.walk import Walk, arguments, failed, give
from pilotage.machinery.telemetry.scope import scope


def called(env: Walk, node: Node, group: Sequence[LiveCase]) -> list[object]:
    """The outcome of the node's function for each case, or how the case leaves before it was called."""
    given = arguments(env, node, group)
    again = [case.attempts > 0 for case in group] if node.connections else ()
    complete = [values for values in given if not isinstance(values, Leaving)]
    cases = _traced(node, group, given)
    if len(complete) == len(given):
        return call(node, complete, env.run_async, again=again, cases=cases)
    rest = [one for one, values in zip(again, given, strict=True) if not isinstance(values, Leaving)] if again else ()
    each = iter(call(node, complete, env.run_async, again=rest, cases=cases))
    return [values if isinstance(values, Leaving) else next(each) for values in given]


def _traced(node: Node, group: Sequence[LiveCase], given: Sequence[object]) -> Sequence[int]:
    """Whose each call of the function is, where somebody traces what it calls."""
    if not node.asynchronous or scope.get() is None:
        return ()
    return [case.id for case, values in zip(group, given, strict=True) if not isinstance(values, Leaving)]


def run_compute(env: Walk, node: Node, group: Sequence[LiveCase]) -> list[Went]:
    """Keep what the function gave."""
    went: list[Went] = []
    told: list[object] = ["computed", node.name]  # one for all: an entry of a story is never changed
    for case, outcome in zip(group, called(env, node, group), strict=True):
        if isinstance(outcome, (Leaving, BaseException)):
            went.append(outcome if isinstance(outcome, Leaving) else failed(env, case, node, outcome))
        else:
            case.story.append(told)
            went.append(give(case, node, outcome))
    return went
