"""The durable engine on DBOS: a batch is a workflow, a checkpoint is a transactional step on our own connection."""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from pilotage.kernel.foreign import RAISED
from pilotage.machinery.engine.errors import OwnLife
from pilotage.machinery.engine.port import Checkpoint, Overtaken, Runner
from pilotage.machinery.storage.database import Database, Tx

IDLE_POLLING: Final = 1.0
BUSY_POLLING: Final = 0.02
_AHEAD: Final = 4
_OUTCOME_SECONDS: Final = 2.0
_OUTCOME_LOOKS: Final = 200

_log = logging.getLogger("pilotage.engine")


class DbosEngine:
    """Runs batches durably, in `threads` threads of this process, and takes them over from others.

    `polling` is how often an idle process looks for work that others put on its queues, in seconds (DBOS itself does so
    every second); while there is work on a queue, it is looked into every `busy_polling` seconds. A process has one
    engine at a time; after `close` it may make another one.
    """

    def __init__(
        self,
        database: Database,
        executor: str,
        *,
        threads: int = 2,
        polling: float = IDLE_POLLING,
        busy_polling: float = BUSY_POLLING,
    ) -> None:
        # DBOS takes half a second and 70 MB to load: only who makes an engine pays for it.
        from pilotage.machinery.engine.dbos.adapter import Adapter  # noqa: PLC0415
        from pilotage.machinery.engine.dbos.pace import Pace  # noqa: PLC0415

        self._executor = executor
        self._slots = threading.Semaphore(threads)
        self._state = threading.Condition()
        self._here: Counter[int] = Counter()
        self._begun: set[int] = set()
        self._backlog: dict[int, None] = {}
        self._raised: set[int] = set()
        self._forgotten: set[int] = set()
        self._ahead = _AHEAD * threads
        self._look_again = threading.Event()
        self._closing = False
        self._closed = False
        self._runner: Runner | None = None
        self._adapter = Adapter(database, executor, threads, self._run)
        self._outage = database.outage
        self._pace = Pace(self._adapter, database.outage, idle=polling, busy=busy_polling, clear=self._clear)

    @property
    def executor(self) -> str:
        """The id of this life of this process."""
        return self._executor

    def launch(self, runner: Runner, queues: Sequence[str]) -> None:
        """Start to work."""
        self._runner = runner
        self._adapter.launch(queues)
        self._pace.begin(queues)

    def start(self, batch: int) -> bool:
        """Run this batch in a thread of this process, or soon, if very many were started before it."""
        with self._state:
            if self._closing or self._here[batch] or batch in self._begun or batch in self._backlog:
                return not self._closing
            if len(self._begun) >= self._ahead:
                self._backlog[batch] = None
                return True
            self._begun.add(batch)
        began = self._begin(batch)
        if not began:
            self._begin_following(batch)
        return began

    def holds(self, batch: int) -> bool:
        """Whether it runs in this process, or is to begin."""
        with self._state:
            return bool(self._here[batch]) or batch in self._begun or batch in self._backlog

    def _begin(self, batch: int) -> bool:
        """Begin to run a batch that is in `_begun`; False if it runs elsewhere, or has ended."""
        began = False
        try:
            self._clear_if_raised(batch)
            began = self._adapter.start(batch)
        finally:
            if not began:
                with self._state:
                    self._begun.discard(batch)
        return began

    def _begin_following(self, ended: int) -> None:
        """Begin the next batch of the backlog in the place of one that has ended.

        One that cannot be begun is let go of, and no failure of it touches the one that has ended.
        """
        with self._state:
            self._begun.discard(ended)
        while True:
            with self._state:
                following = next(iter(self._backlog), None)
                if following is None or self._closing or len(self._begun) >= self._ahead:
                    return
                del self._backlog[following]
                self._begun.add(following)
            try:
                if self._begin(following):
                    return
            except Exception as error:  # noqa: BLE001 - the border between two batches
                if not self._outage.noticed(error):
                    _log.exception("engine.start_failed", extra={"batch": following})

    def enqueue(self, batch: int, queue: str) -> None:
        """Put this batch on a queue."""
        self._clear_if_raised(batch)
        self._pace.open(queue)
        self._adapter.enqueue(batch, queue)
        self._pace.open(queue)

    def take_over(self, executor: str, queue_of: Callable[[int], str | None]) -> list[int]:
        """Put the unfinished batches of a life that is over on their queues."""
        if executor == self._executor:
            raise OwnLife(executor)
        resumed: dict[str, list[int]] = {}
        ended: list[int] = []
        for batch in self._adapter.pending(executor):
            queue = queue_of(batch)
            if queue is None:
                ended.append(batch)
            else:
                resumed.setdefault(queue, []).append(batch)
        self._adapter.forget(ended)
        for queue, batches in resumed.items():
            self._pace.open(queue)
            self._adapter.resume(batches, queue)
            self._pace.open(queue)
        return [batch for batches in resumed.values() for batch in batches]

    def forget(self, batches: Sequence[int]) -> None:
        """Remove the records of batches that have ended; those whose run is just returning, a moment later."""
        with self._state:
            running = {batch for batch in batches if self._here[batch]}
            self._forgotten |= running
            self._raised.difference_update(batches)
        self._adapter.forget([batch for batch in batches if batch not in running])

    def close(self, *, within: float) -> None:
        """Take nothing new, let running batches reach their checkpoint, and stop after at most `within` seconds."""
        with self._state:
            if self._closing:
                return
            self._closing = True
            self._backlog.clear()
        self._adapter.stop_claiming()
        with self._state:
            rests = self._state.wait_for(lambda: not +self._here, timeout=within)
            self._closed = True
        self._pace.end()
        if rests:
            self._let_outcomes_be_written()
        self._adapter.destroy()

    def _let_outcomes_be_written(self) -> None:
        for _ in range(_OUTCOME_LOOKS):
            if not self._adapter.running():
                return
            self._look_again.wait(_OUTCOME_SECONDS / _OUTCOME_LOOKS)

    def _run(self, batch: int, checkpoint: Checkpoint) -> None:
        """The body of the workflow. It returns only if the batch has ended."""
        from pilotage.machinery.engine.dbos.adapter import Leave  # noqa: PLC0415

        with self._state:
            # A false takeover may bring a second run of a batch into the process that runs it.
            self._here[batch] += 1
        try:
            # DBOS counts what its queues have in threads, and waiting here is in a thread: so it claims no more than
            # worker_concurrency, also while the slots are taken by batches that were started directly.
            with self._slots:
                if self._closing or not self._run_to_its_end(batch, checkpoint):
                    raise Leave
        finally:
            with self._state:
                self._here[batch] -= 1
                self._here += Counter()
                self._state.notify_all()
            self._begin_following(batch)

    def _run_to_its_end(self, batch: int, checkpoint: Checkpoint) -> bool:
        guarded = _Guarded(self, checkpoint)
        try:
            assert self._runner is not None
            self._runner(batch, guarded)
        except Overtaken:
            _log.debug("engine.overtaken", extra={"batch": batch})
            return False
        except RAISED as error:  # the border of the worker
            if not self._outage.noticed(error):
                _log.exception("engine.run_raised", extra={"batch": batch})
            with self._state:
                self._raised.add(batch)
            return False
        return not guarded.overtaken

    def stops(self) -> bool:
        """Whether the engine closes, so that a run stops behind its checkpoint."""
        return self._closing

    def stopped(self) -> bool:
        """Whether the engine has closed, so that nothing may be saved any more."""
        return self._closed

    def _clear_if_raised(self, batch: int) -> None:
        with self._state:
            if batch not in self._raised or self._here[batch]:
                return
        self._adapter.drop([batch])
        with self._state:
            self._raised.discard(batch)

    def _clear(self) -> None:
        """Let go of batches whose run raised, so that anybody may start them again, and of forgotten ones."""
        with self._state:
            raised = [batch for batch in self._raised if not self._here[batch]]
            forgotten = [batch for batch in self._forgotten if not self._here[batch]]
        self._adapter.drop(raised)
        self._adapter.forget(forgotten)
        with self._state:
            self._raised.difference_update(raised)
            self._forgotten.difference_update(forgotten)


class _Guarded:
    """A checkpoint of a run that stops when its engine closes, and that remembers whether it was overtaken."""

    def __init__(self, engine: DbosEngine, checkpoint: Checkpoint) -> None:
        self._engine = engine
        self._checkpoint = checkpoint
        self.overtaken = False

    def __call__(self, save: Callable[[Tx], str]) -> str:
        if self.overtaken or self._engine.stopped():
            self.overtaken = True
            raise Overtaken
        try:
            result = self._checkpoint(save)
        except Exception as error:
            # Whatever an engine raises that is not there any more, it comes of that.
            self.overtaken = isinstance(error, Overtaken) or self._engine.stopped()
            if self.overtaken and not isinstance(error, Overtaken):
                raise Overtaken from error
            raise
        if self._engine.stops():
            self.overtaken = True
            raise Overtaken
        return result
