"""How a case leaves its batch, as values."""

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

from pilotage.cases.values import LiveCase, Offer, Place, Question, WaitsFor
from pilotage.connections.values import RawResponse


class Leaving(NamedTuple):
    """One case that goes no further in this batch, and why. A tuple: one is made for every case, and these are cheap."""

    case: LiveCase
    place: Place
    node: str | None
    waits_for: WaitsFor | None = None
    due_at: int | None = None
    reason: str | None = None
    attempts: int = 0
    question: Question | None = None
    effect: str | None = None
    """The digest of the inputs of the effect that it has come to."""
    items: Sequence[object] | None = None
    """Encoded records of the items that are born of it."""
    connection: str | None = None
    """The connection that it waits for, where that is left alone."""
    response: RawResponse | None = None
    """What the other side said, where that is why."""
    offer: Offer | None = None
    """What it hands over to another automation."""


_DONE: Final[list[object]] = ["done"]
Went: TypeAlias = str | Leaving | None
"""Where a case goes from a node: the next node's name, None for the end, or the way in which it leaves its batch."""


def done(case: LiveCase) -> Leaving:
    """The case has come to its end."""
    case.story.append(_DONE)
    return Leaving(case, Place.DONE, None)


def dead(case: LiveCase, node: str, reason: str) -> Leaving:
    """The case used up its attempts, or failed in a way that another attempt does not mend."""
    case.story.append(["dead", node, reason])
    return Leaving(case=case, place=Place.DEAD_LETTER, node=node, reason=reason)


def waits(
    case: LiveCase,
    node: str | None,
    why: WaitsFor,
    *,
    due_at: int | None,
    reason: str | None = None,
    attempts: int = 0,
    connection: str | None = None,
) -> Leaving:
    """The case goes on later."""
    case.story.append(["waits", node, why.value, None if connection else due_at, reason])
    return Leaving(
        case=case,
        place=Place.WAITING,
        node=node,
        waits_for=why,
        due_at=due_at,
        reason=reason,
        attempts=attempts,
        connection=connection,
    )


def asks(case: LiveCase, question: Question) -> Leaving:
    """The case needs a person."""
    case.story.append(["asks", question.node, question.kind, question.chain[0][0], question.why])
    return Leaving(case=case, place=Place.WITH_PEOPLE, node=question.node, reason=question.why, question=question)
