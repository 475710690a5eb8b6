"""The tallies of what has ended: right whatever happens, few, and proven."""

from collections.abc import Callable
from threading import Thread

import sqlalchemy as sa

from pilotage.cases.service.proving import prove
from pilotage.cases.service.today import read_places
from pilotage.cases.store import looking, tallying
from pilotage.cases.tables import tallies
from pilotage.cases.values import Place
from pilotage.machinery.storage.database import Database
from pilotage.migrations import prepare
from pilotage.testing import Platform
from tests.cases.conftest import Opened

MINUTE = tallying.MINUTE


def submit(platform: Platform, **fields: object) -> None:
    """Send a parcel in."""
    platform.submit(platform.parcels, fields)  # type: ignore[attr-defined]


def rows(database: Database) -> list[tuple[str, int, int, int]]:
    """What, minute, writer and number of each row."""
    with database.snapshot() as tx:
        t = tallies.c
        found = tx.execute(sa.select(t.what, t.minute, t.writer, t.n).order_by(t.what, t.minute, t.writer))
        return [(what, minute, writer, n) for what, minute, writer, n in found]


def fold(database: Database, now: int) -> int:
    """Add up the past, seen from then."""
    with database.transaction() as tx:
        return tallying.fold(tx, now)


def test_the_page_says_what_is_stored(opened: Opened) -> None:
    """Places and sums that are read from the tallies are those that the tables have."""
    platform, _ = opened()
    submit(platform, id="done", kind="letter", items=[{"name": "card", "grams": 20}])
    submit(platform, id="done", kind="letter", items=[{"name": "card", "grams": 20}])
    submit(platform, id="dear", kind="letter", value=5000)
    submit(platform, id="", kind="letter")
    platform.settle()
    database = platform.inner.database
    shown = read_places(database, ("parcels",))
    with database.snapshot() as tx:
        counted = looking.tally(tx)
    assert {place: here.count for place, here in shown.places.items()} == counted.places
    assert shown.places[Place.DONE].count == 2
    assert [one.missing for one in shown.sums] == [0, 0]
    assert (shown.arrived, shown.accepted, shown.duplicates) == (4, 2, 1)
    assert sum(one.arrived for one in shown.flow) == 2
    assert sum(one.done for one in shown.flow) == 2


def test_doctor_finds_a_wrong_tally_and_counting_anew_mends_it(opened: Opened) -> None:
    """A number that is not what is stored is named with both numbers."""
    platform, _ = opened()
    submit(platform, id="done", kind="letter")
    platform.settle()
    database = platform.inner.database
    with database.transaction() as tx:
        tx.execute(tallies.update().where(tallies.c.what == "done").values(n=tallies.c.n + 1))
    (broken,) = prove(database).broken
    assert broken.rows == ("case parcels done there are 1, the tallies say 2",)
    with database.transaction() as tx:
        tallying.count_anew(tx)
    assert prove(database).holds


def test_the_past_is_added_up(database_url: str) -> None:
    """Minutes older than two hours become one row; the last minutes stay as they are, and so does the sum."""
    database = Database(database_url)
    prepare(database)
    now = 1_000 * MINUTE
    for minute in (1, 500, 990, 999):
        with database.transaction() as tx:
            tallying.add(tx, tallying.of_cases("letters", {"done": minute}), minute * MINUTE + 5)
    fold(database, now)
    assert [(minute // MINUTE, n) for _, minute, _, n in rows(database)] == [(0, 501), (990, 990), (999, 999)]
    assert fold(database, now) == 0
    with database.snapshot() as tx:
        assert tallying.words(tx, tallying.CASE) == {"done": 1 + 500 + 990 + 999}
        assert tallying.minutes(tx, 990 * MINUTE, "done") == {990: 990, 999: 999}
    database.close()


def test_several_write_at_once_and_nothing_is_lost(database_url: str) -> None:
    """Four connections tally the same number while a fifth folds."""
    database = Database(database_url)
    prepare(database)
    failures: list[Exception] = []

    def count() -> None:
        for minute in range(25):
            with database.transaction() as tx:
                tallying.add(tx, tallying.of_cases("letters", {"done": 2, "born": 1}), minute * MINUTE)

    def add_up() -> None:
        for _ in range(25):
            fold(database, 500 * MINUTE)

    def caught(what: Callable[[], None]) -> None:
        try:
            what()
        except Exception as error:  # noqa: BLE001 - told below
            failures.append(error)

    threads = [Thread(target=caught, args=(what,)) for what in (count, count, count, count, add_up)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    fold(database, 500 * MINUTE)
    assert failures == []
    assert rows(database) == [("born", 0, 0, 100), ("done", 0, 0, 200)]
    database.close()
