"""Keeping the file store and its references together: what nobody needs goes, what somebody needs is looked at."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pilotage.kernel.clock import Clock, SystemClock
from pilotage.machinery.contents import store
from pilotage.machinery.contents.files import PREFIXES, Contents
from pilotage.machinery.storage.database import Database, Tx

GRACE: Final = 3600.0
"""Seconds for which a content stays that nobody needs: its writer may not have committed yet."""
ERASED: Final = 300.0
"""The same where a content is to be erased: nobody takes longer between writing it and committing that he needs it."""
EVERY: Final = 15.0
"""Seconds between two looks at one of the store's 256 folders: all of them within some 64 minutes."""
_AT_ONCE: Final = 500
_SHOWN: Final = 20


@dataclass(kw_only=True)
class Sweeping:
    """A chore of workers: removes contents that nobody needs."""

    database: Database
    contents: Contents
    clock: Clock = field(default_factory=SystemClock)
    _looked: float | None = None
    _next: int = 0

    def sweep(self) -> int:
        """Look at the next folder, where it is time to; how many contents were removed."""
        now = self.clock.monotonic()
        if self._looked is not None and now - self._looked < EVERY:
            return 0
        self._looked = now
        prefix, self._next = PREFIXES[self._next], (self._next + 1) % len(PREFIXES)
        with self.database.transaction() as tx:
            store.expire(tx, now=self.database.now(tx), most=_AT_ONCE)
        return remove_unneeded(self.database, self.contents, self.contents.older(prefix, than=GRACE), older_than=GRACE)


def remove_unneeded(database: Database, contents: Contents, digests: Iterable[str], *, older_than: float) -> int:
    """Remove those of the contents that nobody needs; how many went."""
    removed, some = 0, sorted(set(digests))
    for start in range(0, len(some), _AT_ONCE):
        block = some[start : start + _AT_ONCE]
        with database.snapshot() as tx:
            needed = store.referred(tx, block)
        removed += sum(contents.remove(digest, older_than=older_than) for digest in block if digest not in needed)
    return removed


def soundness(contents: Contents) -> Callable[[Tx], Mapping[str, Sequence[Sequence[object]]]]:
    """The invariant of the file store, for `pilotage doctor`; it reads every content that somebody needs."""

    def look(tx: Tx) -> Mapping[str, Sequence[Sequence[object]]]:
        bad: list[tuple[object, ...]] = []
        for digest, size in store.every(tx):
            if len(bad) < _SHOWN and not contents.is_sound(digest):
                bad.append((digest, f"{size:,} bytes", "altered" if contents.has(digest) else "missing"))
        return {"every content that is referred to is there and has its digest": bad}

    return look
