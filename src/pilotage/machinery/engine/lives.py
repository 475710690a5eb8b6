"""The lives of processes: who beats, who has fallen silent, and who may take over from whom.

Every life of every process has its own executor id and a row that it beats every 2 seconds; one that has not beaten for
6 seconds is silent. A process whose interpreter is held by native code looks silent while it lives: a false takeover is
normal, and costs nothing but speed, because checkpoints and the states of effects admit one.

    for life in [*lives.dead_on_this_host(), *lives.silent()]:
        if lives.win(life.executor):
            engine.take_over(life.executor, queue_of)
            lives.settle(life.executor)
"""

import logging
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from pilotage.kernel.ids import ids, shown
from pilotage.machinery.engine import store
from pilotage.machinery.engine.processes import started, this_host, this_process
from pilotage.machinery.engine.store import Life
from pilotage.machinery.storage.database import Database, Tx

BEAT_SECONDS: Final = 2.0
SILENT_SECONDS: Final = 6.0
_KEPT_SECONDS: Final = 86_400.0

_log = logging.getLogger("pilotage.engine")


class Lives:
    """The lives of all processes of one database, seen by this process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._host = this_host()
        self._me = ""
        self._born: Life | None = None
        self._outgrown = False

    @property
    def executor(self) -> str:
        """The id of this life; empty before it began."""
        return self._me

    def begin(self, kind: str, serves: Sequence[str]) -> str:
        """Begin a life of this process, of a kind such as worker or web, that serves these queues; gives its id."""
        executor = f"{kind}-{shown('L', ids.one()).partition('-')[2].lower()}"
        pid, pid_started = this_process()
        with self._database.transaction() as tx:
            now = self._database.now(tx)
            born = Life(
                executor=executor,
                host=self._host,
                pid=pid,
                pid_started=pid_started,
                kind=kind,
                serves=tuple(serves),
                started_at=now,
                beat_at=now,
                ended_at=None,
                taken_by=None,
                takeovers=0,
            )
            store.put(tx, born)
        self._me, self._born = executor, born
        return executor

    def beat(self) -> None:
        """Say that this process lives."""
        waited = self._database.waited()
        if waited.outgrown and not self._outgrown:
            _log.warning(
                "storage.outgrown",
                extra={
                    "writes": waited.writes,
                    "late": waited.late,
                    "longest": waited.longest,
                    "do": "pilotage export",
                },
            )
        self._outgrown = waited.outgrown
        with self._database.transaction() as tx:
            now = self._database.now(tx)
            struck_off = not store.beat(tx, self._me, now, waited) and self._write_again(tx, now)
        if struck_off:
            _log.warning("engine.life_struck_off", extra={"executor": self._me})

    def _write_again(self, tx: Tx, now: int) -> bool:
        """This process lives, and its life is not there: it stood still for so long, or the database is an earlier one.

        Without it everybody would take for lost what this process sends, and nobody would see it fall silent.
        """
        if self._born is None or store.one(tx, self._me) is not None:
            return False
        store.put(tx, replace(self._born, beat_at=now))
        return True

    def end(self) -> None:
        """Say that this life is over; what it left unfinished is taken over at once."""
        with self._database.transaction() as tx:
            store.end(tx, self._me, self._database.now(tx))

    @contextmanager
    def beating(self, every: float = BEAT_SECONDS) -> Generator[None]:
        """Beat in a thread for as long as the block lasts."""
        stop = threading.Event()
        thread = threading.Thread(target=self._beat_until, args=(stop, every), name="pilotage-beat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _beat_until(self, stop: threading.Event, every: float) -> None:
        while not stop.wait(every):
            try:
                self.beat()
            except Exception as error:  # noqa: BLE001 - the border of the thread
                # A beat that was missed makes this life look silent, which costs only speed.
                if not self._database.outage.noticed(error):
                    _log.warning("engine.beat_missed", exc_info=True, extra={"executor": self._me})

    def silent(self, after_seconds: float = SILENT_SECONDS) -> list[Life]:
        """Lives that ended or have not beaten for so long, and that no living process is taking over yet."""
        with self._database.snapshot() as tx:
            return store.silent(tx, self._me, self._before(tx, after_seconds))

    def dead_on_this_host(self) -> list[Life]:
        """Lives whose process is gone from this very host, and that no living process is taking over yet.

        Nobody needs to wait for their silence, nor for that of one who died while it took them over.
        """
        with self._database.snapshot() as tx:
            here = store.unsettled_on(tx, self._host, self._me)
            living = {life.executor for life in store.living(tx, self._before(tx, SILENT_SECONDS))}
        dead = [life for life in here if self._is_dead(life)]
        living -= {life.executor for life in dead} | {self._me}
        return [life for life in dead if life.taken_by not in living]

    def win(self, executor: str, after_seconds: float = SILENT_SECONDS) -> bool:
        """Try to win the right to take this life over; one living process has it at a time.

        If the winner falls silent before it has settled the life, the next one may win.
        """
        with self._database.transaction() as tx:
            found = store.one(tx, executor)
            taker = store.one(tx, found.taken_by) if found is not None and found.taken_by else None
            return found is not None and store.win(
                tx,
                executor,
                self._me,
                now=self._database.now(tx),
                silent_before=self._before(tx, after_seconds),
                dead=self._is_dead(found),
                dead_taker=taker.executor if taker is not None and self._is_dead(taker) else None,
            )

    def settle(self, executor: str) -> bool:
        """Say that what the life left is back on the queues; False if it beats again, or another one has it by now."""
        with self._database.transaction() as tx:
            now = self._database.now(tx)
            store.prune(tx, now - int(_KEPT_SECONDS * 1_000_000))
            return store.settle(tx, executor, self._me, now)

    def reopen(self, executor: str) -> bool:
        """Say that a life that was settled has left something after all; whether it may be taken over once more.

        One that only seemed silent, was settled, and went on to begin a batch may die before its next beat.
        """
        with self._database.transaction() as tx:
            return store.reopen(tx, executor, self._before(tx, SILENT_SECONDS))

    def living(self, after_seconds: float = SILENT_SECONDS) -> list[Life]:
        """Lives that beat, this one among them."""
        with self._database.snapshot() as tx:
            return store.living(tx, self._before(tx, after_seconds))

    def _before(self, tx: Tx, seconds: float) -> int:
        return self._database.now(tx) - int(seconds * 1_000_000)

    def _is_dead(self, life: Life) -> bool:
        return life.host == self._host and started(life.pid) != life.pid_started
