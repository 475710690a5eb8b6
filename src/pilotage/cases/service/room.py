"""Room for more: intake pauses where as many cases are open as may be, or where the disk is nearly full.

Counting costs time that grows with what is counted, so a count is kept for some seconds and what was taken in since is
added. Several processes that take in may together exceed the bound by what they take in within that time.
"""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pilotage.authoring.automation import Automation
from pilotage.cases.errors import IntakePaused
from pilotage.cases.store import counting
from pilotage.kernel.clock import Clock, SystemClock
from pilotage.kernel.counted import counted
from pilotage.machinery.storage.database import Tx

KEPT: Final = 5.0
"""Seconds for which a count is kept."""
FULL_FOR: Final = 0.5
"""Seconds for which what is handed over is not looked at again where there was no room."""
DISK_SHARE: Final = 0.95
"""How much of the disk may be in use, unless the project says otherwise."""


@dataclass(slots=True)
class _Count:
    open: int
    at: float


@dataclass(kw_only=True)
class Room:
    """What one process knows of the room that there is."""

    folder: Path | None = None
    """Where the database's file lies; None: on another machine, whose disk is not ours to know."""
    disk_share: float = DISK_SHARE
    clock: Clock = field(default_factory=SystemClock)
    full_for: float = FULL_FOR
    _counts: dict[str, _Count] = field(default_factory=dict[str, _Count])

    def need(self, tx: Tx, automation: Automation) -> None:
        """Raise IntakePaused (PLT-211) where there is no room for another block."""
        if self.folder is not None and (used := share_in_use(self.folder)) > self.disk_share:
            raise IntakePaused(
                f"Intake of {automation.name} pauses: the disk is {used:.0%} full, and {self.disk_share:.0%} may be in use.",
                "Make room on the disk, or say disk-share in [tool.pilotage]. The same command goes on here.",
            )
        count = self._count(tx, automation)
        if count >= automation.open_at_most:
            raise IntakePaused(
                f"Intake of {automation.name} pauses: {counted(count, 'of its cases is', 'of its cases are')} open, and at most "
                f"{automation.open_at_most:,} may be.",
                "`pilotage status` says where they are. When there is room, the same command goes on here.",
            )

    def left(self, tx: Tx, automation: Automation) -> int:
        """How many more cases may be open; 0 where there is no room."""
        if self.folder is not None and share_in_use(self.folder) > self.disk_share:
            return 0
        known = self._counts.get(automation.name)
        if (
            known is not None
            and known.open >= automation.open_at_most
            and self.clock.monotonic() - known.at < self.full_for
        ):
            return 0
        return max(0, automation.open_at_most - self._count(tx, automation))

    def took(self, automation: Automation, cases: int) -> None:
        """So many more are open now."""
        if automation.name in self._counts:
            self._counts[automation.name].open += cases

    def _count(self, tx: Tx, automation: Automation) -> int:
        now = self.clock.monotonic()
        known = self._counts.get(automation.name)
        if known is None or now - known.at > KEPT or known.open >= automation.open_at_most:
            known = self._counts[automation.name] = _Count(counting.open_cases(tx, automation.name), now)
        return known.open


def share_in_use(folder: Path) -> float:
    """How much of the disk under this folder is in use, of what this user may use."""
    disk = shutil.disk_usage(folder)
    return disk.used / ((disk.used + disk.free) or 1)
