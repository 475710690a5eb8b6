"""How long writers wait for SQLite's one write lock: counted by each process over the last minutes, and judged. Cheap."""

import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

LATE: Final = 0.5
"""Seconds; a write that waited longer for its turn was late."""
MINUTES: Final = 5
"""What is counted are the last so many."""
SHARE: Final = 0.05
MANY: Final = 20
"""At least so many late writes, and one in twenty of all: a single stall, such as a copy of the file, says nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Waited:
    """Writes of the last minutes."""

    writes: int = 0
    late: int = 0
    longest: float = 0.0
    """Seconds of the longest wait."""

    @property
    def outgrown(self) -> bool:
        """Whether there are more writers than one lock can serve."""
        return self.late >= MANY and self.late >= SHARE * self.writes


def together(several: Iterable[Waited]) -> Waited:
    """What several processes waited."""
    found = list(several)
    return Waited(
        writes=sum(one.writes for one in found),
        late=sum(one.late for one in found),
        longest=max((one.longest for one in found), default=0.0),
    )


class Meter:
    """Counts the waits of one process. The caller tells the time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._minutes: deque[tuple[int, Waited]] = deque(maxlen=MINUTES)

    def note(self, waited: float, now: float) -> None:
        """A write has waited so many seconds for its turn."""
        minute, one = int(now // 60), Waited(writes=1, late=int(waited > LATE), longest=waited)
        with self._lock:
            if self._minutes and self._minutes[-1][0] == minute:
                one = together((self._minutes.pop()[1], one))
            self._minutes.append((minute, one))

    def last(self, now: float) -> Waited:
        """The last minutes."""
        with self._lock:
            return together(one for minute, one in self._minutes if minute > now // 60 - MINUTES)
