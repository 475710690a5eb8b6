"""Whether the call that runs in this context was tried before: a case's second and later attempt at a step that reads."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_repeats: Final[ContextVar[bool]] = ContextVar("repeats", default=False)


@contextmanager
def as_repeat(repeats: bool) -> Generator[None]:  # noqa: FBT001 - reads as what it says
    """What is called in this block is called again, or for the first time."""
    token = _repeats.set(repeats)
    try:
        yield
    finally:
        _repeats.reset(token)


def is_repeat() -> bool:
    """Whether what runs here was tried before."""
    return _repeats.get()
