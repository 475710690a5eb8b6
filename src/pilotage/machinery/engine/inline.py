"""An engine in this process alone: nothing runs until `drain`, in the order in which it was started.

For rehearsals and for tests. It keeps to the port, but what it records is gone with the process.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence

from pilotage.machinery.engine.errors import OwnLife
from pilotage.machinery.engine.port import Overtaken, Runner
from pilotage.machinery.storage.database import Database, Tx

_log = logging.getLogger("pilotage.engine")


class InlineEngine:
    """Runs each batch to its end in the thread that calls `drain`, one after the other."""

    def __init__(self, database: Database, executor: str = "inline") -> None:
        self._database = database
        self._executor = executor
        self._lock = threading.Lock()
        self._runner: Runner | None = None
        self._queues: Sequence[str] = ()
        self._waiting: deque[tuple[int, str | None]] = deque()
        self._records: dict[int, list[str]] = {}
        self._known: set[int] = set()
        self._closed = False
        self.raised: list[tuple[int, Exception]] = []
        """What runs raised, and for which batch; whoever looks at it may clear it."""

    @property
    def executor(self) -> str:
        """The id of this life of this process."""
        return self._executor

    def launch(self, runner: Runner, queues: Sequence[str]) -> None:
        """Take the runner and the queues; `drain` is what runs."""
        self._runner = runner
        self._queues = tuple(queues)

    def start(self, batch: int) -> bool:
        """Have this batch run by the next `drain`, or by the one that is under way."""
        return self._put(batch, None)

    def holds(self, batch: int) -> bool:
        """Whether it was started or put on a queue."""
        return batch in self._known

    def enqueue(self, batch: int, queue: str) -> None:
        """Have this batch run by `drain`, if this engine listens to the queue."""
        self._put(batch, queue)

    def _put(self, batch: int, queue: str | None) -> bool:
        with self._lock:
            if self._closed or batch in self._known:
                return False
            self._known.add(batch)
            self._waiting.append((batch, queue))
            return True

    def drain(self) -> int:
        """Run what waits, and what is started by that, until nothing waits any more; gives how many batches ran."""
        ran = 0
        while (batch := self._next()) is not None:
            self._run(batch)
            ran += 1
        return ran

    def _next(self) -> int | None:
        with self._lock:
            for place, (batch, queue) in enumerate(self._waiting):
                if queue is None or queue in self._queues:
                    del self._waiting[place]
                    return batch
            return None

    def _run(self, batch: int) -> None:
        assert self._runner is not None, "launch the engine first"
        record = self._records.setdefault(batch, [])
        position = 0

        def checkpoint(save: Callable[[Tx], str]) -> str:
            nonlocal position
            if self._closed:
                raise Overtaken
            if position == len(record):
                with self._database.transaction() as tx:
                    result = save(tx)
                record.append(result)
            position += 1
            return record[position - 1]

        try:
            self._runner(batch, checkpoint)
        except Overtaken:
            pass
        except Exception as error:  # noqa: BLE001 - the border of the worker
            _log.exception("engine.run_raised", extra={"batch": batch})
            self.raised.append((batch, error))
        else:
            return
        with self._lock:
            self._known.discard(batch)

    def take_over(self, executor: str, queue_of: Callable[[int], str | None]) -> list[int]:
        """Nothing: what another process ran inline went with it."""
        del queue_of
        if executor == self._executor:
            raise OwnLife(executor)
        return []

    def forget(self, batches: Sequence[int]) -> None:
        """Remove the records of batches that have ended."""
        with self._lock:
            self._known.difference_update(batches)
            for batch in batches:
                self._records.pop(batch, None)

    def close(self, *, within: float) -> None:
        """Take nothing new; a run that is under way is overtaken at its next checkpoint."""
        del within
        with self._lock:
            self._closed = True
            self._waiting.clear()
