"""What became of an outward act, and what follows from it. Pure."""

from dataclasses import dataclass
from random import Random
from typing import Final, TypeAlias

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


@dataclass(frozen=True, kw_only=True, slots=True)
class NotThere:
    """The other side was asked, and knows nothing of the act."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NoAnswer:
    """The other side was asked, and gave no answer that counts."""

    words: str


Outcome: TypeAlias = Confirmed | NotDone | Refused | NotKnown | NotThere | NoAnswer


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


def follows(effect: Permitted, outcome: Outcome, *, now: int, settled_at: int, budget: Budget, chance: Random) -> Next:
    """What follows from an outcome. `settled_at`: when an act whose answer is missing can be acting no more."""
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
            again = _Again(words="The other side has no trace of it; it is sent again.", doubtful=False)
            return _once_more(effect, again, now, budget, chance)
        case NotKnown():
            return _unknown(effect, outcome, now, settled_at, budget, chance)
        case NoAnswer():
            if effect.asked >= MOST_QUESTIONS:
                return Next(state=EffectState.UNKNOWN, case="person", words=outcome.words, doubtful=True)
            pause = min(300, 2**effect.asked) * SECOND
            return Next(state=EffectState.UNKNOWN, case="stays", words=outcome.words, due_at=now + pause, doubtful=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Again:
    """Another attempt, and why."""

    words: str
    doubtful: bool
    after: int | None = None


def _once_more(effect: Permitted, again: _Again, now: int, budget: Budget, chance: Random) -> Next:
    failures = effect.failures + 1
    due = next_attempt(
        failures=failures, since=effect.planned_at, now=now, budget=budget, chance=chance, after=again.after
    )
    if due is not None:
        return Next(
            state=EffectState.PLANNED, case="stays", words=again.words, due_at=due, failures=1, doubtful=again.doubtful
        )
    tried = f"Tried {failures} times. The last time: {again.words}"
    if again.doubtful:
        return Next(state=EffectState.UNKNOWN, case="person", words=tried, failures=1, doubtful=True)
    return Next(state=EffectState.REFUSED, case="dead", words=tried, failures=1)


def _unknown(effect: Permitted, outcome: NotKnown, now: int, settled_at: int, budget: Budget, chance: Random) -> Next:
    if effect.repeat == "safe":
        return _once_more(effect, _Again(words=outcome.words, doubtful=True), now, budget, chance)
    if effect.repeat == "ask":
        due = now if outcome.over else settled_at + SETTLING
        return Next(state=EffectState.UNKNOWN, case="stays", words=outcome.words, due_at=due, failures=1, doubtful=True)
    return Next(state=EffectState.UNKNOWN, case="person", words=outcome.words, failures=1, doubtful=True)
