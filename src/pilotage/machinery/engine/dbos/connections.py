"""What DBOS is given to reach the database: sessions on our engine for checkpoints, an engine of its own for the rest."""

from functools import partial
from typing import Any, Final, cast

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from pilotage.machinery.storage import taking_turns
from pilotage.machinery.storage.database import BUSY_MS, LOG_PAGES, NOT_FOR_EVER, WRITES, Database, begin_writing


class EngineClosed(Exception):
    """The engine to which this connection would belong has been closed."""


SCHEMA: Final = "dbos"
_WRITES: Final = ("INSERT", "UPDATE", "DELETE", "REPLAC")
_IDLE_IN_TRANSACTION_MS: Final = 5_000
"""How long a process that stands still in the middle of one of DBOS's transactions, which take milliseconds, keeps its
locks. Until then nobody can take its batches over. DBOS repeats what was cut off."""


def sessions(database: Database) -> "sessionmaker[Session]":
    """Sessions in whose transactions a checkpoint is saved."""
    return sessionmaker(class_=_CheckpointSession, info={"database": database}, expire_on_commit=False)


class _CheckpointSession(Session):
    """Writes on our engine, and begins as a checkpoint must.

    On SQLite the write lock is taken at once, so that a checkpoint never fails half-way, and the isolation level is left
    alone: setting it would make the driver begin transactions by itself on a connection that goes back to our pool.
    """

    def __init__(self, bind: sa.Engine, **said: Any) -> None:
        del bind  # DBOS's own, on which it reads checkpoints and deletes them, and which does not wait for the disk
        super().__init__(bind=said["info"]["database"].engine, **said)

    def connection(self, bind_arguments: Any = None, execution_options: Any = None) -> sa.Connection:
        if execution_options and self.info["database"].dialect == "sqlite":
            execution_options = {WRITES: True}
        return super().connection(bind_arguments, execution_options)


def of_its_own(database: Database, connections: int) -> sa.Engine:
    """An engine for DBOS's own tables, which lie in our database.

    It commits without waiting for the disk. Nothing is lost by that: our own transactions wait, and a database writes one
    log in the order of the commits, so whatever DBOS committed before one of ours is on the disk with it. A power failure
    can only take DBOS's latest commits, those behind the last of ours; then a batch seems a little less advanced than it
    was, as after a crash a moment earlier: it is started again, and finds its checkpoints.
    """
    if database.dialect == "sqlite":
        # A lock on the file is waited for by SQLite; `pool_size` only bounds how many connections are kept.
        connect_args: dict[str, object] = {
            "check_same_thread": False,
            "isolation_level": None,
            "factory": taking_turns.Connection,
        }
        listener = _on_sqlite_connect
    else:
        connect_args = {"application_name": "pilotage-dbos", **NOT_FOR_EVER}
        listener = _on_postgres_connect
    engine = sa.create_engine(
        database.url,
        pool_size=connections,
        max_overflow=connections,
        pool_pre_ping=database.dialect == "postgresql",
        connect_args=connect_args,
        hide_parameters=True,
    )
    event.listen(engine, "connect", listener)
    if database.dialect == "postgresql":
        wait_for_the_database(engine)
    else:
        event.listen(engine, "before_cursor_execute", partial(_before_writing, database.line))
    return engine


def wait_for_the_database(engine: sa.Engine) -> None:
    """Have DBOS wait for a database that is away, as it means to: it repeats what failed for a lost connection.

    It tells a lost connection by SQLAlchemy's word or by the words of some messages. A server that is being restarted
    refuses connections with other words than those, and SQLAlchemy does not call it a lost connection either. Without
    this a run that met a restart raises.
    """
    if not event.contains(engine, "handle_error", _no_connection_is_a_lost_connection):
        event.listen(engine, "handle_error", _no_connection_is_a_lost_connection)


def _no_connection_is_a_lost_connection(context: sa.ExceptionContext) -> None:
    if context.connection is None and isinstance(context.sqlalchemy_exception, OperationalError):
        context.is_disconnect = True


def _on_sqlite_connect(connection: Any, record: object) -> None:
    del record
    for pragma in (
        f"busy_timeout={BUSY_MS}",
        "foreign_keys=ON",
        "journal_mode=WAL",
        "synchronous=NORMAL",
        f"wal_autocheckpoint={LOG_PAGES}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _before_writing(
    line: taking_turns.Line, connection: sa.Connection, cursor: object, statement: str, *_: object
) -> None:
    """Begin a writing transaction with the lock, as on an engine that DBOS makes itself, but in turn with our own writes.

    SQLite would have DBOS's threads sleep, up to a tenth of a second at a time, while ours pass them.
    """
    del cursor
    driver = cast("taking_turns.Connection", connection.connection.driver_connection)
    if not driver.in_transaction and statement.lstrip()[:6].upper() in _WRITES:
        begin_writing(driver, line)


def _on_postgres_connect(connection: Any, record: object) -> None:
    del record
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
        cursor.execute(f"SET idle_in_transaction_session_timeout = {_IDLE_IN_TRANSACTION_MS}")
    connection.commit()


def dispose(engine: sa.Engine) -> None:
    """Close every connection, also those that a thread of DBOS gives back only later, and make no more.

    A run that lost its workflow behind its last checkpoint waits in its thread for the outcome of the other run, and DBOS
    waits for a database that is away, both for ever. The interpreter would wait for them at its end. Refused a connection
    they give up.
    """
    event.listen(engine, "checkin", _close_at_once)
    event.listen(engine, "do_connect", _refuse)
    engine.dispose()


def _refuse(*_: object) -> None:
    raise EngineClosed


def _close_at_once(connection: object, record: ConnectionPoolEntry) -> None:
    del connection
    record.invalidate()


def remove_checkpoints(database: Database, workflows: list[str]) -> None:
    """Remove the records that lie beside our own rows; DBOS removes only those of a workflow that ran to its end."""
    schema = SCHEMA if database.dialect == "postgresql" else None
    outputs = sa.table("datasource_outputs", sa.column("workflow_id"), schema=schema)
    with database.transaction() as tx:
        tx.execute(sa.delete(outputs).where(outputs.c.workflow_id.in_(workflows)))
