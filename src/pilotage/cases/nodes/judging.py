"""Steps that judge."""

from collections.abc import Sequence
from typing import cast

from pilotage.authoring.asking import STATED, Use
from pilotage.authoring.judgements import Judgement, Quote
from pilotage.authoring.plan import Codec, Node, told_label
from pilotage.authoring.steps import Judged as JudgedStep
from pilotage.cases import leaving
from pilotage.cases.evidence import missing_quotes
from pilotage.cases.leaving import Leaving, Went
from pilotage.cases.nodes.chains import chain_of
from pilotage.cases.nodes.computing import called
from pilotage.cases.ports import Claim
from pilotage.cases.values import LiveCase, Question
from pilotage.cases.walk import Walk, arguments, failed, give
from pilotage.kernel.writable import writable


def run_judge(env: Walk, node: Node, group: Sequence[LiveCase]) -> list[Went]:
    """Go on alone where the judgement is trusted; ask a person where it is not, or where it abstained."""
    step = node.step
    assert isinstance(step, JudgedStep)
    outcomes = called(env, node, group)
    judged = [cast("Judgement[object]", one) if isinstance(one, Judgement) else None for one in outcomes]
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


def _judged(
    env: Walk, case: LiveCase, node: Node, step: JudgedStep, judgement: Judgement[object], *, alone: bool
) -> Went:
    plain = judgement.plain(cast("Codec", node.codec))  # a judging node always has one
    case.judgements[node.name] = plain
    case.story.extend(_asked(node.name, use) for use in judgement.asked)
    label = told_label(plain.get("value")) if judgement.abstained is None else ""
    why = ""
    if judgement.abstained is not None:
        kind, why = "abstained", judgement.abstained
    else:
        kind = "judgement"
        quotes = [(one.text, one.of) for one in judgement.evidence if isinstance(one, Quote)]
        if missing := _missing(env, case, node, quotes):
            alone = False
            why = f'It quotes "{missing[0]}", which is not in the record.'
        elif not alone:
            sure = f"{judgement.confidence:.0%} sure{', as the model states it' if _as_stated(judgement) else ''}"
            if step.above is not None:
                why = f"{sure}; {step.above:.0%} is asked for."
            else:  # a draft is not sure of anything
                why = f"{sure}; a person is always asked." if judgement.confidence else "A person is always asked."
    if alone:
        told: list[object] = ["judged", node.name, label, round(judgement.confidence, 4), True]
        case.story.append([*told, True] if _as_stated(judgement) else told)
        return give(case, node, judgement.value)
    case.story.append(
        [
            *("judged", node.name, label, None if judgement.abstained else round(judgement.confidence, 4), False),
            *([True] if _as_stated(judgement) else []),
        ]
    )
    case.proposed = judgement.value if judgement.abstained is None else None
    return leaving.asks(
        case,
        Question(
            case=case.id,
            automation=env.automation,
            node=node.name,
            kind=kind,
            chain=chain_of(step.ask),
            proposal=plain.get("value"),
            why=writable(why),  # a model's words, too
        ),
    )


def _as_stated(judgement: Judgement[object]) -> bool:
    """Whether its confidence is what a model says of itself, which is no probability."""
    return bool(judgement.asked) and judgement.asked[-1].measure == STATED


def _missing(env: Walk, case: LiveCase, node: Node, quotes: Sequence[tuple[str, str | None]]) -> list[str]:
    """Quotes that stand neither in the record nor in what the step was given."""
    missing = missing_quotes(quotes, case.record)
    if not missing:
        return missing
    (values,) = arguments(env, node, [case])
    return missing if isinstance(values, Leaving) else missing_quotes(quotes, case.record, *values)


def _asked(node: str, use: Use) -> list[object]:
    """A model that was asked, for the timeline."""
    money = None if use.money is None else str(use.money)
    tokens = use.tokens_in + use.tokens_out
    told: list[object] = ["asked", node, use.model, use.became, use.calls, use.uncounted, tokens, money]
    return [*told, True] if use.masked else told
