"""DBOS's own log lines, on our logger."""

import logging
from typing import Final

_OURS: Final = logging.getLogger("pilotage.engine.dbos")
_NOT_NEWS: Final = (
    "Exception encountered in background workflow",  # we say that ourselves
    "no longer owned by this execution",  # as after every false takeover
    "Exception polling schedules",  # with a stack, every second while the database is away; and we have no schedules
    "(psycopg.OperationalError)",  # the server is away: we say that once, and DBOS at every attempt
)


class _Forward(logging.Handler):
    """Hands the first line of every message on, under our own logger's name, if it is news."""

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if any(words in message for words in _NOT_NEWS):
            return
        line = message.partition("\n")[0]
        _OURS.handle(logging.LogRecord(_OURS.name, record.levelno, record.pathname, record.lineno, line, None, None))


def silence() -> None:
    """Take the console away from DBOS. To be called before it is made: it adds a handler only where there is none."""
    theirs = logging.getLogger("dbos")
    if not any(isinstance(handler, _Forward) for handler in theirs.handlers):
        theirs.handlers = [_Forward()]
    theirs.propagate = False
