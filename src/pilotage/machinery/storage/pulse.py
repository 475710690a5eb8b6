"""Whether there may be something new in the database, asked often and at next to no cost."""

from contextlib import suppress
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError

from pilotage.machinery.storage.database import Database

_VERSION: Final = "PRAGMA data_version"


class Pulse:
    """Looks whether others have written: fifty looks a second take less than a hundredth of a core.

    SQLite counts the commits of all other connections, and tells the count without reading a page. PostgreSQL does not; it
    is asked `query`, which gives one boolean: whether there is something to do. Either way "yes" means "have a look", and
    "no" may be late: who waits for a pulse looks for himself now and then. Used by one thread.
    """

    def __init__(self, database: Database, query: str) -> None:
        self._database = database
        self._query = _VERSION if database.dialect == "sqlite" else query
        self._counts = database.dialect == "sqlite"
        self._seen: object = None
        self._connection: Any = None

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
