"""`pilotage`, as a process that is struck at a point of its way: `python -m tests.crash.doomed POINT PASSES SIGNAL ...`.

It strikes itself, so that the moment is exact: when it has passed the point so many times, the signal ends it (KILL) or
makes it stand still in the middle (STOP). Whoever makes it go on without a file `enough` in its folder sees it stop again.
It stands still only while none of its threads has the database in hand: on SQLite one that stands in a transaction has
everybody wait until it goes on, which is not the way tried here.
"""

import asyncio
import signal
import sys
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import wraps
from pathlib import Path
from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.pool import Pool

from pilotage.__main__ import main
from pilotage.cases.service.jobs import Finished, Job
from pilotage.cases.service.moving import Mover
from pilotage.cases.service.performing import Performer
from pilotage.cases.service.saving import Saving
from pilotage.cases.service.sending import Sending
from pilotage.cases.store import permitting
from pilotage.machinery.engine.lives import Lives

POINTS: Final = ("checkpoint", "saved", "before", "permitting", "permitted", "calling", "answered", "taking over")
"""In the order of a case's way. `permitting` is inside the transaction that permits, `permitted` right behind it."""


class Hands:
    """How many threads of this process have the database in hand; while somebody stands `empty`, no other takes it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._taken = 0
        event.listen(Pool, "checkout", lambda *_: self._add(1))
        event.listen(Pool, "checkin", lambda *_: self._add(-1))
        event.listen(Pool, "detach", lambda *_: self._add(-1))

    def _add(self, number: int) -> None:
        with self._changed:
            self._taken += number
            self._changed.notify_all()

    @contextmanager
    def empty(self) -> Generator[bool]:
        """For the block nobody has the database in hand; False where somebody had it all the time, on a busy machine."""
        with self._changed:
            yield self._changed.wait_for(lambda: self._taken == 0, timeout=5)


class Doom:
    """Strikes when the point has been passed so many times."""

    def __init__(self, passes: int, number: signal.Signals) -> None:
        self._left = passes
        self._number = number
        self._lock = threading.Lock()
        self._hands = Hands() if number == signal.SIGSTOP else None

    def strike(self) -> None:
        """One more pass."""
        with self._lock:
            self._left -= 1
            struck = self._left == 0 or (self._left < 0 and self._number == signal.SIGSTOP)
        if struck:
            with self._hands.empty() if self._hands else nullcontext(enter_result=True) as now:
                if now and not Path("enough").exists():  # where it is not now, another pass will do
                    # to this thread: one for the process waits until some thread has time, and this one runs on
                    signal.pthread_kill(threading.get_ident(), self._number)


def _wrap(owner: object, name: str, around: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """The function does what it did, with something around it; nothing else of the product is touched."""
    function = getattr(owner, name)
    setattr(owner, name, wraps(function)(around(function)))


def _behind(doom: Doom, if_: Callable[[Any], object] = bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def around(function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **named: Any) -> Any:
            result = function(*arguments, **named)
            if if_(result):
                doom.strike()
            return result

        return called

    return around


def _before_a_turn(doom: Doom) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def around(function: Callable[..., Any]) -> Callable[..., Any]:
        def turn(self: Sending, finished: Sequence[Finished], busy: Mapping[str, int], **named: Any) -> list[Job]:
            if not finished:
                doom.strike()
            return function(self, finished, busy, **named)

        return turn

    return around


def _around_the_call(doom: Doom, *, answered: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def around(function: Callable[..., Any]) -> Callable[..., Any]:
        async def perform(self: Performer, job: Job) -> Finished:
            call = asyncio.ensure_future(function(self, job))
            if not answered:
                await asyncio.sleep(0.3)  # the desk acts at once, and takes longer than that to say so
                doom.strike()
            finished = await call
            if answered:
                doom.strike()
            return finished

        return perform

    return around


def doom(point: str, passes: int, number: signal.Signals) -> None:
    """Make this process strike itself at the point."""
    made = Doom(passes, number)
    if point == "checkpoint":
        _wrap(Saving, "__call__", _behind(made, if_=lambda result: True))  # its transaction is open
    elif point == "saved":
        _wrap(Mover, "_walk_on", _behind(made, if_=lambda result: True))
    elif point == "before":
        _wrap(Sending, "turn", _before_a_turn(made))
    elif point == "permitting":
        _wrap(permitting, "permit", _behind(made))
    elif point == "permitted":
        _wrap(Sending, "turn", _behind(made))
    elif point in {"calling", "answered"}:
        _wrap(Performer, "perform", _around_the_call(made, answered=point == "answered"))
    elif point == "taking over":
        _wrap(Lives, "win", _behind(made))
    else:
        raise ValueError(point)


if __name__ == "__main__":
    doom(sys.argv[1], int(sys.argv[2]), signal.Signals[f"SIG{sys.argv[3]}"])
    sys.exit(main(sys.argv[4:]))
