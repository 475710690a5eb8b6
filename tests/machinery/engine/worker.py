"""A worker in a process of its own, to be killed: `worker.py URL DIES`, where DIES is a place below, or `never`.

It starts the batches that are not ended, takes over from the dead, and ends when all have ended. At the place where it is
to die it kills itself, with no more notice than the plug being pulled gives.
"""

import logging
import os
import signal
import sys
import threading
from functools import partial
from typing import Any, Final

import sqlalchemy as sa

from pilotage.machinery.engine.dbos import DbosEngine
from pilotage.machinery.engine.lives import Lives
from pilotage.machinery.engine.port import Checkpoint
from pilotage.machinery.storage.database import Database

QUEUE: Final = "tickets@dev"
CHECKPOINTS: Final = 3
FATAL_BATCH: Final = 2
FATAL_NUMBER: Final = 1


class Worker:
    """One life."""

    def __init__(self, url: str, dies: str) -> None:
        self.database = Database(url)
        self.dies = dies
        self.is_to_pause = dies == "paused"
        self.lives = Lives(self.database)
        self.engine = DbosEngine(self.database, self.lives.begin("worker", [QUEUE]))
        self._saved_in = threading.local()
        sa.event.listen(self.database.engine, "checkin", self._connection_comes_back)

    def die(self, place: str) -> None:
        """Die if this is the place."""
        if place == self.dies:
            os.kill(os.getpid(), signal.SIGKILL)

    def run(self, batch: int, checkpoint: Checkpoint) -> None:
        """Three checkpoints; the last one ends the batch."""
        for number in range(CHECKPOINTS):
            fatal = batch == FATAL_BATCH and number == FATAL_NUMBER
            if fatal:
                self.die("before the checkpoint")
                if self.dies == "paused":
                    self._pause()

            assert checkpoint(partial(self._save, batch, number)) == str(number)
            if fatal:
                self.die("behind the checkpoint")

    def _pause(self) -> None:
        """Stand still, as under a debugger, until somebody lets this process go on.

        A process that stands still with SQLite's write lock in its hands holds everybody up for as long, and nothing can
        be done about it; so the thread that writes every second is ended before.
        """
        self.engine._adapter._dbos._background_jobs_stop_event.set()
        threading.Event().wait(1)
        self.dies = "never"
        sys.stdout.write("paused\n")
        sys.stdout.flush()
        os.kill(os.getpid(), signal.SIGSTOP)
        threading.Event().wait(1)  # this thread may be the last one to notice, and would run on

    def _save(self, batch: int, number: int, tx: Any) -> str:
        tx.execute(
            sa.text("INSERT INTO saved (batch, number, word) VALUES (:batch, :number, :word)"),
            {"batch": batch, "number": number, "word": str(os.getpid())},
        )
        if number + 1 == CHECKPOINTS:
            tx.execute(sa.text("UPDATE batch SET ended = 1 WHERE id = :batch"), {"batch": batch})
        if (batch, number) == (FATAL_BATCH, FATAL_NUMBER):
            self.die("while saving")
            self._saved_in.fatal = True
        return str(number)

    def _connection_comes_back(self, *_: object) -> None:
        # The transaction of the checkpoint is committed, and the engine has not written its own account of it yet.
        if getattr(self._saved_in, "fatal", False):
            self._saved_in.fatal = False
            self.die("between the commit and the account")

    def work(self) -> None:
        """Start, sweep, and take over, until all has ended."""
        self.engine.launch(self.run, [QUEUE])
        for batch in {"sweeps only": [], "paused": [FATAL_BATCH]}.get(self.dies, self._open()):
            self.engine.start(batch)
        with self.lives.beating(every=60 if self.is_to_pause else 0.5):
            while self._open():
                if not self.is_to_pause:
                    self._take_over()
                threading.Event().wait(0.1)
        self.lives.end()
        self.engine.close(within=10)

    def _take_over(self) -> None:
        for life in [*self.lives.dead_on_this_host(), *self.lives.silent(after_seconds=2)]:
            if self.lives.win(life.executor, after_seconds=2):
                self.die("having won")
                self.engine.take_over(life.executor, lambda _: QUEUE)
                self.die("having put them back")
                self.lives.settle(life.executor)
                for batch in self._open():
                    # Those whose start the dead one did not live to see.
                    self.engine.enqueue(batch, QUEUE)

    def _open(self) -> list[int]:
        with self.database.snapshot() as tx:
            return list(tx.execute(sa.text("SELECT id FROM batch WHERE ended = 0 ORDER BY id")).scalars())


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    Worker(sys.argv[1], sys.argv[2]).work()
