"""Fair shares: who gets the next place, how large a batch may be, and how room is divided. Pure.

Nobody is starved by whoever has more: automations take turns for places, segments share what is claimed of a step, and a
batch is only as large as a second's work.
"""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

MOST: Final = 1000
"""The most cases in a batch."""
LASTS: Final = 1.0
"""Seconds that a batch should last at most: as long may others wait for its place."""
TOO_LONG: Final = 2.0
"""A batch that lasted longer makes the next one of its step smaller."""
KEPT: Final = 1000
"""Batches taken in directly that are remembered until they begin."""

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Ready cases that can move together."""

    automation: str
    release: str
    node: str | None


def split(wanted: Mapping[Key, int], room: int) -> dict[Key, int]:
    """Divide room so that nobody gets less than somebody who wants more; if it is not enough for all, the first get one."""
    given: dict[Key, int] = {}
    left = room
    order = sorted(list(wanted)[: max(0, room)], key=lambda key: wanted[key])
    for at, key in enumerate(order):
        share = -(-left // (len(order) - at))
        given[key] = min(wanted[key], share)
        left -= given[key]
    return {key: given[key] for key in wanted if given.get(key)}


def next_most(most: int, *, size: int, seconds: float) -> int:
    """How large the next batch of a step may be, after one of `size` cases that lasted `seconds`.

    A short one only ever makes it larger, for much of its time is the same for one case and for hundreds.
    """
    fits = int(size * LASTS / max(seconds, 0.001))
    if seconds <= LASTS:
        return min(MOST, max(most, fits))
    return max(1, min(most, fits)) if seconds > TOO_LONG else most


@dataclass(kw_only=True, slots=True)
class Running:
    """A batch in this process."""

    group: Group | None
    """None: it came from another process, and only its place counts."""
    size: int
    began: float | None = None


@dataclass(kw_only=True)
class Shares:
    """The places of one process and who has them. Whoever uses it holds a lock.

    Beyond `at_once` places there is one to spare for an automation that has none: so it need not wait for batches of
    others to end, and who is alone loses nothing by it.
    """

    at_once: int
    running: dict[int, Running] = field(default_factory=dict[int, Running])
    _pending: dict[int, Running] = field(default_factory=dict[int, Running])
    _most: dict[Group, int] = field(default_factory=dict[Group, int])
    _turns: Counter[Group | str] = field(default_factory=Counter[Group | str])
    _turn: int = 0
    _waiting: frozenset[Group] = frozenset()
    _jumped: set[Group] = field(default_factory=set[Group])
    """Groups of which fresh cases went before the ready ones, the last time."""

    def most(self, group: Group) -> int:
        """How many cases of this group a batch may have: one, until it is known how long it takes."""
        return self._most.get(group, 1)

    @property
    def has_place(self) -> bool:
        """Whether anybody could get a place."""
        return len(self.running) <= self.at_once

    def see(self, waiting: Sequence[Group]) -> None:
        """These have ready cases now."""
        self._waiting = frozenset(waiting)

    def next(self, waiting: Sequence[Group]) -> Group | None:
        """Who gets the next place: an automation with the fewest, then who has waited for the most turns."""
        held = self._held()
        may = [group for group in waiting if self._may(group, held)]
        if not may:
            return None
        return min(may, key=lambda group: (held[group.automation], self._turns[group.automation], self._turns[group]))

    def jumps(self, group: Group, size: int) -> bool:
        """Whether fresh cases of this group may have a place at once, before any that are ready.

        Not if others wait; and where ready ones of the same group wait, every other time.
        """
        if size > self.most(group) or self._waiting - {group} or not self._may(group, self._held()):
            return False
        return not (group in self._waiting and group in self._jumped)

    def expect(self, batch: int, group: Group, size: int) -> None:
        """Fresh cases are about to be a batch."""
        while len(self._pending) >= KEPT:
            del self._pending[next(iter(self._pending))]
        self._pending[batch] = Running(group=group, size=size)

    def take(self, batch: int, group: Group | None = None, size: int = 0) -> bool:
        """A batch takes a place; False if it has one already. One that was expected is known."""
        if batch in self.running:
            return False
        fresh = self._pending.pop(batch, None)
        self.running[batch] = one = fresh or Running(group=group, size=size)
        if one.group is not None:
            self._turn += 1
            self._turns[one.group] = self._turns[one.group.automation] = self._turn
            (self._jumped.discard if fresh is None else self._jumped.add)(one.group)
        return True

    def begin(self, batch: int, now: float) -> None:
        """A batch begins to run; it has a place from now on, wherever it came from."""
        self.take(batch)
        self.running[batch].began = now

    def end(self, batch: int, now: float | None = None) -> None:
        """A batch gives its place back; with `now`, it came to its end, and how long it took is learnt."""
        one = self.running.pop(batch, None)
        if now is not None and one is not None and one.group is not None and one.began is not None and one.size:
            most = next_most(self.most(one.group), size=one.size, seconds=now - one.began)
            self._most[one.group] = most

    def _held(self) -> Counter[str]:
        return Counter(one.group.automation for one in self.running.values() if one.group is not None)

    def _may(self, group: Group, held: Counter[str]) -> bool:
        free = self.at_once - len(self.running)
        return free > 0 or (free == 0 and not held[group.automation])
