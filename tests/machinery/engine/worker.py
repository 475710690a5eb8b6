"""A worker in a process of its own, to be killed: `worker.py URL DIES`, where DIES is a place below, or `never`.

It starts the batches that are not ended, takes over from the dead, and ends when all have ended. At the place where it is
to die it kills itself, with no more notice than the plug being pulled gives.
"""

import logging
import os
import signal
import sys
import threading
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

            def save(tx: Any, number: int = number, fatal: bool = fatal) -> str:
                self._write(tx, batch, number)
                if fatal:
                    self.die("while saving")
                    self._saved_in.fatal = True
                return str(number)

            assert checkpoint(save) == str(number)
            if fatal:
                self.die("behind the checkpoint")

    def _pause(self) -> None:
        """Stand still, as under a debugger, until somebody lets this process go on.

        A process that stands still with SQLite's write lock in its hands holds everybody up, so it does not happen while
        another thread of this process has it.
        """
        self.dies = "never"
        print("paused", flush=True)
        with self.database.transaction():
            pass
        os.kill(os.getpid(), signal.SIGSTOP)

    @staticmethod
    def _write(tx: Any, batch: int, number: int) -> None:
        tx.execute(
            sa.text("INSERT INTO saved (batch, number, word) VALUES (:batch, :number, :word)"),
            {"batch": batch, "number": number, "word": str(os.getpid())},
        )
        if number + 1 == CHECKPOINTS:
            tx.execute(sa.text("UPDATE batch SET ended = 1 WHERE id = :batch"), {"batch": batch})

    def _connection_comes_back(self, *_: object) -> None:
        # The transaction of the checkpoint is committed, and the engine has not written its own account of it yet.
        if getattr(self._saved_in, "fatal", False):
            self._saved_in.fatal = False
            self.die("between the commit and the account")

    def work(self) -> None:
        """Start, sweep, and take over, until all has ended."""
        self.engine.launch(self.run, [QUEUE])
        if self.dies != "sweeps only":
            for batch in self._open():
                self.engine.start(batch)
        with self.lives.beating(every=0.5):
            while self._open():
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
