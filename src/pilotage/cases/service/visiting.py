"""Visits to the places from which records come: one process at a time looks, and says how it went."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from pilotage.authoring.automation import Automation
from pilotage.authoring.intake import Source
from pilotage.cases.errors import IntakeHeld, IntakePaused
from pilotage.cases.retry import SECOND
from pilotage.cases.service.intake import Intake
from pilotage.cases.store import sources
from pilotage.cases.store.sources import SourceStanding
from pilotage.connections.values import Heard
from pilotage.credentials.asking import asked_by
from pilotage.kernel.clock import Clock
from pilotage.kernel.errors import PilotageError
from pilotage.kernel.foreign import RAISED
from pilotage.kernel.writable import writable
from pilotage.machinery.storage.database import Database, Tx

LEASE: Final = 120 * SECOND
"""How long a process that said nothing more is believed to look there."""
PAUSE: Final = 10 * SECOND
"""How long a place is left alone where there is no room for what it has."""
LONGEST: Final = 300 * SECOND
"""How long one that fails is left alone at most."""
_LOOK: Final = 1.0

_log = logging.getLogger("pilotage.sources")


class Away(Exception):
    """A place outside cannot be read now; `words` say why, without a secret."""

    def __init__(self, words: str, /, *, failing: Heard = Heard.DOWN, after: float | None = None) -> None:
        super().__init__(words)
        self.words = words
        self.failing = failing
        self.after = after
        """Seconds for which it is left alone, where that is known."""


class Over(Exception):
    """Another process looks there by now: nothing of this visit is committed any more."""


@dataclass(kw_only=True)
class Visit:
    """One visit to a place outside, by the one process whose turn it is."""

    automation: Automation
    source: Source
    standing: SourceStanding
    database: Database
    holder: str
    ended: threading.Event
    noted: Away | None = None
    """What is said of the place although it could be read."""

    def goes_on(self) -> bool:
        """Whether to read on: nobody ends this process, and nobody else looks there."""
        if self.ended.is_set():
            return False
        with self.database.transaction() as tx:
            until = self.database.now(tx) + LEASE
            return sources.keep(tx, self.automation.name, self.source.name, holder=self.holder, until=until)

    def remember(self, tx: Tx, position: str) -> None:
        """Keep how far it was read, in the caller's transaction. Raises Over where somebody else looks there."""
        if not sources.move(tx, self.automation.name, self.source.name, holder=self.holder, position=position):
            raise Over


@dataclass(kw_only=True)
class Visits:
    """The visits of one process."""

    database: Database
    intake: Intake
    holder: str
    ended: threading.Event = field(default_factory=threading.Event)
    early: bool = False
    """Look before it is time, too."""

    def visit(self, automation: Automation, source: Source, seconds: float, take: Callable[[Visit], int]) -> int:
        """Look there, if it is this process's turn; what `take` counts."""
        if not self._takes_in(automation):
            return 0
        with self.database.transaction() as tx:
            now = self.database.now(tx)
            mine = sources.take(
                tx, automation.name, source.name, holder=self.holder, now=now, until=now + LEASE, early=self.early
            )
        if mine is None:
            return 0
        taken, wait, words, failing = 0, int(seconds * SECOND), None, None
        visit = Visit(
            automation=automation,
            source=source,
            standing=mine,
            database=self.database,
            holder=self.holder,
            ended=self.ended,
        )
        try:
            with self.database.transaction() as tx:
                self.intake.need_room(tx, automation)
            with asked_by(automation.name):
                taken = take(visit)
            if visit.noted is not None:
                words, failing = visit.noted.words, visit.noted.failing
        except (IntakeHeld, IntakePaused) as full:
            wait, words = PAUSE, full.what
        except Away as away:
            wait = wait if away.after is None else max(SECOND, int(away.after * SECOND))
            words, failing = away.words, away.failing
        except Over:
            return 0
        except PilotageError as error:  # a secret or a setting that is missing, a door that is shut
            words, failing = error.what, Heard.DOWN
        self._leave(visit, wait=wait, words=words, failing=failing)
        return taken

    def _takes_in(self, automation: Automation) -> bool:
        """Whether new cases begin on what this process has loaded: another one's code reads the source otherwise."""
        try:
            self.intake.releases.assign(automation.name, 1)
        except PilotageError:
            return False
        return True

    def _leave(self, visit: Visit, *, wait: int, words: str | None, failing: Heard | None) -> None:
        before, trouble = visit.standing, failing is not None and failing is not Heard.THROTTLED
        failures = before.failures + 1 if trouble and visit.noted is None else 0
        if failures:
            wait = min(LONGEST, max(wait, 5 * SECOND) * 2 ** min(6, failures - 1))
        with self.database.transaction() as tx:
            now = self.database.now(tx)
            sources.leave(
                tx,
                visit.automation.name,
                visit.source.name,
                holder=self.holder,
                now=now,
                next_at=now + wait,
                failures=failures,
                down_since=(before.down_since or now) if trouble else None,
                words=None if words is None else writable(words),
                failing=None if failing is None else failing.value,
            )


@dataclass(kw_only=True)
class Look:
    """Something to be looked at now and then: how long between two looks at most, and the look."""

    name: str
    seconds: float
    look: Callable[[], int]


@dataclass(kw_only=True)
class Looking:
    """Looks at places outside, each in a thread of its own: one that keeps its caller waiting holds up no other."""

    database: Database
    clock: Clock
    looks: Sequence[Look]
    ended: threading.Event
    _threads: list[threading.Thread] = field(default_factory=list[threading.Thread])

    def start(self) -> None:
        """Look, from now on."""
        for one in self.looks:
            thread = threading.Thread(target=self._watch, args=(one,), name=f"pilotage-{one.name}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self, *, within: float = 30.0) -> None:
        """Take nothing further; what is being committed is committed."""
        self.ended.set()
        ends = self.clock.monotonic() + within
        for thread in self._threads:
            thread.join(timeout=max(0.0, ends - self.clock.monotonic()))

    def _watch(self, one: Look) -> None:
        while not self.ended.is_set():
            try:
                one.look()
            except RAISED as error:  # the thread goes on; what failed is logged and tried again
                if not self.database.outage.noticed(error):
                    _log.exception("sources.look_failed", extra={"source": one.name})
            self.ended.wait(min(one.seconds or _LOOK, 5.0))
