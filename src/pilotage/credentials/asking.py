"""For whom a secret is asked: the automation whose step runs here."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

PLATFORM: Final = ""
"""Nobody's step: the platform itself asks."""

_automation: ContextVar[str] = ContextVar("automation_that_asks", default=PLATFORM)


def asking() -> str:
    """The automation that asks in this context."""
    return _automation.get()


@contextmanager
def asked_by(automation: str) -> Generator[None]:
    """Ask for this automation for as long as the block lasts."""
    token = _automation.set(automation)
    try:
        yield
    finally:
        _automation.reset(token)
