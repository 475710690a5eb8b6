"""The trail: written in the transaction of the act, sealed within a moment, and every change to it is seen."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from pilotage.audit import service, store
from pilotage.audit.errors import NotAHead, SigningKeyUnusable
from pilotage.audit.service import Sealer
from pilotage.audit.signing import SigningKey
from pilotage.audit.values import Verified
from pilotage.kernel.ids import ids
from pilotage.machinery.events.recording import record
from pilotage.machinery.events.tables import trail, trail_heads
from pilotage.machinery.events.values import Event
from pilotage.machinery.storage.database import Database, Tx
from pilotage.migrations import prepare


class Scene:
    """A database, a key and a sealer."""

    def __init__(self, url: str, folder: Path) -> None:
        self.database = Database(url)
        prepare(self.database)
        self.key_file = folder / "keys" / "dev.audit.key"
        self.key = SigningKey.make(self.key_file)
        self.sealer = Sealer(database=self.database, key=self.key_file)

    def act(self, count: int = 1) -> None:
        """Somebody does something, so many times."""
        with self.database.transaction() as tx:
            record(tx, self.database.now(tx), *(event(number) for number in range(count)))

    def verified(self, against: str | None = None) -> Verified:
        """What reading the trail gives."""
        with self.database.snapshot() as tx:
            kept = None if against is None else service.head_of(against)
            return service.verify(tx, self.key, against=kept)

    def head(self) -> str:
        """The head, as somebody keeps it elsewhere."""
        with self.database.snapshot() as tx:
            found = store.last(tx)
        assert found is not None
        return f"{found[0]}:{found[1]}"

    def tamper(self, change: Callable[[Tx], object]) -> None:
        """Change rows as somebody does who owns the database: the guards are taken away first."""
        with self.database.transaction() as tx:
            if tx.dialect.name == "sqlite":
                for name in ("trail_stays", "trail_as_written", "trail_as_sealed"):
                    tx.execute(sa.text(f"DROP TRIGGER IF EXISTS {name}"))
            else:
                tx.execute(sa.text("DROP TRIGGER IF EXISTS trail_stays ON trail"))
            change(tx)


def event(number: int) -> Event:
    """An act."""
    said = f"somebody did the {number}th thing, ä"
    return Event(kind="test.done", subject=f"thing {number}", said=said, by="ann", known="test", details={"n": number})


@pytest.fixture
def scene(database_url: str, tmp_path: Path) -> Iterator[Scene]:
    """On both databases."""
    made = Scene(database_url, tmp_path)
    yield made
    made.database.close()


def test_an_act_that_is_rolled_back_was_never_done(scene: Scene) -> None:
    """The event is in the transaction of the act, or nowhere."""
    with pytest.raises(RuntimeError), scene.database.transaction() as tx:
        record(tx, 1, event(1))
        raise RuntimeError
    assert scene.sealer.seal() == 0


def test_what_was_sealed_holds(scene: Scene) -> None:
    """The chain goes on over several seals; its head is signed each time."""
    scene.act(3)
    assert scene.sealer.seal() == 3
    scene.act(2)
    assert scene.sealer.seal() == 2
    found = scene.verified()
    assert found.holds
    assert (found.sealed, found.unsealed, found.heads, found.checked) == (5, 0, 2, True)


def test_acts_of_the_last_moment_are_told_apart(scene: Scene) -> None:
    """They are no doubt; the sealer takes them next."""
    scene.act(2)
    found = scene.verified()
    assert found.holds
    assert (found.sealed, found.unsealed) == (0, 2)


def alter(tx: Tx) -> None:
    tx.execute(trail.update().where(trail.c.number == 2).values(said="nobody did anything"))


def remove(tx: Tx) -> None:
    tx.execute(trail.delete().where(trail.c.number == 2))


def remove_the_last(tx: Tx) -> None:
    tx.execute(trail.delete().where(trail.c.number == 4))


def insert(tx: Tx) -> None:
    row = tx.execute(trail.select().where(trail.c.number == 4)).mappings().one()
    tx.execute(trail.insert().values(**{**row, "id": ids.one(), "number": 5}))


def swap(tx: Tx) -> None:
    tx.execute(trail.update().where(trail.c.number == 2).values(number=99))
    tx.execute(trail.update().where(trail.c.number == 3).values(number=2))
    tx.execute(trail.update().where(trail.c.number == 99).values(number=3))


def write_the_chain_anew(tx: Tx) -> None:
    """As somebody would who knows how it is made, but has not the key."""
    from pilotage.audit import chain

    tx.execute(trail.update().where(trail.c.number == 1).values(by="bob"))
    before = chain.FIRST
    for entry in list(store.sealed(tx)):
        content = chain.digest(entry)
        before = chain.link(before, entry.number or 0, content)
        tx.execute(trail.update().where(trail.c.id == entry.id).values(digest=content, link=before))


def forge_the_head_too(tx: Tx) -> None:
    write_the_chain_anew(tx)
    last = store.last(tx)
    assert last is not None
    tx.execute(trail_heads.update().values(link=last[1]))


@pytest.mark.parametrize(
    "change", [alter, remove, remove_the_last, insert, swap, write_the_chain_anew, forge_the_head_too]
)
def test_every_change_of_sealed_acts_is_seen(scene: Scene, change: Callable[[Tx], object]) -> None:
    """Altered, removed, put in between, put in another order, or everything written anew without the key."""
    scene.act(4)
    scene.sealer.seal()
    assert scene.verified().holds
    scene.tamper(change)
    assert not scene.verified().holds


def test_a_head_that_was_kept_elsewhere_sees_what_the_owner_of_both_could_hide(scene: Scene) -> None:
    """Whoever has database and key writes all anew and signs it; the head that is elsewhere does not fit."""
    scene.act(4)
    scene.sealer.seal()
    kept = scene.head()
    scene.act(1)
    scene.sealer.seal()
    assert scene.verified(kept).holds

    def all_of_it(tx: Tx) -> None:
        write_the_chain_anew(tx)
        tx.execute(trail_heads.delete())

    scene.tamper(all_of_it)
    assert scene.verified().holds
    assert not scene.verified(kept).holds


def test_the_head_is_one_line_with_its_signature(scene: Scene) -> None:
    """The line as it was kept is what `--against` reads; a head that nobody signed is without."""
    scene.act(2)
    scene.sealer.seal()
    with scene.database.snapshot() as tx:
        found = service.last_head(tx)
    assert found is not None
    assert found[2] is not None
    line = service.head_line(*found)
    assert line == f"{scene.head()}:{scene.key.sign(found[0], found[1])}"
    assert scene.verified(line).holds
    assert service.head_line(found[0] + 1, found[1], found[2]).count(":") == 1


def test_the_database_itself_refuses_to_change_the_trail(scene: Scene) -> None:
    """By mistake nobody removes or alters an act, sealed or not."""
    scene.act(2)
    for statement in (trail.delete(), trail.update().values(said="nothing"), trail.update().values(at=1)):
        with pytest.raises(DBAPIError, match="only added to"), scene.database.transaction() as tx:
            tx.execute(statement)
    scene.sealer.seal()
    with pytest.raises(DBAPIError, match="only added to"), scene.database.transaction() as tx:
        tx.execute(trail.update().values(link="0"))
    assert scene.verified().holds


def test_sealers_and_acts_at_the_same_time_leave_one_chain(scene: Scene) -> None:
    """Four processes seal while eight record: every act has one place, and the chain holds."""
    with ThreadPoolExecutor(12) as pool:
        acts = [pool.submit(scene.act, 5) for _ in range(24)]
        seals = [pool.submit(lambda: Sealer(database=scene.database, key=scene.key_file).seal()) for _ in range(12)]
        for one in (*acts, *seals):
            one.result()
    scene.sealer.seal()
    found = scene.verified()
    assert found.holds, found.doubts
    assert (found.sealed, found.unsealed) == (120, 0)


def test_without_a_key_it_is_chained_all_the_same(scene: Scene) -> None:
    """Only the signature is missing, and reading the trail says that it was not checked."""
    scene.key_file.unlink()
    scene.act(1)
    scene.sealer.seal()
    with scene.database.snapshot() as tx:
        found = service.verify(tx, None)
    assert found.holds
    assert (found.heads, found.checked) == (0, False)


def test_what_is_no_key_or_head_is_refused(scene: Scene) -> None:
    """Each with what to do."""
    with pytest.raises(NotAHead):
        service.head_of("4711")
    scene.key_file.write_text("no key")
    with pytest.raises(SigningKeyUnusable, match="holds no key"):
        SigningKey.read(scene.key_file)
    scene.key_file.chmod(0o644)
    with pytest.raises(SigningKeyUnusable, match="chmod 600"):
        SigningKey.read(scene.key_file)


def test_acts_are_found_by_kind_subject_and_time(scene: Scene) -> None:
    """The newest first; a kind's first word finds all of it."""
    scene.act(3)
    with scene.database.snapshot() as tx:

        def found(**wanted: object) -> list[str]:
            asked = {"kind": None, "subject": None, "since": None, "most": 50} | wanted
            return [one.subject for one in store.find(tx, **asked)]  # type: ignore[arg-type]

        assert found() == ["thing 2", "thing 1", "thing 0"]
        assert found(kind="test") == found(kind="test.done") == found()
        assert found(kind="tes") == []
        assert found(subject="1") == found(subject="thing 1") == ["thing 1"]
        assert found(most=1) == ["thing 2"]
        assert found(since=scene.database.now(tx) + 10**12) == []
