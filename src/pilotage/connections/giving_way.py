"""Who goes first at an account that is short: by priority, and acts and reading calls of the same one by turns. Pure.

Whoever finds no room says so for a moment. As long as it waits, those of a later priority take nothing, and of the two kinds of
the same priority each takes no more than its half.
"""

from typing import Final

from pydantic import BaseModel, ConfigDict, Field

HIGH, USUAL, LOW = -1, 0, 1
READS: Final = "reads"
MOMENT: Final = 1_000_000
"""Microseconds beyond the moment at which there is room, in which who waits comes to take it."""


def acts(priority: int) -> str:
    """Effects of this priority."""
    return f"acts {priority}"


def _rank(kind: str) -> int:
    return USUAL if kind == READS else int(kind.removeprefix("acts "))


class Waiting(BaseModel):
    """One kind that found no room."""

    model_config = ConfigDict(extra="ignore")
    until: int
    taken: int = 0
    """What it got since it has been waiting beside the other kind."""


class Line(BaseModel):
    """Who waits at one account."""

    model_config = ConfigDict(extra="ignore")
    waiting: dict[str, Waiting] = Field(default_factory=dict[str, Waiting])

    def allowed(self, kind: str, room: int, now: int) -> int:
        """How much of the room this kind may take."""
        others = {name: one for name, one in self.waiting.items() if name != kind and one.until > now}
        if any(_rank(name) < _rank(kind) for name in others):
            return 0
        beside = [one for name, one in others.items() if _rank(name) == _rank(kind)]
        if not beside:
            return room
        mine = self.waiting.get(kind)
        taken = mine.taken if mine is not None and mine.until > now else 0
        return max(0, min(room, (room + max(one.taken for one in beside) - taken + 1) // 2))

    def noted(self, kind: str, *, wanted: int, got: int, now: int, free_at: int | None) -> bool:
        """This kind has taken: it waits for the rest, or waits no longer; whether anything changed."""
        before = self.model_dump()
        self.waiting = {name: one for name, one in self.waiting.items() if one.until > now}
        mine = self.waiting.pop(kind, None)
        if got < wanted:
            if mine is None:  # it begins to wait: from here on the two are even
                self.waiting = {name: Waiting(until=one.until) for name, one in self.waiting.items()}
            until = max(now, free_at or now) + MOMENT
            self.waiting[kind] = Waiting(until=until, taken=got + (mine.taken if mine else 0))
        return self.model_dump() != before
