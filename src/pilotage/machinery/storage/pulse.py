"""Whether there may be something new in the database, asked often or told by whoever wrote, at next to no cost."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from pilotage.machinery.storage.database import Database, Tx

_CHANNEL: Final = "pilotage"
_CALL: Final = sa.select(sa.func.pg_notify(_CHANNEL, ""))
_OFTEN: Final = 0.02
_NOW_AND_THEN: Final = 0.2
_ATTENTIVE: Final = 1.0
"""Seconds for which an ear listens before it looks whether it is still wanted; and until it tries again to hear."""
_VERSION: Final = "PRAGMA data_version"


class Pulse:
    """Looks whether others have written: fifty looks a second take less than a hundredth of a core.

    SQLite counts the commits of all other connections, and tells the count without reading a page. PostgreSQL does not; who
    takes records in calls those that listen, and it is asked `query` now and then, which gives one boolean: whether there
    is something to do. Either way "yes" means "have a look", and
    "no" may be late: who waits for a pulse looks for himself now and then. Used by one thread.
    """

    def __init__(self, database: Database, query: str) -> None:
        self._database = database
        self._query = _VERSION if database.dialect == "sqlite" else query
        self._counts = database.dialect == "sqlite"
        self._seen: object = None
        self._connection: Any = None
        self._hears = threading.Event()

    @property
    def pause(self) -> float:
        """Seconds until it is worth asking again: long where whoever writes calls."""
        return _NOW_AND_THEN if self._hears.is_set() else _OFTEN

    def listen(self, heard: Callable[[], None], stop: threading.Event) -> None:
        """Call `heard` whenever somebody calls, until `stop`; for a thread of its own. On SQLite nobody does.

        A server that went away is tried again; meanwhile whoever asks asks often.
        """
        while not self._counts and not stop.is_set():
            try:
                self._hear(heard, stop)
            except (SQLAlchemyError, self._database.engine.dialect.loaded_dbapi.Error):
                self._hears.clear()
                stop.wait(_ATTENTIVE)

    def _hear(self, heard: Callable[[], None], stop: threading.Event) -> None:
        connection = self._database.alone()
        try:
            connection.execute(f"LISTEN {_CHANNEL}")
            self._hears.set()
            heard()  # what was said before it listened
            while not stop.is_set():
                for _ in connection.notifies(timeout=_ATTENTIVE, stop_after=1):
                    heard()
        finally:
            self._hears.clear()
            with suppress(Exception):  # it may be broken
                connection.close()

    def beats(self) -> bool:
        """Whether to have a look. Says yes when the database cannot be asked: the look will tell why."""
        try:
            if self._connection is None:
                self._connection = self._database.alone()
            told = self._connection.execute(self._query).fetchone()[0]
        except (SQLAlchemyError, self._database.engine.dialect.loaded_dbapi.Error):
            self.close()
            return True
        if not self._counts:
            return bool(told)
        seen, self._seen = self._seen, told
        return told != seen

    def close(self) -> None:
        """Give the connection back; the next look opens another."""
        connection, self._connection = self._connection, None
        self._seen = None  # another connection counts anew
        if connection is not None:
            with suppress(Exception):  # it may be broken: that is why it goes
                connection.close()


def call(tx: Tx) -> None:
    """Have all who listen look, once this transaction is committed. On SQLite a commit is seen by itself."""
    if tx.dialect.name == "postgresql":
        tx.execute(_CALL)
