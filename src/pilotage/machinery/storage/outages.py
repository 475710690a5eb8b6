"""A database server that is away: said once when it goes and once when it is back, whichever threads notice.

Whoever works goes on by itself when the server is back, so each failed attempt in between is no news.
"""

import logging
import threading
from typing import Final

import psycopg
from sqlalchemy import exc

from pilotage.kernel.clock import Clock, SystemClock

_AWAY_STATES: Final = ("08", "57P", "25P03", "53300")
"""How the server's own words begin when it ends a connection, or takes none: a lost connection, a shutdown, too many."""

_log = logging.getLogger("pilotage.storage")


class Outage:
    """Whether the server of one database is away, as far as this process knows."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock: Clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._since: float | None = None

    def noticed(self, error: BaseException) -> bool:
        """Whether the error says that the server is away; then it is said, if it was there until now."""
        said = _said_of_a_lost_server(error)
        if said is None:
            return False
        with self._lock:
            new = self._since is None
            if new:
                self._since = self._clock.monotonic()
        if new:
            words = f"The database does not answer: {said}. Work goes on by itself when it does."
            _log.error("database.away", extra={"words": words})
        return True

    def began(self) -> float:
        """The moment to give to `over` when what begins now has come to its end."""
        return self._clock.monotonic()

    def over(self, began: float) -> None:
        """A transaction that began at that moment came to its end; if the server was away before, it is back, and that is said.

        One that began earlier may have been answered with the server's last words: it proves nothing.
        """
        if self._since is not None and began > self._since:
            self._say_that_it_is_back(began)

    def _say_that_it_is_back(self, began: float) -> None:
        with self._lock:
            since = self._since
            back = since is not None and began > since
            if back:
                self._since = None
        if since is not None and back:  # else another thread has said so
            _log.warning("database.back", extra={"away_seconds": round(self._clock.monotonic() - since, 1)})


def is_lost_server(error: BaseException) -> bool:
    """Whether the error comes of a database server that is away."""
    return _said_of_a_lost_server(error) is not None


def is_of_the_database(error: BaseException) -> bool:
    """Whether the database cannot at the moment, whatever it is asked: it is away, locked or full."""
    return isinstance(error, exc.OperationalError) or is_lost_server(error)


def _said_of_a_lost_server(error: BaseException | None) -> str | None:
    """What the server or the driver said, if that is what the error comes of."""
    while error is not None:
        said = error.orig if isinstance(error, exc.DBAPIError) else error
        if isinstance(said, psycopg.Error):
            connecting = isinstance(said, psycopg.OperationalError | psycopg.InterfaceError)
            lost = connecting if said.sqlstate is None else said.sqlstate.startswith(_AWAY_STATES)
            return (str(said).strip() or type(said).__name__).splitlines()[0].rstrip(".") if lost else None
        error = error.__cause__
    return None
