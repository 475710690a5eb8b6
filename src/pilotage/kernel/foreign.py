"""What code that is not ours may raise where ours calls it: its failure is its own, whatever it is.

An author's step that calls `sys.exit`, awaits a task that was cancelled, or raises what no future takes shall not end the
thread, the task or the event loop in which it runs: others depend on them. Ctrl-C is no failure, and goes through.
"""

from asyncio import CancelledError
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

RAISED: Final = (Exception, SystemExit, CancelledError)
"""What a border to code that is not ours catches."""

P = ParamSpec("P")
T = TypeVar("T")


def kept(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Callable[[], T]:
    """Call it, and give what gives its result or raises what it raised: for a result that crosses threads.

    A future takes no StopIteration, and whoever waits for it would wait for ever.
    """
    try:
        result = call(*args, **kwargs)
    except RAISED as error:
        return _raising(error)
    return lambda: result


def _raising(error: BaseException) -> Callable[[], T]:
    def again() -> T:
        raise error

    return again
