"""A worker: the threads of one process that form batches, wake what is due, and send.

Nothing here decides; it calls the use cases in turn, waits little when there is work and longer when there is none, and
stops in order: nothing new is taken, what is on its way comes to its end.
"""

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeVar

from pilotage.cases.leaving import Leaving
from pilotage.cases.service.jobs import Finished, Job
from pilotage.cases.service.moving import Mover
from pilotage.cases.service.performing import Performer
from pilotage.cases.service.sending import Sending
from pilotage.cases.service.surrounding import LoopThread
from pilotage.cases.service.taking import Taking
from pilotage.cases.shares import Group, Shares
from pilotage.cases.values import Place
from pilotage.machinery.engine.lives import Lives
from pilotage.machinery.engine.port import Checkpoint, Engine
from pilotage.machinery.storage.outages import is_lost_server, is_of_the_database
from pilotage.machinery.storage.pulse import Pulse

IDLE: Final = 0.1
"""Seconds that a sender with calls on their way waits for the first of them."""
VAIN: Final = 0.1
"""Seconds of rest after a look that found nothing: what is there may be another's, or held."""
MOMENT: Final = 0.002
"""Seconds that a sender rests at least."""
GATHER: Final = 0.005
"""Seconds that a first answer waits for others, so that one transaction writes them all."""
SWEEP: Final = 1.0
"""Seconds between two looks for what fell by the wayside: silent processes, lost effects, batches nobody started."""
FORGET_AFTER: Final = 60_000_000
AT_ONCE: Final = 2
ORPHAN_AFTER: Final = 10_000_000

_T = TypeVar("_T")

_log = logging.getLogger("pilotage.worker")


@dataclass
class _Calls:
    """What a sender has on its way, and what came back and is not recorded yet: it stays, however often the database fails."""

    running: set[asyncio.Task[Finished]] = field(default_factory=set[asyncio.Task[Finished]])
    finished: list[Finished] = field(default_factory=list[Finished])
    busy: Counter[str] = field(default_factory=Counter[str])
    """How many calls of each connection are on their way."""
    stuck: list[Finished] = field(default_factory=list[Finished])
    """What could not be recorded for a reason of its own: tried again alone, now and then, so that it holds up no other."""
    again: float = 0.0
    """When it is tried again, on the loop's clock."""

    def gather(self) -> None:
        """Note which calls have come back."""
        for task in [one for one in self.running if one.done()]:
            self.running.remove(task)
            self.busy[task.result().job.effect.connection] -= 1
            self.finished.append(task.result())


@dataclass(kw_only=True)
class Worker:
    """One process's share of the work."""

    mover: Mover
    taking: Taking
    sending: Sending
    performer: Performer
    engine: Engine
    lives: Lives
    loop: LoopThread
    pulse: Pulse
    chores: Sequence[Callable[[], int]] = ()
    """What others want done once a second, such as escalating decisions."""
    at_once: int = AT_ONCE
    """How many batches run at the same time, beside one to spare for an automation that has none."""
    queue_of: Callable[[str, str], str] = lambda automation, release: f"{automation}@{release}"
    _divided: list[int] = field(default_factory=list[int])
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _wake: threading.Event = field(default_factory=threading.Event)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list[threading.Thread])
    _offered: threading.Event = field(default_factory=threading.Event)
    """Something was handed over to an automation of this process."""
    _send: asyncio.Event | None = None
    _ledger: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "pilotage-ledger"))
    shares: Shares = field(init=False)

    def __post_init__(self) -> None:
        self.shares = Shares(at_once=self.at_once)

    def start(self) -> None:
        """Begin to work."""
        self.mover.after_save = self._after_save
        self.sending.after_record = self._after_record
        self.engine.launch(self._run, [self.queue_of(*pair) for pair in self.mover.served.pairs])
        threads = (("former", self._form), ("sender", self._send_thread), ("listener", self._listen))
        for name, target in threads:
            thread = threading.Thread(target=target, name=f"pilotage-{name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self, *, within: float = 30.0) -> None:
        """Take nothing new, let what is on its way come to its end, for at most `within` seconds."""
        self._stop.set()
        self._wake.set()
        self._poke_sender()
        for thread in self._threads:
            thread.join(timeout=within)
        self.engine.close(within=within)
        self.pulse.close()

    def has_room(self, automation: str, release: str, cases: int) -> bool:
        """Whether so many fresh cases could move now as a batch of this process, without passing others who wait."""
        with self._lock:
            return not self._stop.is_set() and self.shares.jumps(self._first(automation, release), cases)

    def batch_row(self, batch: int, automation: str, release: str, size: int, now: int) -> dict[str, object]:
        """The row of a batch that intake forms in its own transaction, to be told `started` after it."""
        with self._lock:
            self.shares.expect(batch, self._first(automation, release), size)
        return self.mover.batch_row(batch, automation, release, size, now)

    def _first(self, automation: str, release: str) -> Group:
        node = self.mover.served.automations[automation, release].plan.first
        return Group(automation=automation, release=release, node=node)

    def started(self, batch: int) -> None:
        """A batch was formed by intake in this process: run it at once."""
        self._start(batch)

    # -- batches ---------------------------------------------------------------------

    def _start(self, batch: int, group: Group | None = None, size: int = 0) -> None:
        with self._lock:
            if not self.shares.take(batch, group, size):
                return
        begun = False
        try:
            begun = self.engine.start(batch)
        finally:
            if not begun:  # it runs elsewhere, or the database was away: it takes no room here, and a sweep finds it
                with self._lock:
                    self.shares.end(batch)

    def _run(self, batch: int, checkpoint: Checkpoint) -> None:
        clock = self.sending.clock
        with self._lock:
            self.shares.begin(batch, clock.monotonic())
        try:
            self.mover.run(batch, checkpoint)
        finally:
            with self._lock:
                self.shares.end(batch, clock.monotonic())
            self._wake.set()

    def _form(self) -> None:
        swept = 0.0
        clock = self.sending.clock
        while not self._stop.is_set():
            self._wake.clear()
            try:
                if clock.monotonic() - swept >= SWEEP:
                    swept = clock.monotonic()
                    self.sweep()
                    self._offered.set()
                if not self._take() + self.form():
                    self._rest(until=swept + SWEEP)
            except Exception as error:  # noqa: BLE001 - the worker goes on; what failed is logged and tried again
                self._failed("worker.form_failed", error)
                self._stop.wait(SWEEP)

    def _rest(self, until: float) -> None:
        """Wait for somebody in this process, or for the pulse of others, or for the next sweep."""
        if self._wake.wait(VAIN):
            return
        while self.sending.clock.monotonic() < until:
            if self.pulse.beats():
                self._offered.set()
                self._poke_sender()
                return
            if self._wake.wait(self.pulse.pause):
                return

    def _listen(self) -> None:
        self.pulse.listen(self._called, self._stop)

    def _called(self) -> None:
        self._offered.set()
        self._wake.set()
        self._poke_sender()

    def _take(self) -> int:
        """Take what other automations hand over, where there may be something; how much."""
        if not self._offered.is_set():
            return 0
        self._offered.clear()
        taken = self.taking.take()
        if taken:  # there may be more than a block
            self._offered.set()
        return taken

    def form(self) -> int:
        """Claim ready cases and start their batches, as far as there are places; how many."""
        if not self.shares.has_place:
            return 0
        waiting = self.mover.ready()
        formed = 0
        while True:
            with self._lock:
                self.shares.see(waiting)
                group = self.shares.next(waiting)
                most = 0 if group is None else self.shares.most(group)
            if group is None or self._stop.is_set():
                return formed
            batch, size = self.mover.claim(group, most)
            if size:
                self._start(batch, group, size)
                formed += 1
            if size < most:
                waiting.remove(group)

    def sweep(self) -> None:
        """Wake what is due, take over from the silent, settle lost effects, start what nobody started."""
        looks = (self.mover.wake, self._take_over, self._lose, self._free, self._start_orphans, self._forget)
        for look in (*looks, *self.chores):
            try:
                look()
            except Exception as error:
                if is_lost_server(error):
                    raise
                self._failed("worker.sweep_failed", error)

    def _failed(self, what: str, error: Exception) -> None:
        """Log what failed and is tried again; of a database that is away, only that it is."""
        if not self.sending.database.outage.noticed(error):
            _log.error(what, exc_info=error)

    def _lose(self) -> None:
        self.sending.lose(self._gone)

    def _gone(self, senders: Sequence[str]) -> set[str]:
        if not senders:
            return set()
        dead = {life.executor for life in self.lives.dead_on_this_host()}
        living = {life.executor for life in self.lives.living()} - dead
        return {sender for sender in senders if sender not in living}

    def _take_over(self) -> None:
        for life in [*self.lives.dead_on_this_host(), *self.lives.silent()]:
            if self.lives.win(life.executor):
                taken = self.engine.take_over(life.executor, self._queue_of_batch)
                self.mover.count_takeovers(taken)
                self._divided, divided = [], self._divided
                for batch in divided:
                    self._start(batch)
                self.lives.settle(life.executor)
                _log.warning("worker.took_over", extra={"executor": life.executor, "batches": len(taken)})

    def _queue_of_batch(self, batch: int) -> str | None:
        """Where a batch of a dead life goes on: on its queue, or, if it was taken over before, in two halves."""
        row = self.mover.batch(batch)
        if row is None or row.ended:
            return None
        if row.takeovers and (row.automation, row.release) in self.mover.served.automations:
            self._divided += self.mover.divide(batch)
            return None
        return self.queue_of(row.automation, row.release)

    def _free(self) -> None:
        """Take places back from batches that the engine took on and let go of before they began."""
        with self._lock:
            gone = [batch for batch, one in self.shares.running.items() if one.began is None]
            for batch in gone:
                if not self.engine.holds(batch):
                    self.shares.end(batch)

    def _start_orphans(self) -> None:
        """Batches whose row was written, but whose start was not: the engine's id makes a second start harmless."""
        served = set(self.mover.served.pairs)
        for batch, automation, release, executor in self.mover.open_batches(ORPHAN_AFTER):
            with self._lock:
                mine = batch in self.shares.running
            alive = executor == self.mover.executor or executor in {life.executor for life in self.lives.living()}
            if not mine and (automation, release) in served and (executor == self.mover.executor or not alive):
                self._start(batch)
                if executor != self.mover.executor:  # if its start is recorded as another's, only a takeover moves it
                    self.lives.reopen(executor)

    def _forget(self) -> None:
        ended = self.mover.ended_batches(FORGET_AFTER)
        if ended:
            self.engine.forget(ended)
            self.mover.drop_batches(ended)

    # -- sending ---------------------------------------------------------------------

    def _after_save(self, left: list[Leaving]) -> None:
        if any(one.effect is not None for one in left):
            self._poke_sender()
        if any(one.place is Place.READY or one.items is not None for one in left):
            self._wake.set()
        if any(one.offer is not None for one in left):
            self._offered.set()
            self._wake.set()

    def _after_record(self, cases: Sequence[int]) -> None:
        if cases:
            self._wake.set()

    def _poke_sender(self) -> None:
        event = self._send
        if event is not None:
            with suppress(RuntimeError):
                self.loop.loop.call_soon_threadsafe(event.set)

    def _send_thread(self) -> None:
        with self._ledger:
            self.loop.run(self._send_loop())

    async def _send_loop(self) -> None:
        self._send = asyncio.Event()
        calls = _Calls()
        while calls.running or calls.finished or not self._stop.is_set():
            try:
                await self._send_once(calls)
            except Exception as error:  # noqa: BLE001 - the worker goes on; what failed is logged and tried again
                self._failed("worker.send_failed", error)
                await asyncio.sleep(SWEEP)
        await self._record_alone(calls)

    async def _send_once(self, calls: _Calls) -> None:
        """Record what came back, begin what may be sent, and rest; what came back is kept until it is recorded."""
        calls.gather()
        recorded = bool(calls.finished)
        jobs = await self._turn(calls)
        for job in jobs:
            calls.running.add(asyncio.create_task(self.performer.perform(job)))
            calls.busy[job.effect.connection] += 1
        if calls.stuck and self.loop.loop.time() >= calls.again:
            await self._record_alone(calls)
        await self._pause(calls.running, idle=not jobs and not recorded)

    async def _turn(self, calls: _Calls) -> list[Job]:
        taking = not self._stop.is_set()
        if not calls.finished and not (taking and await self._aside(self.sending.has_work)):
            return []
        try:
            jobs = await self._aside(partial(self.sending.turn, calls.finished, dict(calls.busy), taking=taking))
        except Exception as error:
            if not calls.finished or is_of_the_database(error):  # then nothing of it is the reason
                raise
            self._failed("worker.send_failed", error)
            calls.stuck += calls.finished
            jobs = []
        calls.finished = []
        return jobs

    async def _record_alone(self, calls: _Calls) -> None:
        """One of them may be the reason, and the others shall not suffer for it."""
        left, calls.stuck = calls.stuck, []
        for one in left:
            try:
                await self._aside(partial(self.sending.turn, [one], {}, taking=False))
            except Exception as error:  # noqa: BLE001 - it is kept, logged and tried again
                self._failed("worker.record_failed", error)
                calls.stuck.append(one)
        calls.again = self.loop.loop.time() + SWEEP

    async def _aside(self, call: Callable[[], _T]) -> _T:
        """In the sender's own thread: those that all share may all be waiting, such as for a name server that does not answer."""
        return await self.loop.loop.run_in_executor(self._ledger, call)

    async def _pause(self, running: set[asyncio.Task[Finished]], *, idle: bool) -> None:
        event = self._send
        if event is None:  # pragma: no cover - set when the loop began
            return
        until = max(MOMENT, await self._aside(self.sending.until_open))
        if running:
            poke = asyncio.create_task(event.wait())
            await asyncio.wait({*running, poke}, timeout=min(IDLE, until), return_when=asyncio.FIRST_COMPLETED)
            poke.cancel()
            if len(running) > 1 and not all(task.done() for task in running):
                await asyncio.sleep(GATHER)  # those that are nearly back share the transaction
        elif idle and not self._stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(event.wait(), min(SWEEP / 2, until))
        event.clear()
