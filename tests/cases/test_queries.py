"""A query as a source, at a real database: each row is a record once, and none is lost."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from pilotage.cases.reading import keyset
from pilotage.cases.service.holding import hold, resume
from pilotage.cases.store import looking
from pilotage.cases.tables import intake_sources, submissions
from pilotage.operations import sources
from pilotage.testing import Platform
from tests.cases.asked import Erp, Reader, automation, counts, insert, keys, query, reader, said
from tests.conftest import PostgresServer

pytestmark = pytest.mark.slow


@pytest.fixture(params=[pytest.param("sqlite"), pytest.param("postgres", marks=pytest.mark.postgres)])
def erp(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Erp]:
    """A database outside with an empty table, of either kind."""
    if request.param == "sqlite":
        made = Erp(f"sqlite:///{tmp_path / 'erp.sqlite'}")
        made.make()
        yield made
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.database() as url:
        made = Erp(url)
        made.make()
        yield made


Opens = Callable[..., Reader]


@pytest.fixture
def opens(erp: Erp, database_url: str) -> Iterator[Opens]:
    """Opens a platform whose records come from that database."""
    with stack() as opened:

        def open_it(*, page: int = 500, open_at_most: int = 100_000, **more: object) -> Reader:
            source = query(erp.url, **more)
            platform = Platform(automation(source, open_at_most=open_at_most), database_url=database_url)
            return opened(platform, page)

        yield open_it


@contextmanager
def stack() -> Generator[Callable[[Platform, int], Reader]]:
    """Closes what was opened."""
    made: list[tuple[Platform, Reader]] = []

    def opened(platform: Platform, page: int) -> Reader:
        platform.__enter__()
        found = reader(platform, page=page)
        made.append((platform, found))
        return found

    try:
        yield opened
    finally:
        for platform, found in made:
            found.close()
            platform.__exit__(None, None, None)


def test_rows_become_cases_once(erp: Erp, opens: Opens) -> None:
    """New rows are taken in pages, in order; what was taken is not taken again, and rows that came since are."""
    erp.add(*[(number, f"08:{number:02}:00") for number in range(1, 8)], (99, "08:30:00", 5, "internal"))
    found = opens(page=3)
    assert found.look() == 7
    assert found.look() == 0
    erp.add((8, "08:59:00"), (9, "08:59:00"))
    assert found.look() == 2
    assert counts(found.platform) == (9, 9, 0, 0)
    assert keys(found.platform, range(1, 10)) == [1] * 9
    found.platform.settle()
    with found.platform.inner.database.snapshot() as tx:
        assert [row.place for row in looking.cases_by_key(tx, "3", "orders")] == ["done"]


def test_rows_of_one_time_are_all_read(erp: Erp, opens: Opens) -> None:
    """Where many rows have the same time, the second column of the order carries on in the middle of them."""
    erp.add(*[(number, "08:00:00") for number in range(10)])
    found = opens(page=3)
    assert found.look() == 10
    assert counts(found.platform) == (10, 10, 0, 0)


def test_an_order_that_leaves_ties_is_said(erp: Erp, opens: Opens) -> None:
    """Ordered by the time alone, fewer ties than a page are read whole; more stop the reading, and nothing is skipped."""
    erp.add((1, "08:00:00"), (2, "08:00:00"), (3, "08:00:00"), (4, "08:01:00"))
    found = opens(page=2, by="updated_at")
    assert found.look() == 0
    failing, words = said(found.platform)
    assert failing == "answers differently"
    assert words == ("More than 2 rows have the same updated_at: name a column in by= as well that tells them apart.")
    assert counts(found.platform) == (0, 0, 0, 0)


def test_what_is_committed_late_is_found(erp: Erp, opens: Opens) -> None:
    """A row with an earlier time than what was read already is found, as long as it is not older than the overlap."""
    erp.add((1, "08:50:00"))
    found = opens(overlap="10m")
    if erp.kind == "sqlite":
        assert found.look() == 1
        erp.add((2, "08:41:00"), (3, "08:39:00"))
    else:
        with closing(erp.connect()) as slow:
            insert(slow, 2, "08:41:00")
            insert(slow, 3, "08:39:00")
            assert found.look() == 1
            slow.commit()
    assert found.look() == 1
    assert keys(found.platform, (1, 2, 3)) == [1, 1, 0]
    assert counts(found.platform) == (2, 2, 0, 0)


def test_a_time_in_the_future_hides_nothing(erp: Erp, opens: Opens) -> None:
    """A row that was written with a wrong year does not carry the reading past the rows of today."""
    erp.add((1, "08:50:00"))
    erp.run(
        "INSERT INTO orders VALUES (77, 1, 'sale', '2099-01-01 00:00:00" + ("')" if erp.kind == "sqlite" else "+00')")
    )
    found = opens()
    assert found.look() == 2
    erp.add((2, "09:03:00"))
    assert found.look() == 1
    assert keys(found.platform, (1, 2, 77)) == [1, 1, 1]


def test_a_changed_row_is_no_duplicate(erp: Erp, opens: Opens) -> None:
    """The same key with another content is a conflict beside the first, as it is with files."""
    erp.add((1, "08:50:00", 10))
    found = opens()
    found.look()
    erp.run("UPDATE orders SET amount = 11 WHERE id = 1")
    assert found.look() == 1
    assert counts(found.platform) == (2, 1, 0, 1)


def test_a_row_that_breaks_its_contract_is_kept(erp: Erp, opens: Opens) -> None:
    """It waits in quarantine as it was in the database, with the reason; the others go on."""
    erp.add((1, "08:50:00"), (2, "08:51:00", -3))
    found = opens()
    assert found.look() == 2
    assert counts(found.platform) == (2, 1, 0, 1)
    with found.platform.inner.database.snapshot() as tx:
        (row,) = looking.quarantined_of(tx)
        kept = looking.quarantined(tx, row.id)
    assert row.field == "amount"
    assert kept is not None
    assert kept.original is not None
    assert b'"id":2' in kept.original
    assert b"08:51:00" in kept.original


def test_rows_without_a_place_in_the_order_are_said(erp: Erp, opens: Opens) -> None:
    """A row without a time is not read and does not hold up the others, and the source says so."""
    erp.add((1, None), (2, "08:50:00"))
    found = opens()
    assert found.look() == 1
    failing, words = said(found.platform)
    assert failing == "answers differently"
    assert words is not None
    assert words.startswith("Some rows have no updated_at")
    (need,) = sources.needs(found.platform.inner.database)
    assert need.title == "new-orders of orders answers differently since 09:05"


def test_without_room_it_pauses_and_goes_on(erp: Erp, opens: Opens) -> None:
    """At the bound of open cases reading pauses behind the last page that was taken; with room it goes on there."""
    erp.add(*[(number, "08:00:00") for number in range(10)])
    found = opens(page=3, open_at_most=4)
    found.look()
    assert counts(found.platform) == (6, 6, 0, 0)
    assert "of its cases are open" in str(said(found.platform)[1])
    found.platform.settle()
    found.look()
    found.platform.settle()
    found.look()
    assert counts(found.platform) == (10, 10, 0, 0)


def test_under_a_hold_nothing_is_taken(erp: Erp, opens: Opens) -> None:
    """Nothing is taken while intake is held, and all of it afterwards."""
    erp.add((1, "08:00:00"))
    found = opens()
    database = found.platform.inner.database
    hold(database, scope="everything", name="", by="me", known="test", reason="a look", intake=True)
    assert found.look() == 0
    resume(database, scope="everything", name="", by="me", known="test")
    assert found.look() == 1


def test_reading_begins_where_it_is_said(erp: Erp, opens: Opens) -> None:
    """What is older than `since` is not read."""
    erp.add((1, "08:00:00"), (2, "08:30:00"))
    found = opens(since="2026-01-05 08:15:00")
    assert found.look() == 1
    assert keys(found.platform, (1, 2)) == [0, 1]


def test_an_order_of_numbers_needs_a_number(erp: Erp, opens: Opens) -> None:
    """Ordered by a number it must be said how many numbers behind a row may be written late; then it is read."""
    erp.add((100, "08:00:00"), (200, "08:00:00"))
    found = opens(by="id")
    assert found.look() == 0
    assert "say overlap=1000" in str(said(found.platform)[1])
    other = opens(by="id", overlap=50)
    assert other.look(later="30m") == 2
    erp.add((151, "08:00:00"), (149, "08:00:00"))
    assert other.look() == 1
    assert keys(other.platform, (100, 200, 151, 149)) == [1, 1, 1, 0]


def test_record_makes_the_record(erp: Erp, opens: Opens) -> None:
    """`record` takes the record out of a row, gives nothing for a row that is none, and its failure is the row's."""

    def made(row: Mapping[str, Any]) -> object:
        if row["id"] == 2:
            return None
        if row["id"] == 3:
            raise ValueError("three is none")
        return {"id": f"O{row['id']}", "amount": row["amount"]}

    erp.add((1, "08:00:00"), (2, "08:00:00"), (3, "08:00:00"))
    found = opens(record=made)
    assert found.look() == 3
    assert counts(found.platform) == (2, 1, 0, 1)
    assert keys(found.platform, ("O1",)) == [1]


def test_a_database_that_is_away_is_said(erp: Erp, opens: Opens) -> None:
    """It is named with the time since when; back again, its rows are taken and nothing is said any more."""
    erp.add((1, "08:00:00"))
    erp.run("ALTER TABLE orders RENAME TO elsewhere")
    found = opens()
    found.look()
    failing, words = said(found.platform)
    assert failing == "refused us"
    (need,) = sources.needs(found.platform.inner.database)
    assert need.title == "new-orders of orders refuses us since 09:05"
    assert "erp: refused us" in str(words)
    erp.run("ALTER TABLE elsewhere RENAME TO orders")
    assert found.look(later="30m") == 1
    assert sources.needs(found.platform.inner.database) == []


POSTGRES = pytest.mark.parametrize("erp", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
ODD = ("infinity", "-infinity", "0044-03-15 00:00:00+00 BC", "20000-01-01 00:00:00+00")


@POSTGRES
@pytest.mark.parametrize("odd", ODD)
def test_a_time_that_python_cannot_hold_stops_nothing(erp: Erp, opens: Opens, odd: str) -> None:
    """One such time in the order: the rows before and after it are taken, those that come later as well, and each once."""
    erp.add((1, "08:50:00"), (2, "08:51:00"))
    erp.run(f"INSERT INTO orders VALUES (77, 1, 'sale', '{odd}')")
    found = opens(page=2)
    assert found.look() == 3
    last = odd in {"infinity", "20000-01-01 00:00:00+00"}
    failing, words = said(found.platform)
    assert failing == ("answers differently" if last else None)
    assert (words or "").startswith(f"The greatest updated_at is {odd}, and" if last else "")
    erp.add((3, "09:03:00"), (4, "08:55:00"))
    assert found.look() == 2
    assert found.look() == 0
    assert keys(found.platform, (1, 2, 3, 4, 77)) == [1] * 5
    assert counts(found.platform) == (5, 5, 0, 0)
    erp.run("DELETE FROM orders WHERE id = 77")
    assert found.look() == 0
    assert said(found.platform) == (None, None)
    erp.add((5, "09:20:00"))
    assert found.look() == 1


@POSTGRES
@pytest.mark.parametrize("odd", ODD[:3:2])
def test_a_row_with_such_a_time_elsewhere_waits_in_quarantine(erp: Erp, opens: Opens, odd: str) -> None:
    """Where the contract wants a time, the row waits with its reason, and the others are taken."""
    erp.run("ALTER TABLE orders ADD COLUMN due TIMESTAMPTZ")
    erp.run(f"INSERT INTO orders VALUES (1, 1, 'sale', '2026-01-05 08:50:00+00', '{odd}')")
    erp.run("INSERT INTO orders VALUES (2, 1, 'sale', '2026-01-05 08:51:00+00', '2026-02-01 00:00:00+00')")

    def made(row: Mapping[str, Any]) -> object:
        datetime.fromisoformat(row["due"])
        return {"id": str(row["id"]), "amount": row["amount"]}

    found = opens(statement="SELECT id, amount, updated_at, due FROM orders", record=made)
    assert found.look() == 2
    assert counts(found.platform) == (2, 1, 0, 1)
    assert said(found.platform) == (None, None)
    with found.platform.inner.database.snapshot() as tx:
        (row,) = looking.quarantined_of(tx)
    assert odd[:10] in row.reason


def test_rows_that_are_read_again_are_no_arrivals(erp: Erp, opens: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    """More rows than are remembered lie in the overlap: unchanged ones count no more, good or broken; a changed one is a conflict."""
    monkeypatch.setattr(keyset, "REMEMBERED", 4)
    erp.add(*[(number, "08:50:00") for number in range(1, 11)], (11, "08:50:00", -1))
    found = opens(page=3)
    assert found.look() == 11
    assert counts(found.platform) == (11, 10, 0, 1)
    erp.add((12, "08:51:00"))
    assert found.look() == 1
    assert found.look() == 0
    assert counts(found.platform) == (12, 11, 0, 1)
    with found.platform.inner.database.snapshot() as tx:
        assert len(tx.execute(sa.select(submissions.c.id)).all()) == 2
    erp.run("UPDATE orders SET amount = 11 WHERE id = 2")
    assert found.look() == 1
    assert found.look() == 0
    assert counts(found.platform) == (13, 11, 0, 2)


def test_the_first_look_after_an_upgrade_counts_nothing_twice(
    erp: Erp, opens: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How far it was read was written by a release that did not say what was reached: unchanged rows are no arrivals all the same."""
    monkeypatch.setattr(keyset, "REMEMBERED", 4)
    erp.add(*[(number, "08:50:00") for number in range(1, 11)])
    found = opens(page=3)
    assert found.look() == 10
    database = found.platform.inner.database
    with database.transaction() as tx:
        (position,) = tx.execute(sa.select(intake_sources.c.position)).scalars()
        older = {name: value for name, value in json.loads(position).items() if name != "reached"}
        tx.execute(intake_sources.update().values(position=json.dumps(older)))
    erp.add((11, "08:50:00"))
    assert found.look() == 1
    assert counts(found.platform) == (11, 11, 0, 0)
    assert found.look() == 0
    with database.snapshot() as tx:
        (position,) = tx.execute(sa.select(intake_sources.c.position)).scalars()
    assert "reached" in json.loads(position)


def test_a_row_that_was_here_before_its_first_reading_is_a_duplicate(erp: Erp, opens: Opens) -> None:
    """What somebody else submitted counts as an arrival when this source reads it for the first time."""
    erp.add((1, "08:50:00"))
    found = opens()
    (made,) = found.platform.inner.automations.values()
    amount = "10" if erp.kind == "sqlite" else "10.00"
    found.platform.submit(made, {"id": "1", "amount": amount})
    erp.add((2, "08:51:00"))
    assert found.look() == 2
    assert counts(found.platform) == (3, 2, 1, 0)
    assert found.look() == 0
    found.platform.submit(made, {"id": "3", "amount": amount})
    erp.add((3, "08:52:00"))
    assert found.look() == 1
    assert counts(found.platform) == (5, 3, 2, 0)


@POSTGRES
@pytest.mark.parametrize(("kind", "odd"), [("float8", "Infinity"), ("float8", "NaN"), ("numeric", "NaN")])
def test_a_number_that_is_none_stops_nothing(erp: Erp, opens: Opens, kind: str, odd: str) -> None:
    """One in the order: the others are taken, and those that come later as well."""
    erp.run(f"ALTER TABLE orders ALTER COLUMN id TYPE {kind}")
    erp.add((100, "08:50:00"), (200, "08:50:00"))
    erp.run(f"INSERT INTO orders VALUES ('{odd}', 1, 'sale', '2026-01-05 08:50:00+00')")
    found = opens(page=2, by=("id", "updated_at"), overlap=50)
    found.look()
    assert counts(found.platform)[0] == 3
    assert "nothing can go on from there" in str(said(found.platform)[1])
    erp.add((170, "08:50:00"), (300, "08:50:00"))
    found.look()
    assert counts(found.platform)[0] == 5
    assert keys(found.platform, ("170", "170.0", "300", "300.0")) in ([1, 0, 1, 0], [0, 1, 0, 1])


DOOMED = """
import os, signal, sys
from pathlib import Path
from typing import Any
sys.path.insert(0, {root!r})
from pilotage.cases.service import intake, visiting
from pilotage.testing import Platform
from tests.cases import asked

def die(*arguments, **named):
    os.kill(os.getpid(), signal.SIGKILL)

passes = []
owner, name = {point!r}.rsplit(".", 1)
owner = {{"Intake": intake.Intake, "Visit": visiting.Visit}}[owner]
real = getattr(owner, name)

def doomed(*arguments, **named):
    passes.append(1)
    if len(passes) == 2 and not {after!r}:
        die()
    answer = real(*arguments, **named)
    if len(passes) == 2:
        die()
    return answer

setattr(owner, name, doomed)
with Platform(asked.automation(asked.query({url!r})), database_url={database!r}) as platform:
    asked.reader(platform, page=3, holder="doomed").look()
"""


@pytest.mark.crash
@pytest.mark.parametrize(
    ("point", "after", "taken"),
    [
        ("Intake.prepared", "", 3),  # read, and not begun to commit
        ("Visit.remember", "after", 3),  # in the transaction, behind the position
        ("Intake.store", "after", 3),  # in the transaction, behind the records
        ("Intake.stored", "", 6),  # committed
    ],
)
def test_killed_while_reading(
    erp: Erp, opens: Opens, database_url: str, tmp_path: Path, point: str, after: str, taken: int
) -> None:
    """Wherever a process is killed, the records and how far it came are committed together: each row is there once."""
    erp.add(*[(number, "08:00:00") for number in range(10)])
    root = Path(__file__).resolve().parents[2]
    text = DOOMED.format(root=str(root), point=point, after=after, url=erp.url, database=database_url)
    done = subprocess.run([sys.executable, "-c", text], check=False, timeout=120, cwd=root)
    assert done.returncode == -signal.SIGKILL
    found = opens(page=3)
    assert counts(found.platform) == (taken, taken, 0, 0)
    assert found.look(later="10m") == 10 - taken
    assert counts(found.platform) == (10, 10, 0, 0)
    assert keys(found.platform, range(10)) == [1] * 10
