"""DBOS's own log lines, on our logger."""

import logging
from typing import Final

_OURS: Final = logging.getLogger("pilotage.engine.dbos")
_SAID_BY_US: Final = ("Exception encountered in background workflow", "no longer owned by this execution")


class _Forward(logging.Handler):
    """Hands every line on under our own logger's name, but for those that we say ourselves, and better."""

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if any(words in message for words in _SAID_BY_US):
            return
        _OURS.handle(
            logging.LogRecord(
                _OURS.name, record.levelno, record.pathname, record.lineno, record.msg, record.args, record.exc_info
            )
        )


def silence() -> None:
    """Take the console away from DBOS. To be called before it is made: it adds a handler only where there is none."""
    theirs = logging.getLogger("dbos")
    if not any(isinstance(handler, _Forward) for handler in theirs.handlers):
        theirs.handlers = [_Forward()]
    theirs.propagate = False
