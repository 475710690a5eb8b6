"""A database, SQLite in a file or PostgreSQL by URL, with the same few verbs for both."""

import os
import sqlite3
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, cast

import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext
from sqlalchemy.pool import ConnectionPoolEntry

from pilotage.kernel.clock import Beat, Clock, SystemClock, TwoClocks, micros
from pilotage.kernel.interrupts import undivided
from pilotage.machinery.storage import taking_turns
from pilotage.machinery.storage.failures import FILE, DatabaseNotOurs
from pilotage.machinery.storage.outages import Outage
from pilotage.machinery.storage.waiting import Meter, Waited

Tx: TypeAlias = sa.Connection
"""A connection with a transaction open on it; whoever gets one neither commits nor rolls back."""

Dialect = Literal["sqlite", "postgresql"]
BUSY_MS: Final = 30_000
"""How long a SQLite connection waits for another writer before it gives up."""
LONG_LOG: Final = 64 << 20
"""Bytes of SQLite's log of changes from which on it is emptied by force."""
LOG_PAGES: Final = 8_000
"""Pages of that log (32 MB) after which a commit brings them into the file: SQLite's own 1,000 come ten times a second, and write
the same pages again and again."""
STILL_MS: Final = 60_000
"""How long a process that stands still in the middle of a transaction keeps its locks on PostgreSQL: who takes its batches
over waits for them. A killed process keeps none; one that is stopped, or whose host is gone, would keep them for ever."""

NOT_FOR_EVER: Final = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
"""How long a connection waits for a server that is gone without a word, its host or the network: half a minute, not hours."""

WRITES: Final = "pilotage_writes"
"""The execution option of a transaction on SQLite that takes the write lock when it begins."""


class Database:
    """The database of one environment.

    `clock` is what tells the time on SQLite; PostgreSQL is asked itself, unless a test sets `clock` for it too. `patience` is
    how many seconds a transaction waits for SQLite's write lock.
    """

    def __init__(
        self, url: str, *, clock: Clock | None = None, pool_size: int = 10, patience: float = BUSY_MS / 1000
    ) -> None:
        parsed = sa.make_url(url)
        self.dialect: Dialect = _dialect(parsed)
        if self.dialect == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        self.folder = Path(parsed.database).parent if self.dialect == "sqlite" and parsed.database else None
        """Where SQLite's file lies; None for a server, or in memory."""
        self.url: str = parsed.render_as_string(hide_password=False)
        self._clock = clock
        self._host_clock: Clock = clock or SystemClock()
        self._latest = 0
        self._anchor = (0, 0.0)
        self.outage = Outage()
        self.waits = Meter()
        """What writes of this process wait for SQLite's lock."""
        self.line = taking_turns.Line(patience)
        """Where they stand for it."""
        self.engine = (
            self._postgres(parsed, pool_size) if self.dialect == "postgresql" else self._sqlite(parsed, pool_size)
        )

    def _sqlite(self, url: sa.URL, pool_size: int) -> sa.Engine:
        if url.database and not url.database.startswith(":"):
            _make_private(Path(url.database))
        engine = sa.create_engine(
            url,
            pool_size=pool_size,
            max_overflow=20,
            hide_parameters=True,
            connect_args={"check_same_thread": False, "isolation_level": None, "factory": taking_turns.Connection},
        )
        event.listen(engine, "connect", _on_sqlite_connect)
        event.listen(engine, "begin", partial(_on_sqlite_begin, self.line))
        event.listen(engine, "handle_error", partial(_on_sqlite_error, url.database))
        return engine

    def _postgres(self, url: sa.URL, pool_size: int) -> sa.Engine:
        engine = sa.create_engine(
            url,
            pool_size=pool_size,
            max_overflow=20,
            pool_pre_ping=True,
            isolation_level="READ COMMITTED",
            hide_parameters=True,  # an error's text goes to the log, and what is personal does not
            connect_args={"prepare_threshold": 2, "application_name": "pilotage"} | NOT_FOR_EVER,
        )
        event.listen(engine, "connect", _on_postgres_connect)
        return engine

    def transaction(self) -> AbstractContextManager[Tx]:
        """A transaction that writes: on SQLite it takes the write lock at once, so that it never fails half-way."""
        return undivided(self._transaction())

    def snapshot(self) -> AbstractContextManager[Tx]:
        """A transaction that reads one state of the database, however many statements it makes."""
        return undivided(self._snapshot())

    @contextmanager
    def _transaction(self) -> Generator[Tx]:
        asked = self.outage.began()
        with self.engine.connect() as connection:
            options = connection.execution_options(**{WRITES: True}) if self.dialect == "sqlite" else connection
            began = self._host_clock.monotonic()
            with options.begin():
                if self.dialect == "sqlite":
                    now = self._host_clock.monotonic()
                    self.waits.note(now - began, now)
                yield options
        self.outage.over(asked)

    @contextmanager
    def _snapshot(self) -> Generator[Tx]:
        asked = self.outage.began()
        with self.engine.connect() as connection:
            if self.dialect == "postgresql":
                connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)  # noqa: PLW2901
            with connection.begin():
                yield connection
        self.outage.over(asked)

    def alone(self) -> Any:
        """A connection of the driver's own, outside of the pool, on which each statement stands alone. Close it when done."""
        pooled = self.engine.raw_connection()
        driver: Any = pooled.driver_connection
        pooled.detach()
        if self.dialect == "postgresql":
            driver.autocommit = True
        return driver

    def waited(self) -> Waited:
        """What writes of this process have waited for SQLite's lock in the last minutes."""
        return self.waits.last(self._host_clock.monotonic())

    def now(self, tx: Tx) -> int:
        """Platform time in microseconds since 1970: the database's clock, the same for every process.

        On SQLite it is the host's clock. Where that runs backwards, the time goes on within this process as if it had not.
        """
        if self._clock is not None:
            return micros(self._clock.now())
        if self.dialect == "postgresql":
            return int(tx.execute(_POSTGRES_NOW).scalar_one())
        steady, wall = self._host_clock.monotonic(), micros(self._host_clock.now())
        if wall > self._latest:
            self._latest, self._anchor = wall, (wall, steady)
        else:
            at, then = self._anchor
            self._latest = max(self._latest + 1, at + int((steady - then) * 1_000_000))
        return self._latest

    def beat(self) -> Beat | None:
        """Both clocks of the host at one moment, on SQLite; None where time is the server's, or a test's clock has only one."""
        if self.dialect == "postgresql" or not isinstance(self._host_clock, TwoClocks):
            return None
        return self._host_clock.beat()

    def shorten_log(self) -> int:
        """On SQLite, bring a log of changes that has become long into the file, and empty it; 1 where that was done.

        SQLite begins its log anew by itself only in a moment in which nobody reads, and with several readers at all times
        there is none. Here writers wait for the readers of this moment, a second at most: else it is tried another time.
        """
        if self.dialect != "sqlite" or not (name := self.engine.url.database):
            return 0
        log = Path(f"{name}-wal")
        if not log.exists() or log.stat().st_size <= LONG_LOG:
            return 0
        connection = self.engine.raw_connection()
        try:
            cursor = connection.cursor()
            try:
                cursor.execute("PRAGMA busy_timeout=1000")
                busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()[0][0]
            finally:
                cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        finally:
            connection.close()
        return 0 if busy else 1

    def close(self) -> None:
        """Give every connection back to the operating system."""
        self.engine.dispose()


def _dialect(url: sa.URL) -> Dialect:
    """Which of the two it is. Raises DatabaseNotOurs (PLT-933)."""
    match url.get_backend_name():
        case "sqlite":
            return "sqlite"
        case "postgresql" | "postgres":
            return "postgresql"
        case other:
            raise DatabaseNotOurs(
                f"The platform's database is SQLite or PostgreSQL, and {other} is neither.",
                "Write sqlite:///PATH or postgresql://USER@HOST/NAME into PILOTAGE_DATABASE_URL. To read another database in "
                "a step, declare a pl.Database.",
            )


_POSTGRES_NOW: Final = sa.text("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")


def _on_postgres_connect(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
    del record
    cursor = connection.cursor()
    cursor.execute(f"SET idle_in_transaction_session_timeout = {STILL_MS}")
    cursor.close()
    connection.commit()


def _make_private(file: Path) -> None:
    """Make the file and its folder where they are missing: what is in it is about people, and its owner alone may read it."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(file, os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        if not file.parent.is_dir():
            raise DatabaseNotOurs(
                f"The database is to lie in {file.parent}, which is a file and no folder.", "Take that file away."
            ) from None
    except OSError as error:
        if not file.exists():
            raise DatabaseNotOurs(
                f"The database {file} cannot be made: {error.strerror}.",
                "Name a place that this user may write to, or let the user write there.",
            ) from None


def _on_sqlite_connect(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
    del record
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={BUSY_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "cache_size=-65536",
        "temp_store=MEMORY",
        f"journal_size_limit={LONG_LOG}",
        f"wal_autocheckpoint={LOG_PAGES}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _on_sqlite_error(file: str | None, context: ExceptionContext) -> None:
    """Say in which file it was: SQLite does not."""
    if file:
        setattr(context.original_exception, FILE, file)


def begin_writing(connection: taking_turns.Connection, line: taking_turns.Line) -> None:
    """Take SQLite's write lock, in turn. Raises SQLAlchemy's OperationalError where others keep it."""
    try:
        connection.begin_writing(line)
    except sqlite3.OperationalError as error:
        raise exc.OperationalError("BEGIN IMMEDIATE", None, error) from error


def _on_sqlite_begin(line: taking_turns.Line, connection: sa.Connection) -> None:
    if connection.get_execution_options().get(WRITES, False):
        driver = cast("taking_turns.Connection", connection.connection.driver_connection)
        begin_writing(driver, line)
    else:
        connection.exec_driver_sql("BEGIN")
