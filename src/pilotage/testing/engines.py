"""An engine that does everything an engine may do to a batch: runs it twice, late, half, and again."""

import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from pilotage.machinery.engine.errors import OwnLife
from pilotage.machinery.engine.port import Overtaken, Runner
from pilotage.machinery.storage.database import Database, Tx

_TROUBLES: Final = 3
"""How often one batch is troubled at most, so that every batch ends."""


class Abandoned(BaseException):
    """Ends a run where its process is said to have died; nothing of it goes on."""


class _Again(Exception):
    """Rolls a transaction back that the database wants once more."""


@dataclass(kw_only=True)
class _Known:
    """What the engine has recorded of a batch."""

    queue: str | None
    record: list[str]
    state: Literal["waiting", "running", "abandoned", "ended"] = "waiting"
    owner: "_Run | None" = None
    dead: str = ""
    troubles: int = 0


class _Run:
    """One run of a batch, in a thread of its own that moves only while the engine lets it."""

    def __init__(self, batch: int, known: _Known, body: Callable[["_Run"], None]) -> None:
        self.batch = batch
        self.known = known
        self.position = 0
        self.over = False
        self.killed = False
        self._go = threading.Semaphore(0)
        self._rest = threading.Semaphore(0)
        self._body = body
        self._thread = threading.Thread(target=self._live, name=f"chaos-{batch}", daemon=True)
        self._thread.start()

    def _live(self) -> None:
        self._go.acquire()
        try:
            if not self.killed:
                self._body(self)
        except Abandoned:
            pass
        finally:
            self.over = True
            self._rest.release()

    def advance(self) -> None:
        """Called by the engine: let it move to its next pause or its end."""
        self._go.release()
        self._rest.acquire()
        if self.over:
            self._thread.join()

    def calls(self) -> bool:
        """Whether the caller is the run itself."""
        return threading.current_thread() is self._thread

    def pause(self) -> None:
        """Called by the run: let others move first."""
        self._rest.release()
        self._go.acquire()
        if self.killed:
            raise Abandoned


class ChaosEngine:
    """Runs batches in this process, in an order and with accidents that the seed decides.

    Each of `doubles`, `delays`, `abandons` and `retries` is a probability. A batch that is doubled has a second run, as
    after a false takeover; both go on, interleaved at their checkpoints, and the later one owns the batch. A delayed one
    begins some time after others. An abandoned one stops without a word before or behind a checkpoint, as if its process
    had died: `dead` then has the id of a life, and `take_over` puts the batch back; or it is lost before it began, and a
    sweep must start it again. A retried checkpoint is rolled back by the database once, and saved again.

    Nothing moves but within `step` and `drain`, one run at a time, so a seed tells the same story every time.
    """

    def __init__(
        self,
        database: Database,
        *,
        seed: int,
        doubles: float = 0.2,
        delays: float = 0.2,
        abandons: float = 0.2,
        retries: float = 0.1,
        executor: str = "chaos",
    ) -> None:
        self._database = database
        self._chance = random.Random(seed)  # noqa: S311 - seeded, and no secret
        self._doubles = doubles
        self._delays = delays
        self._abandons = abandons
        self._retries = retries
        self._executor = executor
        self._runner: Runner | None = None
        self._queues: Sequence[str] = ()
        self._known: dict[int, _Known] = {}
        self._records: dict[int, list[str]] = {}
        self._waiting: list[tuple[int, int]] = []
        self._runs: list[_Run] = []
        self._closed = False
        self.deaths = 0
        """How often a process is said to have died with a batch."""
        self.raised: list[tuple[int, Exception]] = []
        """What runs raised, and for which batch; whoever looks at it may clear it."""

    @property
    def executor(self) -> str:
        """The id of this life of this process."""
        return self._executor

    @property
    def dead(self) -> list[str]:
        """The lives that are said to have died with a batch, and have not been taken over."""
        return [known.dead for known in self._known.values() if known.state == "abandoned"]

    def launch(self, runner: Runner, queues: Sequence[str]) -> None:
        """Take the runner and the queues; `step` and `drain` are what runs."""
        self._runner = runner
        self._queues = tuple(queues)

    def start(self, batch: int) -> bool:
        """Have this batch run, some time."""
        return self._put(batch, None)

    def holds(self, batch: int) -> bool:
        """Whether it was started or put on a queue, and not lost."""
        return batch in self._known

    def enqueue(self, batch: int, queue: str) -> None:
        """Have this batch run, some time, if this engine listens to the queue."""
        self._put(batch, queue)

    def _put(self, batch: int, queue: str | None) -> bool:
        if batch in self._known or self._closed:
            return False
        if self._happens(self._abandons / 3):
            return True  # the process died between the batch's row and the start: nobody knows of it but a sweep
        self._known[batch] = _Known(queue=queue, record=self._records.setdefault(batch, []))
        self._wait(batch)
        return True

    def _wait(self, batch: int) -> None:
        rounds = self._chance.randint(1, 8) if self._happens(self._delays) else 0
        self._waiting.append((rounds, batch))

    def take_over(self, executor: str, queue_of: Callable[[int], str | None]) -> list[int]:
        """Put the batch of a life that died on its queue."""
        if executor == self._executor:
            raise OwnLife(executor)
        resumed: list[int] = []
        for batch, known in list(self._known.items()):
            if known.state != "abandoned" or known.dead != executor:
                continue
            queue = queue_of(batch)
            if queue is None:
                self.forget([batch])
                continue
            known.queue, known.state, known.owner = queue, "waiting", None
            self._wait(batch)
            resumed.append(batch)
        return resumed

    def forget(self, batches: Sequence[int]) -> None:
        """Remove the records of batches that have ended; a run of one that still moves is overtaken."""
        for batch in batches:
            self._known.pop(batch, None)
            self._records.pop(batch, None)

    def close(self, *, within: float = 0.0) -> None:
        """Abandon what still runs; a run that closes its own engine is overtaken at its next checkpoint."""
        del within
        self._closed = True
        self._waiting.clear()
        for run in [run for run in self._runs if not run.calls()]:
            run.killed = True
            run.advance()
            self._runs.remove(run)

    def drain(self) -> None:
        """Move on until nothing is left that could move."""
        while self.step():
            pass

    def step(self) -> bool:
        """Begin one batch, or move one run to its next pause; False when there is nothing to do."""
        self._waiting = [(max(0, rounds - 1), batch) for rounds, batch in self._waiting]
        ready = [batch for rounds, batch in self._waiting if not rounds and self._may_run(batch)]
        choices: list[int | _Run] = [*ready, *self._runs]
        if not choices:
            return any(self._may_run(batch) for _, batch in self._waiting)
        chosen = self._chance.choice(choices)
        if isinstance(chosen, _Run):
            chosen.advance()
            if chosen.over and chosen in self._runs:
                self._runs.remove(chosen)
        else:
            self._waiting = [(rounds, batch) for rounds, batch in self._waiting if batch != chosen]
            if chosen in self._known:
                self._begin(chosen, self._known[chosen])
        return True

    def _may_run(self, batch: int) -> bool:
        known = self._known.get(batch)
        return known is None or known.queue is None or known.queue in self._queues

    def _begin(self, batch: int, known: _Known) -> None:
        run = _Run(batch, known, self._run)
        known.state, known.owner = "running", run
        self._runs.append(run)

    def _happens(self, probability: float) -> bool:
        return self._chance.random() < probability

    def _trouble(self, run: _Run, probability: float) -> bool:
        if run.known.troubles >= _TROUBLES or not self._happens(probability):
            return False
        run.known.troubles += 1
        return True

    def _owns(self, run: _Run) -> bool:
        return self._known.get(run.batch) is run.known and run.known.owner is run

    def _run(self, run: _Run) -> None:
        assert self._runner is not None, "launch the engine first"
        try:
            self._runner(run.batch, lambda save: self._checkpoint(run, save))
        except Overtaken:
            return
        except Exception as error:  # noqa: BLE001 - the border of the worker
            # As in the real engine: the batch stays, with its checkpoints, until somebody starts it again.
            self.raised.append((run.batch, error))
            if self._owns(run):
                del self._known[run.batch]
        else:
            if self._owns(run):
                run.known.state = "ended"

    def _checkpoint(self, run: _Run, save: Callable[[Tx], str]) -> str:
        if self._owns(run) and self._trouble(run, self._doubles):
            self._begin(run.batch, run.known)
        run.pause()
        self._abandon(run)
        if self._closed:
            raise Overtaken
        record = run.known.record
        if run.position == len(record):
            # Who has just been overtaken may have looked a moment before, and still commit; but never over a record.
            if not self._owns(run) and (self._known.get(run.batch) is not run.known or self._happens(0.5)):
                raise Overtaken
            record.append(self._save(run, save))
        elif not self._owns(run) and self._happens(0.5):
            raise Overtaken
        run.position += 1
        result = record[run.position - 1]
        run.pause()
        self._abandon(run)
        return result

    def _save(self, run: _Run, save: Callable[[Tx], str]) -> str:
        if self._trouble(run, self._retries):
            try:
                with self._database.transaction() as tx:
                    save(tx)
                    raise _Again  # noqa: TRY301 - so that the transaction is rolled back
            except _Again:
                pass
        with self._database.transaction() as tx:
            return save(tx)

    def _abandon(self, run: _Run) -> None:
        if not self._trouble(run, self._abandons / 2):
            return
        if self._owns(run):
            self.deaths += 1
            run.known.state, run.known.dead = "abandoned", f"{self._executor}-dead-{self.deaths}"
        raise Abandoned
