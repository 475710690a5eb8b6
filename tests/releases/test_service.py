"""Which release new cases begin on, which have to be served, and which are not; on both databases."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pilotage.cases.tables import cases, effects
from pilotage.kernel.ids import ids
from pilotage.machinery.engine.lives import Lives
from pilotage.machinery.storage.database import Database
from pilotage.migrations import prepare
from pilotage.releases import service, store
from pilotage.releases.errors import NoSuchRelease, NothingReleased, ReleaseSuperseded
from pilotage.releases.making import Frozen
from pilotage.releases.needs import needs
from pilotage.releases.service import CurrentReleases, Made
from pilotage.releases.values import Manifest, Requirements, State

MANIFEST = Manifest(
    automations=("x:orders",), roots=("",), python="3.12", requirements=Requirements(), table={}, files=()
)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty database with its tables."""
    opened = Database(database_url)
    prepare(opened)
    yield opened
    opened.close()


def release(database: Database, content: str, *automations: str) -> Made:
    """Release something that has this content; what it is made of does not matter here."""
    digest = (content * 64)[:64]
    frozen = Frozen(
        digest=digest,
        manifest=MANIFEST,
        artefact=Path(f"{digest}.zip"),
        outlines={name: {} for name in automations or ("orders",)},
        strangers=(),
    )
    return service.keep(database, frozen, by="somebody", known="test", note="")


def case(database: Database, release: str, place: str = "ready", automation: str = "orders") -> int:
    """A case of a release in a place."""
    number = ids.one()
    with database.transaction() as tx:
        tx.execute(
            cases.insert().values(
                id=number,
                automation=automation,
                key=str(number),
                digest="",
                release=release,
                place=place,
                node="say",
                accepted_at=1,
                changed_at=1,
            )
        )
    return number


def effect(database: Database, release: str, state: str, due_at: int | None = None) -> None:
    """An effect of a case that has ended."""
    number = case(database, release, "withdrawn")
    with database.transaction() as tx:
        tx.execute(
            effects.insert().values(
                id=number,
                key=str(number),
                automation="orders",
                release=release,
                case_id=number,
                node="say",
                step="say",
                connection="box",
                inputs="",
                repeat="ask",
                state=state,
                due_at=due_at,
                planned_at=1,
                changed_at=1,
            )
        )


def begins(database: Database, loaded: str, automation: str = "orders", environment: str = "test") -> list[str]:
    """What two new cases are assigned in a process that has loaded a release."""
    return CurrentReleases(database=database, loaded=loaded, environment=environment).assign(automation, 2)


def test_without_a_release_cases_begin_on_the_working_directory(database: Database) -> None:
    """In dev nothing has to be released; nobody is told to serve anything."""
    assert begins(database, "dev") == ["dev", "dev"]
    case(database, "dev")
    assert service.wanted(database) == []
    assert service.unserved(database) == []


def test_what_no_living_process_works_on_is_told_without_a_release_too(database: Database) -> None:
    """A process works, and on something else: what it leaves alone needs somebody."""
    case(database, "dev")
    Lives(database).begin("worker", ["other@dev"])
    (left,) = service.unserved(database)
    assert (left.release, left.automations, left.cases) == ("dev", ("orders",), 1)
    (need,) = needs(database)
    assert need.title == "1 open case of dev that nobody serves"
    Lives(database).begin("worker", ["orders@dev"])
    assert service.unserved(database) == []


def test_nothing_unreleased_begins_in_live(database: Database) -> None:
    """In `live` a record is refused until there is a release."""
    with pytest.raises(NothingReleased):
        begins(database, "dev", environment="live")
    made = release(database, "a")
    assert begins(database, made.release.name, environment="live") == [made.release.name] * 2


def test_new_cases_begin_on_the_newest_release(database: Database) -> None:
    """The one before is retired; a process that has still loaded it takes nothing more in."""
    first = release(database, "a").release
    assert begins(database, first.name) == [first.name] * 2
    second = release(database, "b").release
    assert begins(database, second.name) == [second.name] * 2
    for outdated in (first.name, "dev"):
        with pytest.raises(ReleaseSuperseded, match=f"begin on {second.name}") as error:
            begins(database, outdated)
        assert error.value.retryable
    with database.snapshot() as tx:
        assert {one.name: one.state for one in store.every(tx)} == {
            first.name: State.RETIRED,
            second.name: State.CURRENT,
        }


def test_the_same_content_is_the_same_release(database: Database) -> None:
    """Making it twice changes nothing, and says so; making an older one again makes that the current one."""
    first = release(database, "a")
    assert (first.existed, first.was_current) == (False, False)
    again = release(database, "a")
    assert (again.existed, again.was_current) == (True, True)
    assert again.release == first.release
    second = release(database, "b")
    back = release(database, "a")
    assert (back.existed, back.was_current) == (True, False)
    assert back.release.state is State.CURRENT
    assert begins(database, first.release.name) == [first.release.name] * 2
    assert second.release.name not in service.wanted(database)


def test_an_automation_that_a_newer_release_does_not_have_stays_on_its_own(database: Database) -> None:
    """Releasing one automation says nothing about another one."""
    both = release(database, "a", "orders", "returns").release
    one = release(database, "b", "orders").release
    assert begins(database, one.name) == [one.name] * 2
    assert begins(database, both.name, "returns") == [both.name] * 2
    assert set(service.wanted(database)) == {both.name, one.name}
    assert set(service.pairs(database)) == {("orders", both.name), ("returns", both.name), ("orders", one.name)}


def test_two_releases_at_once(database: Database) -> None:
    """Two people who release at the same time end with one current release, whichever it is."""
    begin, made = threading.Barrier(4), list[Made]()

    def work(content: str) -> None:
        begin.wait()
        made.append(release(database, content))

    threads = [threading.Thread(target=work, args=(content,)) for content in ("a", "b", "a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4
    with database.snapshot() as tx:
        known = store.every(tx)
    assert len(known) == 2
    assert [one.state for one in known] == [State.CURRENT, State.RETIRED]


@pytest.mark.parametrize("place", ["ready", "moving", "waiting", "with people"])
def test_a_release_with_open_cases_is_served(database: Database, place: str) -> None:
    """A retired release has its process for as long as a case of it may still move."""
    old = release(database, "a").release
    case(database, old.name, place)
    new = release(database, "b").release
    assert set(service.wanted(database)) == {old.name, new.name}


@pytest.mark.parametrize("place", ["done", "withdrawn", "handed over", "dead letter"])
def test_a_release_whose_cases_have_come_to_an_end_is_not_served(database: Database, place: str) -> None:
    """Ended cases need no process, nor does a dead letter, before a replay makes it ready."""
    old = release(database, "a").release
    case(database, old.name, place)
    new = release(database, "b").release
    assert service.wanted(database) == [new.name]


@pytest.mark.parametrize(("state", "due_at", "served"), [
    ("sending", None, True), ("unknown", 5, True), ("unknown", None, False), ("confirmed", None, False),
])  # fmt: skip
def test_an_effect_on_its_way_is_served(database: Database, state: str, due_at: int | None, *, served: bool) -> None:
    """The case was withdrawn, but what it sent is not settled: its release is served until it is."""
    old = release(database, "a").release
    effect(database, old.name, state, due_at)
    release(database, "b")
    assert (old.name in service.wanted(database)) is served


def test_cases_that_began_before_the_first_release_are_served(database: Database) -> None:
    """They began on the working directory, and end on it."""
    case(database, "dev")
    made = release(database, "a").release
    assert set(service.wanted(database)) == {made.name, "dev"}
    assert ("orders", "dev") in service.pairs(database)


def test_open_cases_that_nobody_serves_are_a_need_that_names_the_command(database: Database) -> None:
    """It is said what to type, and no more as soon as a process serves them."""
    old = release(database, "a").release
    case(database, old.name, "with people")
    case(database, old.name)
    (found,) = needs(database)
    assert found.title == f"2 open cases of {old.name} that nobody serves"
    assert found.command == f"pilotage worker --release {old.name}"
    life = Lives(database)
    life.begin("worker", [f"orders@{old.name}"])
    assert needs(database) == []
    life.end()
    assert len(needs(database)) == 1


def test_a_case_of_a_release_that_nobody_made_is_found_by_doctor(database: Database) -> None:
    """Such a case could never move; cases of known releases and of the working directory are well."""
    made = release(database, "a").release
    case(database, made.name)
    case(database, "dev")
    with database.snapshot() as tx:
        assert not any(service.doubts(tx).values())
    case(database, "R-nowhere")
    with database.snapshot() as tx:
        (rows,) = service.doubts(tx).values()
    assert rows == [("R-nowhere", "orders", 1)]


def test_releases_are_found_by_what_people_type(database: Database) -> None:
    """A name, a digest, a beginning that only one of them has."""
    a, b = release(database, "0123a").release, release(database, "0123b").release
    for text in (a.name, a.digest, a.name.lower(), "0123a"):
        assert service.find(database, text).name == a.name
    for text in ("0123", "ffff", ""):
        with pytest.raises(NoSuchRelease, match=b.name if text != "ffff" else "There is no release ffff") as error:
            service.find(database, text)
        assert a.name in f"{error.value}"


def test_names_stay_unique_where_digests_begin_alike(database: Database) -> None:
    """The second of two releases whose digests begin alike has a longer name."""
    first = release(database, "a").release
    alike = Frozen(
        digest="a" * 63 + "b", manifest=replace(MANIFEST), artefact=Path("x.zip"), outlines={"orders": {}}, strangers=()
    )
    second = service.keep(database, alike, by="somebody", known="test", note="").release
    assert first.name == "R-aaaaaaaa"
    assert second.name == "R-aaaaaaaaa"
    assert service.find(database, first.name).name == first.name
