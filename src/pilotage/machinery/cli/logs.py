"""Where the log goes while a command runs: to stderr, a line each, from the level that PILOTAGE_LOG names (error)."""

import logging
import os
import sys
import threading
from typing import Final

from pilotage.machinery.net.masking import hide

_OWN: Final = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class _Line(logging.Formatter):
    """Time, level, what happened, and its details as key=value."""

    def format(self, record: logging.LogRecord) -> str:
        details = " ".join(f"{name}={value}" for name, value in vars(record).items() if name not in _OWN)
        head = f"{self.formatTime(record, '%H:%M:%S')} {record.levelname.lower()} {record.getMessage()}"
        trace = f"\n{self.formatException(record.exc_info)}" if record.exc_info else ""
        return hide(f"{head}{' ' + details if details else ''}{trace}")


def configure() -> None:
    """Send the log to stderr."""
    level = os.environ.get("PILOTAGE_LOG", "error").upper()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line())
    logging.basicConfig(level=level if level in logging.getLevelNamesMapping() else "ERROR", handlers=[handler])
    threading.excepthook = _in_a_thread


def _in_a_thread(failed: threading.ExceptHookArgs) -> None:
    """What ends a thread is logged like everything else: without credentials."""
    if failed.exc_type is not SystemExit and failed.exc_value is not None:
        logging.getLogger("pilotage").error("thread.ended", exc_info=failed.exc_value)
