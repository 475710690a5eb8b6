"""The file as a thing: missing, forbidden, changed, cut off, gone; and what each of them is called."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.cases.reading.tables import blocks_of, fields, items_of, written

from pilotage.cases.reading.errors import (
    NotABoundary,
    SourceChanged,
    SourceChangedMeanwhile,
    SourceEmpty,
    SourceMissing,
    SourceNotAFile,
    SourceNotAllowed,
    SourceVanished,
    WrongForm,
)
from pilotage.cases.reading.source import open_source
from pilotage.cases.reading.values import Block

ROWS = "id,text\n" + "".join(f"{number},some text\n" for number in range(6_000))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return written(tmp_path / "requests.csv", ROWS)


def test_a_wrong_name_is_answered_with_the_right_one(table: Path) -> None:
    """A file that is not there leads to the one that was probably meant."""
    with pytest.raises(SourceMissing) as caught:
        open_source(table.with_name("Request.csv"))
    assert caught.value.remedy == "Did you mean requests.csv?"
    with pytest.raises(SourceMissing, match="no folder"):
        open_source(table.parent / "nowhere" / "requests.csv")
    with pytest.raises(SourceMissing, match="no folder"):
        open_source(table / "requests.csv")


def test_a_folder_is_no_file(table: Path) -> None:
    """A folder is answered with the files in it; a device cannot be read twice."""
    with pytest.raises(SourceNotAFile) as caught:
        open_source(table.parent)
    assert "requests.csv" in caught.value.remedy
    with pytest.raises(SourceNotAFile, match="pipe or a device"):
        open_source("/dev/null")


@pytest.fixture
def as_nobody() -> Iterator[None]:
    """As a user who may not read everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    yield
    os.seteuid(0)


def test_a_file_that_may_not_be_read_is_said(table: Path, request: pytest.FixtureRequest) -> None:
    """Missing permission is called by its name."""
    table.chmod(0)
    request.getfixturevalue("as_nobody")
    with pytest.raises(SourceNotAllowed, match="may not be read"):
        open_source(table)


def test_an_empty_file_is_no_success(tmp_path: Path) -> None:
    """A file with nothing in it ends in a clear message, whatever its form."""
    for name, content in (("a.csv", ""), ("b.csv", "\n \r\n"), ("c.jsonl", ""), ("d.jsonl", "\n\n"), ("e.xlsx", "")):
        with pytest.raises(SourceEmpty):
            open_source(written(tmp_path / name, content))


def test_a_header_alone_is_an_empty_table(tmp_path: Path) -> None:
    """A header without rows is a file of no records."""
    assert blocks_of(written(tmp_path / "a.csv", "id,text\n")) == []
    assert blocks_of(written(tmp_path / "b.csv", "id,text")) == []


def read_and_change(path: Path, change: Callable[[Path], object], blocks: list[Block]) -> None:
    """Read the file, and change it behind the first block."""
    with open_source(path) as source:
        for block in source:
            if not blocks:
                change(path)
            blocks.append(block)


def test_a_file_deleted_while_read(table: Path) -> None:
    """What was read stays; the reading ends with what to do, and goes on when the file is back."""
    content = table.read_bytes()
    with open_source(table) as source:
        fingerprint = source.fingerprint
    blocks: list[Block] = []
    with pytest.raises(SourceVanished, match="deleted"):
        read_and_change(table, Path.unlink, blocks)
    assert 0 < len(blocks) < 12
    written(table, content)
    rest = blocks_of(table, start_byte=blocks[-1].next_byte, remembered=fingerprint)
    assert [item for block in [*blocks, *rest] for item in block] == items_of(table)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda path: os.truncate(path, 50_000), "cut off"),
        (lambda path: path.write_text(f"{ROWS}1,more\n"), "added to"),
        (lambda path: os.utime(path, ns=(0, 1)), "written to"),
        (lambda path: written(path.with_name("new"), ROWS).replace(path), "another file"),
    ],
    ids=["cut off", "added to", "written to", "replaced"],
)
def test_a_file_changed_while_read(table: Path, change: Callable[[Path], object], said: str) -> None:
    """Reading stops as soon as the file is no longer the one that was opened, and says how it changed."""
    blocks: list[Block] = []
    with pytest.raises(SourceChangedMeanwhile, match=said) as caught:
        read_and_change(table, change, blocks)
    assert 0 < len(blocks) < 12
    assert caught.value.retryable


def test_a_small_file_is_watched_too(tmp_path: Path) -> None:
    """A change between opening and reading is noticed, also where all of the file was in hand after opening."""
    path = written(tmp_path / "a.csv", "id,text\n1,a\n")
    with open_source(path) as source:
        path.write_text("id,text\n1,b\n2,c\n")
        with pytest.raises(SourceChangedMeanwhile, match="from 12 to 16 bytes"):
            list(source)


def test_going_on_needs_the_same_file(table: Path) -> None:
    """A fingerprint that differs, or a place that the file does not have, is refused."""
    with open_source(table) as source:
        fingerprint = source.fingerprint
        assert source.digest() == source.digest()
    assert items_of(table, start_byte=8, remembered=fingerprint) == items_of(table)
    written(table, ROWS.replace("some", "same"))
    with pytest.raises(SourceChanged, match="not the file"):
        open_source(table, start_byte=8, remembered=fingerprint)
    with pytest.raises(SourceChanged, match="interrupted at byte"):
        open_source(table, start_byte=len(ROWS) + 1)


def test_going_on_needs_a_boundary(tmp_path: Path) -> None:
    """A place within a line, within the header or between the two halves of a line end is no place to go on."""
    path = written(tmp_path / "a.csv", b"id,text\r\n1,a\r\n2,b\r\n")
    for place in (3, 8, 10, 13):
        with pytest.raises(NotABoundary):
            open_source(path, start_byte=place)
    assert fields(items_of(path, start_byte=14)) == [{"id": "2", "text": "b"}]
    assert items_of(path, start_byte=19) == []
    wide = written(tmp_path / "b.csv", "id,text\r\n1,a\r\n2,b\r\n".encode("utf-16"))
    for place in (4, 18, 19, 21, 27, 28, 29):
        with pytest.raises(NotABoundary):
            open_source(wide, start_byte=place)
    assert fields(items_of(wide, start_byte=30)) == [{"id": "2", "text": "b"}]


def test_numbers_go_on(table: Path) -> None:
    """Record numbers are lines of the file, also when reading goes on in its midst."""
    with open_source(table) as source:
        blocks = list(source)
    assert [block.items[0].number for block in blocks[:3]] == [2, 1002, 2002]
    assert blocks_of(table, start_byte=blocks[3].next_byte)[0].items[0].number == blocks[4].items[0].number


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"\x1f\x8b\x08rest", "gzip"),
        ("a.csv", b"%PDF-1.7", "PDF"),
        ("a.jsonl", b"SQLite format 3\0", "SQLite"),
        ("a.json", b'[{"id": 1}]', "one JSON document"),
        ("a.json", b'{\n "id": 1\n}', "one JSON document"),
    ],
)
def test_other_files_are_recognised(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    """A file that is something else altogether is called what it is."""
    with pytest.raises(WrongForm, match=said):
        open_source(written(tmp_path / name, content))


def test_the_form_is_found(tmp_path: Path) -> None:
    """By what is said, else by the name, else by the content."""
    for name, content, form in (
        ("a.tsv", "id\ttext\n1\ta\n", "csv"),
        ("a.ndjson", '{"id": 1}\n', "jsonl"),
        ("a.json", '{"id": 1}\n{"id": 2}\n', "jsonl"),
        ("a.export", "id,text\n1,a\n", "csv"),
    ):
        with open_source(written(tmp_path / name, content)) as source:
            assert source.form == form
    assert len(items_of(written(tmp_path / "b.csv", '{"id": 1}\n'), form="jsonl")) == 1
