"""How often the queues are looked into, decided by the load; and what is to be cleared away behind the runs.

DBOS finds work on a queue by looking, every so many milliseconds, in a thread for each queue. At 10 ms that costs more
than a quarter of a core with nothing to do; at a second every batch waits; and an interval that is shortened takes
effect in steps of a tenth, over ten times its old length. But a queue is only looked into while it is written down, and
DBOS reads the list of queues every second. So a queue is written down, with a short interval, from the moment something
is put on it until it has been empty for a while. An idle process then looks once a second, however many queues it serves.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Final

from pilotage.kernel.clock import Clock, SystemClock
from pilotage.machinery.engine.dbos.adapter import Adapter
from pilotage.machinery.storage.outages import Outage

_CALM_SECONDS: Final = 3.0
_REVIEW_SECONDS: Final = 5.0

_log = logging.getLogger("pilotage.engine")


class Pace:
    """A thread that opens queues that have work and closes those that have none."""

    def __init__(
        self, adapter: Adapter, outage: Outage, *, idle: float, busy: float, clear: Callable[[], None]
    ) -> None:
        self._adapter = adapter
        self._outage = outage
        self._idle = idle
        self._busy = busy
        self._clear = clear
        self._clock: Clock = SystemClock()
        self._last: dict[str, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pilotage-engine-pace", daemon=True)
        self._served: Sequence[str] = ()

    def begin(self, served: Sequence[str]) -> None:
        """Begin to watch the queues that this process serves."""
        self._served = tuple(served)
        self._thread.start()

    def end(self) -> None:
        """Stop watching."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=_CALM_SECONDS)

    def open(self, queue: str) -> None:
        """Have the queue looked into: something is being put on it.

        To be called before and behind the putting: before, so that a crash in between leaves no work unseen; behind,
        because another process may have closed the queue in between, as empty.
        """
        self._last[queue] = self._clock.monotonic()
        self._adapter.open_queue(queue, self._busy)

    def _run(self) -> None:
        reviewed = self._clock.monotonic()
        while not self._stop.wait(self._idle):
            try:
                self._clear()
                if self._clock.monotonic() - reviewed >= _REVIEW_SECONDS:
                    reviewed = self._clock.monotonic()
                    self._open_forgotten()
                self._close_empty()
            except Exception as error:  # noqa: BLE001 - the border of the thread
                if not self._outage.noticed(error):  # the next look comes soon
                    _log.warning("engine.pace_failed", exc_info=True)

    def _open_forgotten(self) -> None:
        """Open the queues that this process serves if there is work on one: who put it there may have died on the way."""
        if self._served and self._adapter.waits(self._served):
            for queue in self._served:
                self.open(queue)

    def _close_empty(self) -> None:
        for queue in self._adapter.open_queues():
            if queue in self._served:
                self._adapter.widen(queue)
            elif queue not in self._last:
                continue
            now = self._clock.monotonic()
            if self._adapter.waits([queue]):
                self._last[queue] = now
            elif now - self._last.setdefault(queue, now) >= _CALM_SECONDS:
                self._adapter.close_queue(queue)
                self._last.pop(queue, None)
