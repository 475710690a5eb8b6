"""The supervisor: starts, watches and stops one worker process for each release that is wanted.

It knows no release: who wants what, and how a worker is called, comes from above. A worker reads its standard input only
to learn that it ends: should the supervisor die in whatever way, its workers see that and stop in order by themselves.
"""

import logging
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Final, Self

from pilotage.kernel.clock import Clock, SystemClock
from pilotage.operations.keeping import Kept, decide, died, started

LOOK: Final = 0.5
"""Seconds between two looks at the processes."""
ASK: Final = 2.0
"""Seconds between two looks at what is wanted."""
PATIENCE: Final = 40.0
"""Seconds in which a worker must have stopped: its calls and batches come to their end in thirty."""

_log = logging.getLogger("pilotage.supervisor")


@dataclass(kw_only=True)
class Supervisor:
    """Keeps worker processes for as long as its block lasts."""

    wanted: Callable[[], Sequence[str]]
    """The names of what is to be served."""
    command: Callable[[str], Sequence[str]]
    """The command that serves one of them."""
    variables: Mapping[str, str] | None = None
    """The environment variables of workers; None: those of this process."""
    clock: Clock = field(default_factory=SystemClock)
    look: float = LOOK
    ask: float = ASK
    patience: float = PATIENCE
    _processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict[str, subprocess.Popen[bytes]])
    _kept: dict[str, Kept] = field(default_factory=dict[str, Kept])
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _retiring: list[threading.Thread] = field(default_factory=list[threading.Thread])

    def kept(self) -> Mapping[str, Kept]:
        """What is known of each worker process."""
        return dict(self._kept)

    def pids(self) -> Mapping[str, int]:
        """The process ids of the workers that run."""
        return {name: process.pid for name, process in list(self._processes.items()) if process.poll() is None}

    def __enter__(self) -> Self:
        self.turn(self.wanted())
        self._thread = threading.Thread(target=self._watch, name="pilotage-supervisor", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop every worker in order, all at the same time; those that do not stop in time are killed."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        for process in self._processes.values():
            _ask_to_stop(process)
        for name, process in self._processes.items():
            self._see_off(name, process)
        for thread in self._retiring:
            thread.join()
        self._processes.clear()

    def _watch(self) -> None:
        wanted: Sequence[str] = list(self._kept)
        asked = self.clock.monotonic()
        while not self._stop.wait(self.look):
            try:
                if self.clock.monotonic() - asked >= self.ask:
                    wanted, asked = self.wanted(), self.clock.monotonic()
                self.turn(wanted)
            except Exception:  # noqa: BLE001 - the border of the thread
                # The database is away, or a process cannot be started: what runs goes on, and the next look tries again.
                _log.exception("supervisor.look_failed")

    def turn(self, wanted: Sequence[str]) -> None:
        """See who died, start and stop."""
        now = self.clock.monotonic()
        for name, process in list(self._processes.items()):
            code = process.poll()
            if code is not None:
                self._processes.pop(name)
                _close(process)
                self._kept[name] = died(self._kept[name], code, now)
                _log.warning("supervisor.worker_died", extra={"release": name, "code": code})
        acts = decide(wanted, self._kept, now)
        for name in acts.forget:
            self._kept.pop(name)
        for name in acts.stop:
            self._retire(name)
        for name in acts.start:
            self._start(name, now)

    def _start(self, name: str, now: float) -> None:
        self._processes[name] = subprocess.Popen(  # noqa: S603 - our own command
            list(self.command(name)),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            env=self.variables,
            process_group=0,  # Ctrl-C is for the supervisor, which stops its workers itself
        )
        self._kept[name] = started(self._kept.get(name), now)
        _log.info("supervisor.worker_started", extra={"release": name, "pid": self._processes[name].pid})

    def _retire(self, name: str) -> None:
        """Nothing of it is open any more: let it end, without anybody waiting for that."""
        process = self._processes.pop(name)
        self._kept.pop(name)
        _ask_to_stop(process)
        thread = threading.Thread(target=self._see_off, args=(name, process), name=f"pilotage-retire-{name}")
        thread.start()
        self._retiring = [*(one for one in self._retiring if one.is_alive()), thread]
        _log.info("supervisor.worker_retired", extra={"release": name, "pid": process.pid})

    def _see_off(self, name: str, process: subprocess.Popen[bytes]) -> None:
        try:
            process.wait(timeout=self.patience)
        except subprocess.TimeoutExpired:
            _log.warning("supervisor.worker_killed", extra={"release": name, "pid": process.pid})
            process.kill()
            process.wait()
        _close(process)
        if name in self._kept:
            self._kept[name] = replace(self._kept[name], running=False, code=process.returncode)


def _ask_to_stop(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        process.terminate()


def _close(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()
