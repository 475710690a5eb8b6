"""Approvals and exceptions: what people decide."""

from collections.abc import Mapping, Sequence
from typing import cast

from pilotage.authoring.approvals import Approval
from pilotage.authoring.plan import Node
from pilotage.authoring.process import BusinessException
from pilotage.authoring.values import Approved
from pilotage.cases import leaving
from pilotage.cases.leaving import Leaving, Went
from pilotage.cases.nodes.chains import chain_of
from pilotage.cases.values import LiveCase, Question
from pilotage.cases.walk import Walk, arguments, failed, give
from pilotage.kernel.foreign import RAISED


def run_approval(env: Walk, node: Node, group: Sequence[LiveCase]) -> list[Went]:
    """Ask those who approve, in order; where nobody needs to, say so and go on."""
    approval = node.step
    assert isinstance(approval, Approval)
    went: list[Went] = []
    scoped = arguments(env, node, group, node.scope_inputs)
    for case, values, scope in zip(group, arguments(env, node, group), scoped, strict=True):
        if isinstance(values, Leaving):
            went.append(values)
            continue
        if isinstance(scope, Leaving):
            went.append(scope)
            continue
        (value,) = values
        try:
            needed = approval.when is None or approval.when.holds(scope)
            people = approval.band_for(value) if needed else ()
        except RAISED as error:  # the border to the author's code
            went.append(failed(env, case, node, error))
            continue
        if not people:
            case.story.append(["approved", node.name, []])
            went.append(give(case, node, Approved(value, by=())))
            continue
        plain = cast("Mapping[str, object]", node.codec.encode(Approved(value, by=())) if node.codec else {})
        names = tuple(role.name for role in people)
        went.append(
            leaving.asks(
                case,
                Question(
                    case=case.id,
                    automation=env.automation,
                    node=node.name,
                    kind="approval",
                    chain=((names[0], str(approval.within)), (approval.then.name, str(approval.within))),
                    proposal={
                        "value": plain["value"],
                        "then": list(names[1:]),
                        "by": [],
                        "late": approval.then.name,
                        "within": str(approval.within),
                    },
                    why=f"{' and then '.join(names)} must approve.",
                ),
            )
        )
    return went


def run_exception(env: Walk, node: Node, group: Sequence[LiveCase]) -> list[Went]:
    """A documented way off the happy path: where it holds, a person goes on."""
    exception = node.step
    assert isinstance(exception, BusinessException)
    went: list[Went] = []
    for case, scope in zip(group, arguments(env, node, group, node.scope_inputs), strict=True):
        if isinstance(scope, Leaving):
            went.append(scope)
            continue
        try:
            holds = exception.when is None or exception.when.holds(scope)
        except RAISED as error:  # the border to the author's code
            went.append(failed(env, case, node, error))
            continue
        if not holds:
            went.append(node.next)
            continue
        went.append(
            leaving.asks(
                case,
                Question(
                    case=case.id,
                    automation=env.automation,
                    node=node.name,
                    kind="exception",
                    chain=chain_of(exception.ask),
                    proposal=None,
                    why=exception.name,
                ),
            )
        )
    return went
