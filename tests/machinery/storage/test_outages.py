import logging

import psycopg
import pytest
from sqlalchemy import exc

from pilotage.machinery.storage.database import Database
from pilotage.machinery.storage.outages import Outage


def wrapped(error: Exception) -> exc.OperationalError:
    """The error as a statement raises it."""
    return exc.OperationalError("SELECT 1", {}, error)


def test_a_server_that_is_away_is_said_once_and_its_return_once(caplog: pytest.LogCaptureFixture) -> None:
    """However many attempts fail and however many threads notice, the log has one line when it goes and one when it is back."""
    outage = Outage()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert outage.noticed(wrapped(psycopg.OperationalError("connection failed: refused\n\tIs it running?")))
        outage.over(outage.began())
        outage.over(outage.began())
    assert [record.message for record in caplog.records] == ["database.away", "database.back"]
    assert "does not answer: connection failed: refused. Work goes on by itself" in vars(caplog.records[0])["words"]


def test_what_began_before_the_server_went_proves_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """A transaction whose commit was the last that the server answered ends after others have noticed that it is gone."""
    outage = Outage()
    began = outage.began()
    with caplog.at_level(logging.WARNING):
        assert outage.noticed(wrapped(psycopg.OperationalError("connection is bad")))
        outage.over(began)
    assert [record.message for record in caplog.records] == ["database.away"]


@pytest.mark.parametrize(
    ("error", "lost"),
    [
        (psycopg.errors.AdminShutdown("terminating connection"), True),
        (psycopg.errors.CannotConnectNow("the database system is starting up"), True),
        (psycopg.errors.IdleInTransactionSessionTimeout("terminated"), True),
        (psycopg.errors.DeadlockDetected("deadlock detected"), False),
        (psycopg.errors.LockNotAvailable("lock timeout"), False),
        (psycopg.errors.DiskFull("no space left"), False),
    ],
)
def test_only_a_lost_server_is_an_outage(error: Exception, lost: bool) -> None:  # noqa: FBT001
    """What a server that is there refuses stays an error with all its details."""
    assert Outage().noticed(wrapped(error)) is lost


def test_an_error_that_comes_of_a_lost_server_is_noticed() -> None:
    """Also where somebody else's error stands around it."""
    around = RuntimeError()
    around.__cause__ = wrapped(psycopg.OperationalError("server closed the connection unexpectedly"))
    assert Outage().noticed(around)
    assert not Outage().noticed(RuntimeError())


def test_a_transaction_that_ended_says_that_the_server_is_back(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The next transaction of any thread is enough."""
    database = Database(database_url)
    try:
        assert database.outage.noticed(wrapped(psycopg.OperationalError("connection is bad")))
        with caplog.at_level(logging.WARNING), database.snapshot():
            pass
        assert [record.message for record in caplog.records] == ["database.away", "database.back"]
    finally:
        database.close()
