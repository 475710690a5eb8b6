"""Heads of the trail in a folder outside of the database, a file for each day: whoever cuts the end of the trail off is found out.

A file is only added to, so a folder that lets nobody do more (`chattr +a`, a mount of another machine) is one that nobody here
can mend afterwards.
"""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pilotage.audit import service
from pilotage.audit.errors import HeadsUnreadable, NotAHead
from pilotage.audit.values import KeptHead
from pilotage.machinery.storage.database import Database

PAUSE: Final = 900.0
"""Seconds between two looks at the trail."""
_log: Final = logging.getLogger(__name__)


@dataclass(kw_only=True)
class HeadKeeper:
    """Adds the newest head to the file of its day, in the background of a process that works."""

    database: Database
    folder: Path
    environment: str
    monotonic: Callable[[], float]
    _next: float = 0.0
    _last: tuple[int, str] = field(default=(0, ""))

    def keep(self) -> int:
        """Keep the newest head if it is another one than was kept last; how many."""
        if self.monotonic() < self._next:
            return 0
        self._next = self.monotonic() + PAUSE
        with self.database.snapshot() as tx:
            found = service.last_head(tx)
            day = datetime.fromtimestamp(self.database.now(tx) / 1_000_000, UTC).date().isoformat()
        if found is None or found[:2] == self._last:
            return 0
        try:
            _add(self.folder / f"{self.environment}-{day}.heads", service.head_line(*found))
        except (
            OSError
        ) as error:  # nobody's case stands still for it; `pilotage audit --verify` tells which head is the newest
            _log.error("audit.head not kept", extra={"folder": str(self.folder), "reason": error.strerror})
            return 0
        self._last = found[:2]
        return 1


def _add(file: Path, line: str) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    number = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(number, f"{line}\n".encode())
        os.fsync(number)
    finally:
        os.close(number)


def kept_in(folder: Path | None, environment: str) -> list[KeptHead]:
    """Every head that is kept in a folder, oldest first. Raises HeadsUnreadable (PLT-551)."""
    files = [] if folder is None else sorted(folder.glob(f"{environment}-????-??-??.heads"))
    return [head for file in files for head in _heads_of(file, file.stem.removeprefix(f"{environment}-"))]


def _heads_of(file: Path, day: str) -> list[KeptHead]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
        return [_read(line, day) for line in lines if line.strip()]
    except NotAHead as error:
        raise HeadsUnreadable(f"{file}: {error.what}", "Put the file back as it was written.") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise HeadsUnreadable(f"{file} cannot be read: {reason}.", "Let this user read it, and put it back.") from None


def _read(line: str, day: str) -> KeptHead:
    number, link = service.head_of(line)
    _, _, signature = line.strip().partition(":")[2].partition(":")
    return KeptHead(day=day, number=number, link=link, signature=signature)
