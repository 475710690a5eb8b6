"""Hand-overs: to another automation, or to a person who does it by hand."""

from collections.abc import Sequence

from pilotage.authoring.plan import Codec, Node
from pilotage.authoring.process import HandOver
from pilotage.authoring.values import HandedOver
from pilotage.cases import leaving
from pilotage.cases.leaving import Leaving, Went
from pilotage.cases.values import LiveCase, Offer, Place, Question, WaitsFor
from pilotage.cases.walk import Walk, arguments, failed
from pilotage.kernel.clock import micros


def run_hand_over(env: Walk, node: Node, group: Sequence[LiveCase]) -> list[Went]:
    """Give the value to another automation, or to a person who fills in what comes back."""
    hand_over = node.step
    assert isinstance(hand_over, HandOver)
    given = arguments(env, node, group)
    if hand_over.receiver is not None:
        return _to_automation(env, node, hand_over, group, given)
    return [
        values if isinstance(values, Leaving) else _to_person(env, node, hand_over, case)
        for case, values in zip(group, given, strict=True)
    ]


def _to_automation(
    env: Walk,
    node: Node,
    hand_over: HandOver,
    group: Sequence[LiveCase],
    given: Sequence[tuple[object, ...] | Leaving],
) -> list[Went]:
    assert hand_over.receiver is not None
    late_at = micros(hand_over.within.after(env.now, env.timezone))
    went: list[Went] = []
    for case, values in zip(group, given, strict=True):
        if isinstance(values, Leaving):
            went.append(values)
            continue
        try:
            text = hand_over.of_codec.encode_text(values[0]).decode()
        except (ValueError, TypeError) as error:
            went.append(failed(env, case, node, error))
            continue
        if node.next is not None or case.parent is not None:
            case.fresh[node.name] = _accepted(node.codec)
        offer = Offer(
            taker=hand_over.target,
            version=hand_over.receiver.version,
            text=text,
            late_at=late_at,
            late_to=hand_over.then.name,
        )
        went.append(Leaving(case=case, place=Place.WAITING, node=node.name, waits_for=WaitsFor.HAND_OVER, offer=offer))
    return went


def _accepted(codec: Codec | None) -> object:
    """What the path has behind the hand-over; the case comes there only once the value was taken."""
    return None if codec is None else codec.encode(HandedOver())


def _to_person(env: Walk, node: Node, hand_over: HandOver, case: LiveCase) -> Leaving:
    within = str(hand_over.within)
    return leaving.asks(
        case,
        Question(
            case=case.id,
            automation=env.automation,
            node=node.name,
            kind="hand-over",
            chain=((hand_over.target, within), (hand_over.then.name, within)),
            proposal=None,
            why=f"{hand_over.target} does this by hand and fills in the result.",
        ),
    )
