"""Two processes take in the same key at the same moment: the one that comes second sees what the first has made of it."""

import threading
from pathlib import Path

import pytest

from pilotage.app import Platform, Project
from pilotage.cases.arrivals import Arrival
from pilotage.cases.service.intake import Receipt
from pilotage.cases.service.proving import prove
from tests.cases.test_submitting import orders
from tests.conftest import PostgresServer


@pytest.mark.postgres
@pytest.mark.parametrize(("pieces", "duplicates", "quarantined"), [(1, 1, 0), (2, 0, 1)])
def test_a_key_that_is_taken_meanwhile_is_looked_at_again(
    postgres_server: PostgresServer, tmp_path: Path, pieces: int, duplicates: int, quarantined: int
) -> None:
    """The same content is a duplicate, other content is kept as a conflict: neither is dropped in silence."""
    with postgres_server.database() as url:
        project = Project(root=tmp_path, environment="dev", database_url=url, automations=())
        first, second = Platform(project, [orders]), Platform(project, [orders])
        found: list[Receipt] = []

        def race() -> None:
            submission = second.intake.begin(orders, "second")
            arrivals = [Arrival(fields={"id": "O1", "pieces": pieces}), Arrival(fields={"id": "O2"})]
            found.append(second.intake.take(orders, submission, arrivals))

        racing = threading.Thread(target=race)
        block = first.intake.prepared(orders, [Arrival(fields={"id": "O1", "pieces": 1})])
        submission = first.intake.begin(orders, "first")
        with first.database.transaction() as tx:
            first.intake.store(tx, block, submission)
            racing.start()
            _wait_for_a_lock(first)
        racing.join(30)
        assert [(one.accepted, one.duplicates, one.quarantined) for one in found] == [(1, duplicates, quarantined)]
        assert prove(first.database).holds
        first.close()
        second.close()


def _wait_for_a_lock(platform: Platform) -> None:
    """Until somebody waits for what another transaction has inserted."""
    with platform.database.engine.connect() as connection:
        for _ in range(3_000):
            waiting = "SELECT count(*), pg_sleep(0.01) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"
            if connection.exec_driver_sql(waiting).one()[0]:
                return
            connection.rollback()
    raise AssertionError("nobody waited")
