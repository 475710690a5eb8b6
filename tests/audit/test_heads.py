"""Heads in a folder, day by day: a trail whose end is cut off is found out, also where it has grown again since."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from pilotage.audit import service
from pilotage.audit.errors import HeadsUnreadable
from pilotage.audit.heads import PAUSE, HeadKeeper, kept_in
from pilotage.audit.values import Verified
from pilotage.machinery.events.tables import trail, trail_heads
from pilotage.machinery.storage.database import Tx
from tests.audit.test_trail import Scene


class Kept(Scene):
    """The trail, and what keeps its heads; time passes when it is told."""

    def __init__(self, url: str, folder: Path) -> None:
        super().__init__(url, folder)
        self.folder, self.seconds = folder / "heads", 0.0
        self.keeper = self.another()

    def another(self) -> HeadKeeper:
        """What keeps them in another process."""
        return HeadKeeper(database=self.database, folder=self.folder, environment="dev", monotonic=lambda: self.seconds)

    def acts(self, count: int) -> int:
        """Something is done and sealed, and it is time to look; how many heads were kept."""
        self.act(count)
        self.sealer.seal()
        self.seconds += PAUSE
        return self.keeper.keep()

    @property
    def verify(self) -> Verified:
        """What reading the trail gives, beside the folder."""
        with self.database.snapshot() as tx:
            return service.verify(tx, self.key, kept=kept_in(self.folder, "dev"))

    @property
    def files(self) -> list[Path]:
        """What lies in the folder."""
        return sorted(self.folder.iterdir())


@pytest.fixture
def kept(database_url: str, tmp_path: Path) -> Iterator[Kept]:
    """On both databases."""
    made = Kept(database_url, tmp_path)
    yield made
    made.database.close()


def cut(tx: Tx, after: int) -> None:
    """Take the end of the trail away, and the signed heads of it."""
    tx.execute(sa.delete(trail).where(trail.c.number > after))
    tx.execute(sa.delete(trail_heads).where(trail_heads.c.number > after))


def test_a_head_is_kept_when_there_is_a_new_one_and_it_is_time(kept: Kept) -> None:
    """A line each, as `pilotage audit --head` prints it, for the eyes of the owner alone; nothing new is no line."""
    assert kept.keeper.keep() == 0
    assert [kept.acts(3), kept.acts(0), kept.acts(2)] == [1, 0, 1]
    kept.act()
    kept.sealer.seal()
    assert kept.keeper.keep() == 0, "not every second"
    (file,) = kept.files
    assert file.stat().st_mode & 0o077 == 0
    lines = [line.split(":") for line in file.read_text().splitlines()]
    assert [(number, bool(signature)) for number, _, signature in lines] == [("3", True), ("5", True)]
    assert (kept.verify.doubts, kept.verify.kept, kept.verify.newest) == ((), 2, file.stem.removeprefix("dev-"))


def test_an_end_that_is_cut_off_is_seen(kept: Kept) -> None:
    """The database alone could not tell."""
    kept.acts(5)
    kept.tamper(lambda tx: cut(tx, 3))
    assert kept.verified().holds
    assert "acts 4 to 5 are missing at the end" in kept.verify.doubts


def test_an_end_that_has_grown_again_is_seen_too(kept: Kept) -> None:
    """The newest head fits then; those before it do not."""
    kept.acts(5)
    kept.tamper(lambda tx: cut(tx, 3))
    kept.acts(4)
    assert kept.verified().holds
    (doubt,) = kept.verify.doubts
    assert doubt.startswith("act 5 is not what the head says that was kept on ")


def test_a_line_that_somebody_else_wrote_is_seen(kept: Kept) -> None:
    """It is signed with another key, or it is no head at all."""
    kept.acts(2)
    (file,) = kept.files
    line = file.read_text().strip()
    file.write_text(f"{line.rpartition(':')[0]}:{'A' * 86}==\n")
    assert "is not signed with the key that is here" in kept.verify.doubts[0]
    file.write_text("nothing\n")
    with pytest.raises(HeadsUnreadable, match="no head of an audit trail"):
        kept_in(kept.folder, "dev")


def test_a_folder_that_takes_nothing_stops_no_work(kept: Kept, caplog: pytest.LogCaptureFixture) -> None:
    """The log says so, and it is tried again."""
    kept.folder.write_text("a file")
    assert kept.acts(1) == 0
    assert "audit.head not kept" in caplog.text
    kept.folder.unlink()
    assert kept.acts(0) == 1
