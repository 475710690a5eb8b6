"""When a connection is left alone because the other side fails, when it is tried again, and how it gets its work back. Pure.

Closed: calls go. Where too many of the last minutes' calls failed it opens: nothing goes until a moment that lies further
ahead each time. Then one call goes for everybody, the probe. If it is answered the breaker closes and room grows with each
answer; if not, it stays open for longer.

What fails is what the other side could not or did not answer as agreed. A refusal and "too many" are answers: it works.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from pilotage.connections.values import Heard

SECOND: Final = 1_000_000
SLOT: Final = 10 * SECOND
WINDOW: Final = 120 * SECOND
"""The time whose calls are judged: as long as the usual attempts of a lone case take."""
LEAST: Final = 5
"""Fewer calls than these say nothing."""
SHARE: Final = 0.5
"""It opens where at least this share of them failed."""
FIRST: Final = 2 * SECOND
LONGEST: Final = 60 * SECOND
"""How long it stays open: twice as long each time, so that a service that came back is noticed within a minute."""
WARM: Final = 16
"""After so many answers room is no longer held back."""
TROUBLED: Final = 0.1
"""From this share of failures on, up to the one at which it opens, repeats are held back."""
REPEATS: Final = 0.2
"""Then repeats may be this share of the last minutes' calls..."""
LEAST_REPEATS: Final = 10
"""...or so many, where that is more."""
_CALM: Final = WINDOW
"""After so long a time closed, the next opening is a short one again."""


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Terms:
    """When it opens and is tried again, as one release declares it. Where releases differ, each of them may open it."""

    rate: float = SHARE
    at_least: int = LEAST
    within: int = WINDOW
    probe_after: int = FIRST

    def judge(self, slots: Mapping[int, "Slot"], now: int) -> Heard | None:
        """Why it opens, or None."""
        recent = [slot for at, slot in slots.items() if at > (now - self.within) // SLOT]
        answered = sum(slot.answered for slot in recent)
        down = sum(slot.down for slot in recent)
        differs = sum(slot.differs for slot in recent)
        failed = down + differs
        if failed < self.at_least or failed < self.rate * (failed + answered):
            return None
        return Heard.DOWN if down >= differs else Heard.DIFFERS


USUAL: Final = (Terms(),)
"""What is not declared."""


class Stage(StrEnum):
    """How a breaker stands."""

    CLOSED = "closed"
    OPEN = "open"
    PROBING = "probing"
    """One call is on its way for everybody."""


class Slot(BaseModel):
    """The calls of some seconds."""

    model_config = ConfigDict(extra="ignore")
    answered: int = 0
    down: int = 0
    differs: int = 0
    repeats: int = 0
    """Second and later attempts that were permitted; counted only while they are held back."""

    @property
    def failed(self) -> int:
        """How many failed."""
        return self.down + self.differs


class Breaker(BaseModel):
    """A breaker's state, as it is kept in the connection's row. Never changed: each step gives the next one."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    stage: Stage = Stage.CLOSED
    why: Heard | None = None
    """DOWN or DIFFERS, while it is not closed."""
    since: int = 0
    """Since when there has been no answer, while it is not closed."""
    turned: int = 0
    """Since when it is for this reason, while it is not closed."""
    until: int = 0
    """Open: when it may be probed. Probing: when the probe is given up as lost."""
    times: int = 0
    """How often it opened or a probe failed, without calm between."""
    warm: int = WARM
    """Answers since it closed, as far as they matter."""
    closed_at: int = 0
    failing_since: int = 0
    """The first failure since the last answer; 0 where the last call was answered."""
    slots: dict[int, Slot] = Field(default_factory=dict[int, Slot])

    @property
    def closed(self) -> bool:
        """Whether calls go."""
        return self.stage is Stage.CLOSED

    @property
    def at_ease(self) -> bool:
        """Whether it holds nothing back and no call of late has failed."""
        return self.closed and self.warm >= WARM and not self.failing_since

    def room(self, now: int, wanted: int) -> int:
        """How many of the wanted calls may go; where it is not closed, the one is the probe."""
        if not self.closed:
            return min(wanted, 1) if now >= self.until else 0
        return wanted if self.warm >= WARM else min(wanted, max(1, 2 * self.warm))

    def repeats(self, now: int) -> int | None:
        """How many second and later attempts may go now; None: as many as there are."""
        share = self.share_of_repeats(now)
        return None if share is None else max(0, share - sum(slot.repeats for slot in self._recent(now).values()))

    def share_of_repeats(self, now: int) -> int | None:
        """How many of the last minutes' calls may be repeats, whoever makes them; None: as many as there are.

        They are held back while a share of the calls fails that does not open it: those who ask again would otherwise be
        most of what a service gets that has trouble as it is.
        """
        if not self.closed or not any(slot.failed for slot in self.slots.values()):
            return None
        recent = self._recent(now).values()
        failed = sum(slot.failed for slot in recent)
        calls = failed + sum(slot.answered for slot in recent)
        if failed < LEAST or failed < TROUBLED * calls:
            return None
        return max(LEAST_REPEATS, int(REPEATS * calls))

    def repeated(self, count: int, now: int, terms: Sequence[Terms] = USUAL) -> "Breaker":
        """So many second and later attempts were permitted while they are held back."""
        slots = self._kept(now, terms)
        last = slots.get(now // SLOT, Slot())
        slots[now // SLOT] = last.model_copy(update={"repeats": last.repeats + count})
        return self.model_copy(update={"slots": slots})

    def nobody_answers(self, now: int) -> bool:
        """Whether no call of the last minutes was answered, and one failed."""
        recent = self._recent(now).values()
        return self.failing_since > 0 and not any(slot.answered for slot in recent)

    def probing(self, until: int) -> "Breaker":
        """The probe goes; without a word of it until then it is lost, and another one may go."""
        return self.model_copy(update={"stage": Stage.PROBING, "until": until})

    def opened(self, why: Heard, now: int, chance: Random, terms: Sequence[Terms] = USUAL) -> "Breaker":
        """It opens, or stays open for longer. A failed attempt is given up for the connection's sake, not for its own."""
        times = self.times + 1
        first = max(one.probe_after for one in terms)
        pause = min(max(LONGEST, first), first * 2 ** min(times - 1, 10))
        pause = int(pause * (0.75 + 0.5 * chance.random()))
        since = self.since if not self.closed else self.failing_since or now
        before = self.turned or since  # one that was closed has no turn
        turned = before if self.closed or why is self.why else now
        return self.model_copy(
            update={
                "stage": Stage.OPEN,
                "why": why,
                "since": since,
                "turned": turned,
                "until": now + pause,
                "times": times,
                "slots": {},
            }
        )

    def noted(
        self,
        heard: Mapping[Heard, int],
        now: int,
        chance: Random,
        *,
        probe: Heard | None = None,
        terms: Sequence[Terms] = USUAL,
    ) -> "Breaker":
        """What came of calls, and of the probe if it is back.

        While it is not closed, calls that went before tell nothing: only the probe counts.
        """
        if not self.closed:
            if probe is None:
                return self
            return self.opened(probe, now, chance, terms) if probe.fails else self._closing(now)
        down, differs = heard.get(Heard.DOWN, 0), heard.get(Heard.DIFFERS, 0)
        answered = sum(count for one, count in heard.items() if not one.fails)
        if probe is not None and not probe.fails:
            answered += 1
        if not (down or differs or answered):
            return self
        slots = self._kept(now, terms)
        last = slots.get(now // SLOT, Slot())
        slots[now // SLOT] = last.model_copy(
            update={
                "answered": last.answered + answered,
                "down": last.down + down,
                "differs": last.differs + differs,
            }
        )
        after = self.model_copy(
            update={
                "slots": slots,
                "warm": min(WARM, self.warm + answered),
                "times": self.times if now - self.closed_at < _CALM else 0,
                "failing_since": (self.failing_since or now) if down or differs else 0,
            }
        )
        why = next((why for one in terms if (why := one.judge(slots, now)) is not None), None)
        return after if why is None else after.opened(why, now, chance, terms)

    def _closing(self, now: int) -> "Breaker":
        return self.model_copy(
            update={
                "stage": Stage.CLOSED,
                "why": None,
                "since": 0,
                "turned": 0,
                "until": 0,
                "warm": 1,
                "closed_at": now,
                "failing_since": 0,
                "slots": {},
            }
        )

    def _recent(self, now: int, length: int = WINDOW) -> dict[int, Slot]:
        first = (now - length) // SLOT
        return {at: slot for at, slot in self.slots.items() if at > first}

    def _kept(self, now: int, terms: Sequence[Terms]) -> dict[int, Slot]:
        """What is still looked at."""
        return self._recent(now, max(WINDOW, *(one.within for one in terms)))


def delayed(number: int, now: int, chance: Random) -> list[int]:
    """When repeats beyond what may go are looked at again: a slot later, a few at a time, so that they do not come back at once."""
    each = max(1, LEAST_REPEATS * SLOT // WINDOW)
    return [now + min(WINDOW, SLOT * (1 + at // each)) + int(chance.random() * SLOT) for at in range(number)]
