"""What each kind of node does to the cases that stand there: one function a kind, collected in `RUNS`.

Each takes the walk, the node and the cases, and gives for each case where it goes: the next node's name, None for the end,
or the way in which it leaves.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from pilotage.authoring.approvals import Approval
from pilotage.authoring.judgements import Judgement
from pilotage.authoring.plan import Kind, Node, label_text
from pilotage.authoring.process import BusinessException, Choice, ForEach, HandOver, Wait
from pilotage.authoring.rules import Rule
from pilotage.authoring.steps import Judged as JudgedStep
from pilotage.authoring.values import Approved, Collected, Unknown
from pilotage.cases import leaving
from pilotage.cases.calling import call
from pilotage.cases.evidence import missing_quotes
from pilotage.cases.leaving import Leaving
from pilotage.cases.ports import Claim
from pilotage.cases.values import LiveCase, Place, Question, WaitsFor
from pilotage.cases.walk import Walk, arguments, failed, give
from pilotage.kernel.clock import micros

Went: TypeAlias = "str | None | Leaving"
Chain: TypeAlias = tuple[tuple[str, str], ...]


def chain_of(ask: object) -> Chain:
    """Who is asked and for how long, in order, as plain texts."""
    return tuple((role.name, str(within)) for role, within in ask.chain())  # type: ignore[attr-defined]


def _called(env: Walk, node: Node, group: Sequence[LiveCase]) -> list[object]:
    """The outcome of the node's function for each case, or how the case leaves before it was called."""
    given = arguments(env, node, group)
    outcomes = iter(call(node, [values for values in given if not isinstance(values, Leaving)], env.run_async))
    return [values if isinstance(values, Leaving) else next(outcomes) for values in given]


def run_compute(env: Walk, node: Node, group: Sequence[LiveCase]) -> list[Went]:
    """Keep what the function gave."""
    went: list[Went] = []
    for case, outcome in zip(group, _called(env, node, group), strict=True):
        if isinstance(outcome, Leaving):
            went.append(outcome)
        elif isinstance(outcome, BaseException):
            went.append(failed(env, case, node, outcome))
        else:
            case.story.append(["computed", node.name])
            went.append(give(env, case, node, outcome))
    return went


def run_judge(env: Walk, node: Node, group: Sequence[LiveCase]) -> list[Went]:
    """Go on alone where the judgement is trusted; ask a person where it is not, or where it abstained."""
    step = node.step
    assert isinstance(step, JudgedStep)
    outcomes = _called(env, node, group)
    judged = [outcome if isinstance(outcome, Judgement) else None for outcome in outcomes]
    claims = [
        Claim(node=node.name, confidence=one.confidence, above=step.above, segments=case.segments)
        for case, one in zip(group, judged, strict=True)
        if one is not None and one.abstained is None
    ]
    routes = iter(env.autonomy.route(env.automation, env.release, claims))
    went: list[Went] = []
    for case, outcome, judgement in zip(group, outcomes, judged, strict=True):
        if isinstance(outcome, Leaving):
            went.append(outcome)
        elif isinstance(outcome, BaseException):
            went.append(failed(env, case, node, outcome))
        elif judgement is None:
            went.append(leaving.dead(case, node.name, f"{node.name} answered {type(outcome).__name__}, no Judgement."))
        else:
            alone = next(routes) if judgement.abstained is None else False
            went.append(_judged(env, case, node, step, judgement, alone=alone))
    return went


def _judged(env: Walk, case: LiveCase, node: Node, step: JudgedStep, judgement: Judgement, *, alone: bool) -> Went:
    plain = judgement.plain(node.codec)
    case.judgements[node.name] = plain
    label = label_text(plain.get("value")) if judgement.abstained is None else ""
    why = ""
    if judgement.abstained is not None:
        kind, why = "abstained", judgement.abstained
    else:
        kind = "judgement"
        quotes = [(one["quote"], one.get("of")) for one in plain["evidence"] if "quote" in one]
        if missing := missing_quotes(quotes, case.record):
            alone = False
            why = f'It quotes "{missing[0]}", which is not in the record.'
        elif not alone:
            sure = f"{judgement.confidence:.0%} sure"
            why = (
                f"{sure}; {step.above:.0%} is asked for."
                if step.above is not None
                else f"{sure}; a person is always asked."
            )
    if alone:
        case.story.append(["judged", node.name, label, round(judgement.confidence, 4), True])
        return give(env, case, node, judgement.value)
    case.story.append(
        ["judged", node.name, label, None if judgement.abstained else round(judgement.confidence, 4), False]
    )
    return leaving.asks(
        case,
        Question(
            case=case.id,
            automation=env.automation,
            node=node.name,
            kind=kind,
            chain=chain_of(step.ask),
            proposal=plain.get("value"),
            why=why,
        ),
    )


def run_rule(env: Walk, node: Node, group: Sequence[LiveCase]) -> list[Went]:
    """Revise the value where scope and season hold."""
    rule = node.step
    assert isinstance(rule, Rule)
    went: list[Went] = []
    scoped = arguments(env, node, group, node.scope_inputs)
    for case, values, scope in zip(group, arguments(env, node, group), scoped, strict=True):
        if isinstance(values, Leaving) or isinstance(scope, Leaving):
            went.append(values if isinstance(values, Leaving) else scope)
            continue
        day = env.day_of(case)
        try:
            value, changed = rule.apply(values, scope, day)
        except Exception as error:  # noqa: BLE001 - the border to the author's code
            went.append(failed(env, case, node, error))
            continue
        if changed:
            case.story.append(["rule", node.name])
        went.append(give(env, case, node, value))
    return went


def run_choice(env: Walk, node: Node, group: Sequence[LiveCase]) -> list[Went]:
    """Take the branch of the label; what nobody documented goes to a person."""
    choice = node.step
    assert isinstance(choice, Choice)
    went: list[Went] = []
    for case, values in zip(group, arguments(env, node, group), strict=True):
        if isinstance(values, Leaving):
            went.append(values)
            continue
        (value,) = values
        label = value.value if isinstance(value, Unknown) else label_text(value)
        if not isinstance(value, Unknown) and label in node.branches:
            case.story.append(["chose", node.name, label])
            went.append(node.branches[label])
            continue
        chain = chain_of(choice.unknown) if choice.unknown is not None else env.unknown
        why = f'"{label}" is no variant that is documented here.'
        went.append(
            leaving.asks(
                case,
                Question(
                    case=case.id,
                    automation=env.automation,
                    node=node.name,
                    kind="unknown variant",
                    chain=chain,
                    proposal=None,
                    why=why,
                ),
            )
        )
    return went


def run_approval(env: Walk, node: Node, group: Sequence[LiveCase]) -> list[Went]:
    """Ask those who approve, in order; where nobody needs to, say so and go on."""
    approval = node.step
    assert isinstance(approval, Approval)
    went: list[Went] = []
    scoped = arguments(env, node, group, node.scope_inputs)
    for case, values, scope in zip(group, arguments(env, node, group), scoped, strict=True):
        if isinstance(values, Leaving) or isinstance(scope, Leaving):
            went.append(values if isinstance(values, Leaving) else scope)
            continue
        (value,) = values
        try:
            needed = approval.when is None or approval.when.holds(scope)
            people = approval.band_for(value) if needed else ()
        except Exception as error:  # noqa: BLE001 - the border to the author's code
            went.append(failed(env, case, node, error))
            continue
        if not people:
            case.story.append(["approved", node.name, []])
            went.append(give(env, case, node, Approved(value, by=())))
            continue
        plain = node.codec.encode(Approved(value, by=())) if node.codec else {}
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
        except Exception as error:  # noqa: BLE001 - the border to the author's code
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


def run_hand_over(env: Walk, node: Node, group: Sequence[LiveCase]) -> list[Went]:
    """Give the value to a person, who fills in what comes back."""
    hand_over = node.step
    assert isinstance(hand_over, HandOver)
    went: list[Went] = []
    for case, values in zip(group, arguments(env, node, group), strict=True):
        if isinstance(values, Leaving):
            went.append(values)
        elif hand_over.receiver is not None:
            went.append(
                leaving.dead(
                    case, node.name, "Hand-overs to another automation do not run yet; replay it when they do."
                )
            )
        else:
            chain = ((hand_over.target, str(hand_over.within)), (hand_over.then.name, str(hand_over.within)))
            went.append(
                leaving.asks(
                    case,
                    Question(
                        case=case.id,
                        automation=env.automation,
                        node=node.name,
                        kind="hand-over",
                        chain=chain,
                        proposal=None,
                        why=f"{hand_over.target} does this by hand and fills in the result.",
                    ),
                )
            )
    return went


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
        except Exception as error:  # noqa: BLE001 - the border to the author's code
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
            given = [body.output.decode(one) for one in env.collected[case.id]]
            case.story.append(["collected", node.name, len(given)])
            went.append(give(env, case, node, Collected(given)))
            continue
        try:
            items = [body.record.encode(item) for item in each.items_of(values[0])]
        except Exception as error:  # noqa: BLE001 - the border to the author's code
            went.append(failed(env, case, node, error))
            continue
        if not items:
            went.append(give(env, case, node, Collected([])))
            continue
        case.story.append(["items", node.name, len(items)])
        went.append(Leaving(case=case, place=Place.WAITING, node=node.name, waits_for=WaitsFor.ITEMS, items=items))
    return went


def run_act(env: Walk, node: Node, group: Sequence[LiveCase]) -> list[Went]:
    """Leave for the ledger: the act is planned in the checkpoint's transaction and carried out by a sender."""
    went: list[Went] = []
    for case, values in zip(group, arguments(env, node, group), strict=True):
        if isinstance(values, Leaving):
            went.append(values)
            continue
        case.story.append(["planned", node.name])
        went.append(
            Leaving(
                case=case,
                place=Place.WAITING,
                node=node.name,
                waits_for=WaitsFor.EFFECT,
                effect=inputs_digest(env, node, case),
            )
        )
    return went


def inputs_digest(env: Walk, node: Node, case: LiveCase) -> str:
    """A digest of the values that the act is given, so that a replay with other inputs is noticed."""
    parts: dict[str, object] = {}
    for one in node.inputs:
        for source in reversed(one.sources):
            if source == "record":
                parts[one.parameter] = env.plan.record.encode(case.record)
            elif source in case.fresh:
                parts[one.parameter] = case.fresh[source]
            elif source in case.stored:
                parts[one.parameter] = case.stored[source]
            else:
                continue
            break
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


RUNS: Final[Mapping[Kind, Callable[[Walk, Node, Sequence[LiveCase]], list[Went]]]] = {
    Kind.COMPUTE: run_compute,
    Kind.JUDGE: run_judge,
    Kind.ACT: run_act,
    Kind.RULE: run_rule,
    Kind.CHOICE: run_choice,
    Kind.APPROVAL: run_approval,
    Kind.EXCEPTION: run_exception,
    Kind.HAND_OVER: run_hand_over,
    Kind.WAIT: run_wait,
    Kind.FOR_EACH: run_for_each,
}
