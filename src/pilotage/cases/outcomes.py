"""What became of an outward act, and what follows from it. Pure."""

from dataclasses import dataclass
from random import Random
from typing import Final, TypeAlias

from pilotage.authoring.documents import Document
from pilotage.cases.retry import SECOND, Budget, next_attempt, throttled_until
from pilotage.cases.values import EffectState, Permitted

SETTLING: Final = 3 * SECOND
"""How long after the last moment at which it could still be acting the other side is asked."""
MOST_QUESTIONS: Final = 8
"""How often the other side is asked before a person is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Confirmed:
    """It was done, and this is what it gave (JSON text)."""

    result: str
    documents: tuple[Document, ...] = ()
    """Those of what it gave; they are in the file store."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NotDone:
    """It is known that nothing was done, and another attempt may succeed."""

    words: str
    throttled: bool = False
    """It was not its turn: no attempt is used up, and the connection is left alone by this process."""
    after: int | None = None
    """Microseconds to wait."""
    asked: bool = False
    """The other side asked for it: every process leaves it alone."""
    failing: bool = False
    """The other side fails, as far as this attempt can tell."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """Nothing was done, and another attempt would not be either."""

    words: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NotKnown:
    """It may have been done."""

    words: str
    over: bool
    """The other side has answered: whatever it did, it does no more."""
    failing: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class NotThere:
    """The other side was asked, and knows nothing of the act."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NoAnswer:
    """The other side was asked, and gave no answer that counts."""

    words: str
    failing: bool = False
    after: int | None = None
    """Microseconds to wait, where it said so."""


Outcome: TypeAlias = Confirmed | NotDone | Refused | NotKnown | NotThere | NoAnswer


@dataclass(frozen=True, kw_only=True, slots=True)
class Away:
    """The connection is left alone because the other side fails: an attempt that failed with it is not counted."""

    until: int
    """Platform time at which one call finds out whether it works again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Next:
    """What follows: the effect's new state, and what becomes of its case."""

    state: EffectState
    case: str
    """"on" (the act is done), "stays" (it goes on waiting), "dead" or "person"."""
    words: str | None = None
    due_at: int | None = None
    failures: int = 0
    doubtful: bool = False
    """An attempt up to now may have acted."""


def follows(
    effect: Permitted,
    outcome: Outcome,
    *,
    now: int,
    settled_at: int,
    budget: Budget,
    chance: Random,
    away: Away | None = None,
) -> Next:
    """What follows from an outcome. `settled_at`: when an act whose answer is missing can be acting no more."""
    waits = None if away is None else _waits(effect, outcome, away, now)
    return waits or _counted(effect, outcome, now, settled_at, budget, chance)


def _counted(effect: Permitted, outcome: Outcome, now: int, settled_at: int, budget: Budget, chance: Random) -> Next:
    match outcome:
        case Confirmed():
            return Next(state=EffectState.CONFIRMED, case="on")
        case Refused():
            return Next(state=EffectState.REFUSED, case="dead", words=outcome.words)
        case NotDone(throttled=True):
            due = throttled_until(now=now, after=outcome.after, chance=chance)
            return Next(
                state=EffectState.PLANNED, case="stays", words=outcome.words, due_at=due, doubtful=effect.doubtful
            )
        case NotDone():
            again = _Again(words=outcome.words, after=outcome.after, doubtful=effect.doubtful)
            return _once_more(effect, again, now, budget, chance)
        case NotThere():
            words = "The other side has no trace of it; it is sent again."
            again = _Again(words=words, doubtful=False, counted=True)  # with the attempt that was asked about
            return _once_more(effect, again, now, budget, chance)
        case NotKnown():
            return _unknown(effect, outcome, now, settled_at, budget, chance)
        case NoAnswer():
            if effect.asked >= MOST_QUESTIONS:
                return Next(state=EffectState.UNKNOWN, case="person", words=outcome.words, doubtful=True)
            pause = max(min(300, 2**effect.asked) * SECOND, outcome.after or 0)
            return Next(state=EffectState.UNKNOWN, case="stays", words=outcome.words, due_at=now + pause, doubtful=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Again:
    """Another attempt, and why."""

    words: str
    doubtful: bool
    after: int | None = None
    counted: bool = False
    """Its failure stands in the effect's account already."""


def _waits(effect: Permitted, outcome: Outcome, away: Away, now: int) -> Next | None:
    """What waits for the connection, uncounted; None where the outcome has nothing to do with how the other side fails."""
    match outcome:
        case NotDone(failing=True):
            due = max(away.until, now + (outcome.after or 0))
            state, doubtful = EffectState.PLANNED, effect.doubtful
        case NotKnown(failing=True) if effect.repeat == "safe":
            due, state, doubtful = away.until, EffectState.PLANNED, True
        case NoAnswer(failing=True):
            due, state, doubtful = away.until, EffectState.UNKNOWN, True
        case _:
            return None
    return Next(state=state, case="stays", words=outcome.words, due_at=due, doubtful=doubtful)


def _once_more(effect: Permitted, again: _Again, now: int, budget: Budget, chance: Random) -> Next:
    more = 0 if again.counted else 1
    failures = effect.failures + more
    due = next_attempt(
        failures=failures, since=effect.planned_at, now=now, budget=budget, chance=chance, after=again.after
    )
    if due is not None:
        return Next(
            state=EffectState.PLANNED,
            case="stays",
            words=again.words,
            due_at=due,
            failures=more,
            doubtful=again.doubtful,
        )
    tried = f"Tried {failures} times. The last time: {again.words}"
    if again.doubtful:
        return Next(state=EffectState.UNKNOWN, case="person", words=tried, failures=more, doubtful=True)
    return Next(state=EffectState.REFUSED, case="dead", words=tried, failures=more)


def _unknown(effect: Permitted, outcome: NotKnown, now: int, settled_at: int, budget: Budget, chance: Random) -> Next:
    if effect.repeat == "safe":
        return _once_more(effect, _Again(words=outcome.words, doubtful=True), now, budget, chance)
    if effect.repeat == "ask":
        due = now if outcome.over else settled_at + SETTLING
        return Next(state=EffectState.UNKNOWN, case="stays", words=outcome.words, due_at=due, failures=1, doubtful=True)
    return Next(state=EffectState.UNKNOWN, case="person", words=outcome.words, failures=1, doubtful=True)
