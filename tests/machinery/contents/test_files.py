"""The file store: a content is there, whole and once, or it is said that it is not."""

import hashlib
import os
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pilotage.kernel.clock import ManualClock
from pilotage.machinery.contents.errors import ContentAltered, ContentMissing, ContentTooLarge
from pilotage.machinery.contents.files import Contents

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
WORDS = b"an invoice"
DIGEST = hashlib.sha256(WORDS).hexdigest()


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands still."""
    return ManualClock(NOON)


@pytest.fixture
def contents(tmp_path: Path, clock: ManualClock) -> Contents:
    """An empty store."""
    return Contents(tmp_path / "contents", most=1000, clock=clock)


def test_a_content_is_found_by_its_digest(contents: Contents) -> None:
    """What was put comes back, and its file is named by the digest and readable by its owner alone."""
    assert contents.put(WORDS) == DIGEST
    file = contents.folder / DIGEST[:2] / DIGEST
    assert contents.read(DIGEST) == file.read_bytes() == WORDS
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_same_content_is_kept_once(contents: Contents) -> None:
    """A second arrival of the same bytes makes no second file, and nothing unfinished stays."""
    contents.put(WORDS)
    before = (contents.folder / DIGEST[:2] / DIGEST).stat().st_ino
    contents.put(WORDS)
    assert [file.stat().st_ino for file in contents.folder.rglob("*") if file.is_file()] == [before]


def test_an_altered_content_is_never_given(contents: Contents) -> None:
    """One byte more, and reading it is an error that says which file it is."""
    file = contents.folder / contents.put(WORDS)[:2] / DIGEST
    file.write_bytes(WORDS + b".")
    with pytest.raises(ContentAltered, match=DIGEST):
        contents.read(DIGEST)
    assert not contents.is_sound(DIGEST)


def test_a_content_that_is_not_there_is_said(contents: Contents) -> None:
    """The error says where it was looked for; what is no digest is never made a path."""
    with pytest.raises(ContentMissing, match="is not in"):
        contents.read(DIGEST)
    with pytest.raises(ContentMissing, match="is no digest"):
        contents.read("../../etc/passwd")


def test_too_much_is_refused_before_it_is_written(contents: Contents) -> None:
    """A content over the bound leaves nothing behind."""
    with pytest.raises(ContentTooLarge, match="1,001 bytes"):
        contents.put(b"x" * 1001)
    assert not contents.folder.exists()


def test_what_was_wanted_lately_stays(contents: Contents, clock: ManualClock) -> None:
    """Removing spares a content that was put within the grace, also where it was there for long before."""
    contents.put(WORDS)
    clock.travel(NOON.replace(hour=14))
    contents.put(WORDS)
    assert list(contents.older(DIGEST[:2], than=3600)) == []
    assert not contents.remove(DIGEST, older_than=3600)
    assert contents.read(DIGEST) == WORDS
    clock.travel(NOON.replace(hour=16))
    assert list(contents.older(DIGEST[:2], than=3600)) == [DIGEST]
    assert contents.remove(DIGEST, older_than=3600)
    assert not contents.has(DIGEST)


def test_a_remover_that_was_killed_loses_nothing(contents: Contents, clock: ManualClock) -> None:
    """A content that was set aside is still read, is written anew when wanted, and goes with the next sweep."""
    contents.put(WORDS)
    file = contents.folder / DIGEST[:2] / DIGEST
    file.rename(file.with_name(f"{DIGEST}.aside"))
    assert contents.read(DIGEST) == WORDS
    contents.put(WORDS)
    assert file.exists()
    clock.travel(NOON.replace(hour=16))
    assert contents.remove(DIGEST, older_than=3600)
    assert list(contents.folder.rglob("*.aside")) == []


def test_what_a_killed_writer_left_goes(contents: Contents, clock: ManualClock) -> None:
    """An unfinished file is no content, and is swept."""
    contents.put(WORDS)
    part = contents.folder / DIGEST[:2] / "0123456789abcdef.part"
    part.write_bytes(b"half")
    os.utime(part, (NOON.timestamp(), NOON.timestamp()))
    clock.travel(NOON.replace(hour=16))
    assert list(contents.older(DIGEST[:2], than=3600)) == [DIGEST]
    assert not part.exists()


def test_removing_and_putting_at_once_loses_nothing(contents: Contents, clock: ManualClock) -> None:
    """However a remover and writers meet, a content that was put just now is there afterwards."""
    contents.put(WORDS)
    clock.travel(NOON.replace(hour=16))
    missing: list[int] = []

    def put() -> None:
        for number in range(100):
            contents.put(WORDS)
            if not contents.has(DIGEST):
                missing.append(number)

    writers = [threading.Thread(target=put) for _ in range(2)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        contents.remove(DIGEST, older_than=3600)
    assert missing == []
    assert contents.read(DIGEST) == WORDS
