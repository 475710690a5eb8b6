"""Ctrl-C and SIGTERM end a command between two things, and never in the middle of one.

Python raises what a signal brings between any two instructions of the main thread, also right behind the instruction
that opened a transaction: then nobody would ever close it, and everybody else would wait for its locks. So what must not
be torn apart says so (`undivided`), and what takes its time says where it may end (`point`, `welcome`). A second signal
while the first is still waiting ends the command there and then: whoever presses Ctrl-C twice means it.

Nothing here takes effect before `listening`; a program that uses Pilotage as a library keeps its own ways with signals.
"""

import signal
import threading
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Final, Generic, TypeVar

Held = TypeVar("Held")


class Terminated(BaseException):
    """The operating system asked the process to end."""


@dataclass(slots=True)
class _MainThread:
    depth: int = 0
    """How many undivided things it is in."""
    waiting: type[BaseException] | None = None
    """What came meanwhile."""


_main: Final = _MainThread()


@contextmanager
def listening() -> Generator[None]:
    """While it lasts, Ctrl-C raises KeyboardInterrupt and SIGTERM Terminated, each where nothing is torn apart."""
    if not _is_main():  # in a test: signals are not ours
        yield
        return
    former = {each: signal.signal(each, _come) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in former.items():
            signal.signal(each, handler)
        _main.waiting = None


def has_come() -> bool:
    """Whether something waits, for whoever ends in an order of his own."""
    return _main.waiting is not None


def point() -> None:
    """Nothing is in hand here: raise what has come meanwhile."""
    if _main.waiting is not None and _is_main():
        _raise_waiting()


@contextmanager
def welcome() -> Generator[None]:
    """Waiting, with nothing in hand: what has come or comes raises at once."""
    if not _is_main():
        yield
        return
    depth, _main.depth = _main.depth, 0
    try:
        _raise_waiting()
        yield
    finally:
        _main.depth = depth


class undivided(AbstractContextManager[Held], Generic[Held]):  # noqa: N801 - reads as the verb that it is
    """Another context manager, which no signal tears apart: not its beginning, its block or its end."""

    __slots__ = ("_inner", "_mine")

    def __init__(self, inner: AbstractContextManager[Held]) -> None:
        self._inner = inner
        self._mine = _is_main()

    def __enter__(self) -> Held:
        if not self._mine:
            return self._inner.__enter__()
        _main.depth += 1
        try:
            return self._inner.__enter__()
        except BaseException:
            _main.depth -= 1
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> bool | None:
        try:
            return self._inner.__exit__(kind, error, trace)
        finally:
            if self._mine:
                _main.depth -= 1
                if not _main.depth:
                    _raise_waiting()


def _come(number: int, frame: FrameType | None) -> None:
    del frame
    error = Terminated if number == signal.SIGTERM else KeyboardInterrupt
    if _main.depth and _main.waiting is None:
        _main.waiting = error
        return
    _main.waiting = None
    raise error


def _raise_waiting() -> None:
    error, _main.waiting = _main.waiting, None
    if error is not None:
        raise error


def _is_main() -> bool:
    return threading.current_thread() is threading.main_thread()
