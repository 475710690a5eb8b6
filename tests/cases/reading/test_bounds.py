"""A file may be of any size, and so may a line: the memory that reading takes has a bound."""

import hashlib
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pilotage.cases.reading.source import open_source
from pilotage.cases.reading.values import Broken, Shape

MEGABYTE = 1024 * 1024


def grown(path: Path, *, begin: bytes, piece: bytes, times: int, end: bytes) -> Path:
    with path.open("wb") as file:
        file.write(begin)
        for _ in range(times):
            file.write(piece)
        file.write(end)
    return path


def peak_of(read: Callable[[], object]) -> float:
    """The most memory, in MB, that reading took at once."""
    tracemalloc.start()
    try:
        read()
        return tracemalloc.get_traced_memory()[1] / MEGABYTE
    finally:
        tracemalloc.stop()


def long_line(path: Path, size: int) -> tuple[Path, str]:
    """A CSV file with one line of so many MB between two good ones, and that line's digest."""
    piece = b"x" * 65_535 + b","
    digest = hashlib.sha256(b"2,")
    for _ in range(size * 16):
        digest.update(piece)
    digest.update(b"\n")
    assert size * MEGABYTE == size * 16 * len(piece)
    return grown(path, begin=b"id,text\n1,a\n2,", piece=piece, times=size * 16, end=b"\n3,c\n"), digest.hexdigest()


def assert_one_is_too_long(path: Path, digest: str) -> None:
    with open_source(path) as source:
        first, long, last = [item for block in source for item in block]
    assert isinstance(long, Broken)
    assert (long.number, long.start, long.shape, long.digest) == (3, 12, Shape.TOO_LONG, digest)
    assert (long.whole, len(long.prefix), long.prefix[:4]) == (False, 4096, b"2,xx")
    assert (first.end, last.start) == (long.start, long.end)
    assert long.reason == f"longer than a record may be: {long.end - long.start:,} bytes, and 1,000,000 are allowed"


def test_a_long_line_takes_little_memory(tmp_path: Path) -> None:
    """A line of 24 MB is passed over in 3; its digest, its beginning and its place are known."""
    path, digest = long_line(tmp_path / "a.csv", 24)
    assert peak_of(lambda: assert_one_is_too_long(path, digest)) < 4


@pytest.mark.slow
def test_a_very_long_line_takes_no_more(tmp_path: Path) -> None:
    """A line of 400 MB takes as little."""
    path, digest = long_line(tmp_path / "a.csv", 400)
    assert peak_of(lambda: assert_one_is_too_long(path, digest)) < 4


def test_a_long_line_of_json_takes_little_memory(tmp_path: Path) -> None:
    """The same holds for JSONL, and for the last line without a line end."""
    path = grown(tmp_path / "a.jsonl", begin=b'{"id": 1}\n{"a": "', piece=b"y" * MEGABYTE, times=20, end=b"")

    def read() -> None:
        with open_source(path) as source:
            items = [item for block in source for item in block]
        assert [type(item).__name__ for item in items] == ["Record", "Broken"]
        assert items[1].end == path.stat().st_size

    assert peak_of(read) < 4


def through(path: Path) -> Iterator[int]:
    with open_source(path) as source:
        for block in source:
            yield len(block)


PLAIN = b"12345,some text that is not long\n" * 500
QUOTED = b'12345,"some text, ""that"" is\nnot long"\n' * 500
OBJECTS = b'{"id": 12345, "text": "some text that is not long"}\n' * 500
LONG_FIELD = b'1,"' + b"a line that is as long as lines in letters are\n" * 18_000 + b'"\n'
LONG_LINE = b"1," + b"z" * 900_000 + b"\n"


@pytest.mark.parametrize(
    ("begin", "piece", "times", "count", "most"),
    [
        (b"id,text\n", PLAIN, 300, 150_000, 2),
        (b"id,text\n", QUOTED, 180, 90_000, 3),
        (b'{"id": 0}\n', OBJECTS, 150, 75_001, 2),
        (b'id,text\n1,"open\n', PLAIN, 600, 300_001, 8),
        (b"id,text\n", LONG_FIELD, 30, 30, 14),
        (b"id,text\n", LONG_LINE, 60, 60, 12),
    ],
    ids=["csv", "quoted", "jsonl", "open quote", "long fields", "long lines"],
)
@pytest.mark.slow
def test_a_large_file_takes_little_memory(
    tmp_path: Path, begin: bytes, piece: bytes, times: int, count: int, most: int
) -> None:
    """However many records there are, and however long each: what is in memory is a block and a bit, in MB."""
    name = "a.jsonl" if begin.startswith(b"{") else "a.csv"
    path = grown(tmp_path / name, begin=begin, piece=piece, times=times, end=b"")
    assert path.stat().st_size > most * MEGABYTE
    assert peak_of(lambda: sum(through(path)) == count or pytest.fail("records are missing")) < most


def test_blocks_of_large_records_are_short(tmp_path: Path) -> None:
    """A block holds 1,000 records, or as many as make up four megabytes."""
    path = grown(
        tmp_path / "a.csv", begin=b"id,text\n", piece=b"1," + b"z" * 900_000 + b"\n", times=10, end=b"2,b\n" * 1_400
    )
    lengths = list(through(path))
    assert sum(lengths) == 1_410
    assert lengths[:2] == [4, 4]
    assert max(lengths) <= 1_000
