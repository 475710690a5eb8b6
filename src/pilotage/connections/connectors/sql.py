"""A SQL database as the other side of a connection. What leaves is the COMMIT: before it, nothing was done.

A connection that breaks earlier, an error of the statement, or a time-out is rolled back by the database, and known as not
done. Only where the COMMIT itself has no answer is the outcome unknown.
"""

import asyncio
import json
import re
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final, cast
from uuid import UUID

import sqlalchemy as sa
from pydantic_core import to_json
from sqlalchemy import event, exc

from pilotage.kernel.clock import Clock, SystemClock
from pilotage.machinery.net.departure import Departure
from pilotage.machinery.net.door import Door
from pilotage.machinery.net.errors import MayHaveLeft, NeverLeft, NoSuchAddress, TookTooLong
from pilotage.machinery.net.messages import Answer, Origin, Outgoing
from pilotage.machinery.net.sockets import addresses_of, allowed

_AT_ONCE: Final = 8
_TABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?")
_QUOTED: Final = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)
_TRY_AGAIN: Final = frozenset({"40001", "40P01", "55P03", "57014"})
"""PostgreSQL: could not be serialised, a deadlock, a lock that was not to be had, cancelled for its time."""
_NOT_LOST: Final = (exc.DataError, exc.ProgrammingError, exc.NotSupportedError, exc.InternalError)
_NOT_LET_IN: Final = frozenset({"28000", "28P01"})
_READ: Final[Mapping[str, Callable[[str], object]]] = {
    "bytes": bytes.fromhex,
    "decimal": Decimal,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "time": time.fromisoformat,
    "uuid": UUID,
}


def origin_of(url: str) -> Origin:
    """Where a database lives, without user and password. Raises NoSuchAddress (PLT-243)."""
    try:
        parts = sa.make_url(url)
    except exc.ArgumentError:
        raise NoSuchAddress("The address of a database cannot be read.", _WRITE_IT) from None
    if parts.password:
        raise NoSuchAddress(
            "A password stands in the address of a database.", "Take it out of the address and set it as a secret."
        )
    name = parts.get_backend_name()
    return Origin(scheme=name, host=parts.host or "", port=parts.port, prefix=f"/{parts.database or ''}")


_WRITE_IT: Final = "Write postgresql://USER@HOST/NAME or sqlite:///PATH; the password is a secret."


class _TakenBack(Exception):
    """Raised inside a transaction, which is rolled back."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(kw_only=True)
class _Work:
    """One transaction, and whether it may still be committed."""

    leaving: Departure
    given_up: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def commit(self, transaction: sa.Transaction) -> None:
        """Commit, unless it is too late; from here on it may have been done."""
        with self.lock:
            if self.given_up:
                raise NeverLeft("It took longer than the time-out, and was rolled back.")
            self.leaving.leave()
        transaction.commit()

    def give_up(self) -> bool:
        """Never commit from now on; whether that was in time."""
        with self.lock:
            self.given_up = True
            return not self.leaving.left


class SqlClient:
    """Connections to one database, each used in a thread, so that no event loop waits for it."""

    def __init__(self, door: Door, url: str, *, total: float, clock: Clock | None = None) -> None:
        self._clock: Clock = clock or SystemClock()
        self._door = door
        self._url = sa.make_url(url)
        if self._url.get_backend_name() == "postgresql":
            self._url = self._url.set(drivername="postgresql+psycopg")
        self._origin = origin_of(url)
        self._total = total
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="sql")
        self._engine: tuple[str, sa.Engine] | None = None
        self._lock = threading.Lock()

    async def send(self, request: Outgoing, leaving: Departure, /) -> Answer:
        """What the database says, as a status with JSON. Raises NeverLeft or MayHaveLeft."""
        self._door.pass_through("SQL", str(self._origin), reads=request.path == "/rows")
        password = request.headers.get("Authorization", "").removeprefix("Bearer ")
        asked = cast("dict[str, Any]", json.loads(request.body or b"{}"))
        do = {"/rows": self._rows, "/write": self._write}.get(request.path)
        if do is None:
            return _said(405, "a database takes rows(), row() and write()")
        key = request.headers.get("Idempotency-Key", "")
        work = _Work(leaving=leaving)
        running = asyncio.get_running_loop().run_in_executor(self._threads, self._do, do, asked, password, key, work)
        try:
            async with asyncio.timeout(self._total):
                return await asyncio.shield(running)
        except TimeoutError:
            running.add_done_callback(lambda done: done.cancelled() or done.exception())
            if work.give_up():
                raise NeverLeft("It took longer than the time-out, and was rolled back.") from None
            raise TookTooLong("It was committed, but no answer came in time.") from None

    async def close(self) -> None:
        """Close every connection; what still runs is ended by the database when its time is over."""
        await asyncio.to_thread(self._threads.shutdown, wait=True, cancel_futures=True)
        if self._engine is not None:
            self._engine[1].dispose()

    def _do(
        self,
        do: Callable[[sa.Connection, dict[str, Any], str, _Work], Answer],
        asked: dict[str, Any],
        password: str,
        key: str,
        work: _Work,
    ) -> Answer:
        if fault := _not_one_statement(str(asked["sql"])):
            return _said(400, fault)
        try:
            with self._engine_for(password).connect() as connection:
                return do(connection, asked, key, work)
        except exc.DBAPIError as error:
            return self._failed(error, work)
        except exc.SQLAlchemyError as error:  # a parameter that the statement does not have, or lacks
            return _said(400, type(error).__name__)
        except (ValueError, RecursionError) as error:  # Python cannot hold what stands there: bytes that are no text
            return _said(422, type(error).__name__)

    def _failed(self, error: exc.DBAPIError, work: _Work) -> Answer:
        state = str(getattr(error.orig, "sqlstate", None) or "")
        if state in _NOT_LET_IN:
            return _said(401, "it lets nobody in with this credential")
        if state in _TRY_AGAIN or _is_busy(error):
            return Answer(status=429, headers={"retry-after": "1"}, body=b"")
        if state and not state.startswith(("08", "57P")):
            return _said(422, f"SQLSTATE {state}")  # its own words may hold what stands in the row
        if "password authentication failed" in str(error.orig):  # while it connects, there is no state
            return _said(401, "it lets nobody in with this credential")
        if self._origin.scheme == "sqlite" and (isinstance(error, exc.IntegrityError) or not work.leaving.left):
            return _said(422, type(error.orig).__name__)
        if isinstance(error, _NOT_LOST) and not (error.connection_invalidated or work.leaving.left):
            return _said(
                422, type(error.orig).__name__
            )  # the driver cannot make anything of what it was given or answered
        if work.leaving.left:
            raise MayHaveLeft("The connection broke while it was committed.") from None
        raise NeverLeft("The database does not answer, and nothing was committed.") from None

    # -- the two things that it does -----------------------------------------------

    def _rows(self, connection: sa.Connection, asked: dict[str, Any], key: str, work: _Work) -> Answer:
        del key, work
        most = int(asked["most"])
        with self._reading(connection) as reading:
            found = reading.execute(sa.text(asked["sql"]), _parameters(asked, reading))
            rows = found.mappings().fetchmany(most + 1)
        fault = f"it has more than {most:,} rows" if len(rows) > most else None
        return Answer(status=200, headers=_JSON, body=_body({"rows": _plain(rows[:most])}), fault=fault)

    @contextmanager
    def _reading(self, connection: sa.Connection) -> Generator[sa.Connection]:
        """A transaction in which nothing can be written."""
        if connection.dialect.name == "postgresql":
            connection = connection.execution_options(postgresql_readonly=True)
        with connection.begin() as transaction:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA query_only=ON")
            try:
                self._limit(connection)
                yield connection
            finally:
                self._unlimit(connection)
                if connection.dialect.name == "sqlite":
                    connection.exec_driver_sql("PRAGMA query_only=OFF")
            transaction.rollback()

    def _write(self, connection: sa.Connection, asked: dict[str, Any], key: str, work: _Work) -> Answer:
        keys = asked.get("keys")
        if keys is not None and not _TABLE.fullmatch(str(keys)):
            return _said(400, "keys= is no name of a table")
        try:
            with connection.begin() as transaction:
                self._limit(connection)
                if keys is not None:
                    note = sa.text(f"INSERT INTO {keys} (key, answer) VALUES (:key, '')")  # noqa: S608 - looked at above
                    connection.execute(note, {"key": key})
                body = self._written(connection, asked, key)
                self._unlimit(connection)
                work.commit(transaction)
                return Answer(status=200, headers=_JSON, body=body)
        except _TakenBack as error:
            return _said(422, error.why)
        except exc.IntegrityError:
            before = None if keys is None or work.leaving.left else self._before(connection, str(keys), key)
            if before is None:
                raise
            return Answer(status=200, headers=_JSON, body=before)

    @staticmethod
    def _written(connection: sa.Connection, asked: dict[str, Any], key: str) -> bytes:
        done = connection.execute(sa.text(asked["sql"]), _parameters(asked, connection))
        returned: Sequence[sa.RowMapping] = done.mappings().fetchall() if done.returns_rows else []
        rows = len(returned) if done.returns_rows else done.rowcount
        if asked["exactly"] is not None and rows != asked["exactly"]:
            raise _TakenBack(f"it touches {rows:,} rows and not {asked['exactly']:,}, so it was rolled back")
        body = _body({"rows": rows, "returned": _plain(returned)})
        if asked.get("keys") is not None:
            note = sa.text(f"UPDATE {asked['keys']} SET answer = :answer WHERE key = :key")  # noqa: S608 - looked at before
            connection.execute(note, {"answer": body.decode(), "key": key})
        return body

    @staticmethod
    def _before(connection: sa.Connection, keys: str, key: str) -> bytes | None:
        """What the same act was answered before; None: it is new, and something else was not unique."""
        with connection.begin():
            query = sa.text(f"SELECT answer FROM {keys} WHERE key = :key")  # noqa: S608 - a name, looked at above
            found = connection.execute(query, {"key": key}).scalar_one_or_none()
        return None if found is None else str(found).encode()

    # -- what differs between databases ----------------------------------------------

    def _limit(self, connection: sa.Connection) -> None:
        """Let the database itself end a statement that takes too long."""
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SET LOCAL statement_timeout = {int(self._total * 1000)}")
        elif connection.dialect.name == "sqlite":
            driver: Any = connection.connection.driver_connection
            ends = self._clock.monotonic() + self._total
            driver.set_progress_handler(lambda: int(self._clock.monotonic() > ends), 10_000)

    @staticmethod
    def _unlimit(connection: sa.Connection) -> None:
        if connection.dialect.name == "sqlite":
            driver: Any = connection.connection.driver_connection
            driver.set_progress_handler(None, 0)

    def _engine_for(self, password: str) -> sa.Engine:
        with self._lock:
            if self._engine is not None and self._engine[0] == password:
                return self._engine[1]
            if self._engine is not None:
                self._engine[1].dispose()
            self._engine = (password, self._opened(password))
            return self._engine[1]

    def _opened(self, password: str) -> sa.Engine:
        url = self._url.set(password=password) if password else self._url
        arguments: dict[str, object] = {}
        if url.get_backend_name() == "postgresql":
            arguments = {"connect_timeout": max(2, int(self._total)), "application_name": "pilotage step"}
            self._judge(arguments)
        elif url.get_backend_name() == "sqlite":
            arguments = {"timeout": self._total, "check_same_thread": False}
        engine = sa.create_engine(
            url, pool_size=_AT_ONCE, max_overflow=0, pool_pre_ping=True, hide_parameters=True, connect_args=arguments
        )
        if url.get_backend_name() == "postgresql":
            from pilotage.connections.connectors.moments import read_as_texts  # noqa: PLC0415 - needs the driver

            event.listen(engine, "connect", read_as_texts)
        return engine

    def _judge(self, arguments: dict[str, object]) -> None:
        """Resolve the host, and connect to an address that the environment allows and to no other."""
        host = self._origin.host
        if not host or host.startswith("/"):
            return
        try:
            found = addresses_of(host, self._origin.port or 0)
        except OSError:
            raise NeverLeft("Its name has no address.") from None
        arguments["hostaddr"] = allowed(self._door, host, found)[0]


_JSON: Final = {"content-type": "application/json"}


def _not_one_statement(text: str) -> str | None:
    """Why a text is not one statement; quoted parts and comments are passed over."""
    bare = _QUOTED.sub("", text).strip().rstrip(";")
    if ";" in bare:
        return "it is more than one statement, and an act is one"
    return None if bare else "it is no statement"


def _parameters(asked: dict[str, Any], connection: sa.Connection) -> dict[str, object]:
    given = cast("dict[str, object]", asked["parameters"])
    as_texts = connection.dialect.name == "sqlite"  # it knows no dates and no exact numbers, and reads both from texts
    return {name: _untagged(value, as_texts=as_texts) for name, value in given.items()}


def _untagged(value: object, *, as_texts: bool) -> object:
    if not isinstance(value, list):
        return value
    kind, text = cast("list[str]", value)
    return text if as_texts and kind != "bytes" else _READ[kind](text)


def _plain(rows: Sequence[sa.RowMapping]) -> list[dict[str, object]]:
    return [dict(row) for row in rows]


def _body(answer: dict[str, object]) -> bytes:
    return to_json(answer, bytes_mode="base64", fallback=str)


def _said(status: int, why: str) -> Answer:
    return Answer(status=status, headers={"content-type": "text/plain"}, body=why.encode())


def _is_busy(error: exc.DBAPIError) -> bool:
    said = str(error.orig).lower()
    return "database is locked" in said or "interrupted" in said
