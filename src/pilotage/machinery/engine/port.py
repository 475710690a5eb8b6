"""What the platform asks of a durable engine: run a batch, save a checkpoint once, take over from the dead.

A batch is one durable workflow; its id is the batch's and nothing else is its input. The runner is called with the batch
and a `checkpoint`; it may be called again for the same batch (after a crash, after a false takeover, at the same time as
another call), and must then find the same sequence of checkpoints: the n-th checkpoint in every run of a batch is the
same one. A checkpoint that was committed once is not run again: its recorded result comes back.

None of the engine's methods may be called with a transaction open: on SQLite the engine would wait for its own caller.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from pilotage.machinery.storage.database import Tx


class Checkpoint(Protocol):
    """Saves what a batch has reached, in one transaction with the engine's own record of it."""

    def __call__(self, save: Callable[[Tx], str]) -> str:
        """Run `save` in a transaction and give its result; if this checkpoint was recorded before, only the result.

        The first statement of `save` must be a write. Whatever `save` raises rolls everything back and comes out; the
        next call is then the same checkpoint again. `save` is called again by itself when the database asks for it (a
        deadlock, a lost connection), so it changes nothing but the transaction.
        Raises Overtaken when another run of this batch owns it by now, or the engine closes: the caller stops and
        touches nothing more.
        """
        ...


Runner = Callable[[int, Checkpoint], None]
"""Runs a batch to its end. What it raises is logged and the batch stays for a sweep or a takeover."""


class Overtaken(Exception):
    """Another run of this batch has gone further, or is to go on in place of this one; this one stops."""


class Engine(Protocol):
    """A durable engine. One process has one."""

    @property
    def executor(self) -> str:
        """The id of this life of this process."""
        ...

    def launch(self, runner: Runner, queues: Sequence[str]) -> None:
        """Start to work: batches of these queues (one for each automation and release) may come from now on."""
        ...

    def start(self, batch: int) -> bool:
        """Run this batch now, in this process, in a thread of the engine; returns at once. Harmless if it runs already.

        False if it does not run here: it is on a queue, runs or waits for a takeover elsewhere, or has ended. A sweep may call it again for a batch that has not ended: it runs again if its last run raised or never began.
        """
        ...

    def holds(self, batch: int) -> bool:
        """Whether a batch that was started here runs, or is to begin; not if it was let go of before it began."""
        ...

    def enqueue(self, batch: int, queue: str) -> None:
        """Let any process that listens to `queue` run this batch. Harmless if it is known already."""
        ...

    def take_over(self, executor: str, queue_of: Callable[[int], str | None]) -> list[int]:
        """Put the unfinished batches of a dead, silent or ended life on their queues and say which were put there.

        `queue_of` gives the queue for a batch, or None for a batch that must not be resumed (it is ended or halved);
        whoever still runs such a batch is overtaken at its next checkpoint.
        """
        ...

    def forget(self, batches: Sequence[int]) -> None:
        """Remove the engine's records of batches that have ended. A forgotten batch that is started runs from anew."""
        ...

    def close(self, *, within: float) -> None:
        """Take nothing new, let running batches reach their checkpoint, and stop after at most `within` seconds.

        What did not end stays with this life, for the life that takes it over.
        """
        ...
