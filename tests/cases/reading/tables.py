"""What the tests of reading share: files written in one line, and everything that is read from one."""

import csv
import hashlib
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from pilotage.cases.reading.source import BLOCK_ITEMS, Form, open_source
from pilotage.cases.reading.values import Block, Broken, Item, Record


def items_of(path: Path, **said: object) -> list[Item]:
    with open_source(path, **said) as source:  # type: ignore[arg-type]
        return [item for block in source for item in block]


def blocks_of(path: Path, *, most: int = BLOCK_ITEMS, **said: object) -> list[Block]:
    with open_source(path, **said) as source:  # type: ignore[arg-type]
        return list(source.blocks(most=most))


def records(items: Iterable[Item]) -> list[Record]:
    return [item for item in items if isinstance(item, Record)]


def fields(items: Iterable[Item]) -> list[dict[str, object]]:
    return [dict(item.fields) for item in records(items)]


def broken(items: Iterable[Item]) -> list[Broken]:
    return [item for item in items if isinstance(item, Broken)]


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def as_csv(rows: Iterable[Sequence[str]], *, delimiter: str = ",", end: str = "\r\n", all_quoted: bool = False) -> str:
    text = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL
    csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows(rows)
    return text.getvalue()


def assert_honest(content: bytes, items: Sequence[Item], *, begin: int, form: Form = "csv") -> None:
    """Every byte behind the header is in exactly one item or in a blank line, and broken ones say what they were."""
    place, number = begin, 0
    for item in items:
        assert item.start >= place, "two items overlap"
        assert not content[place : item.start].strip(b" \t\r\n\0"), "something between two items was lost"
        assert item.end > item.start
        assert item.number > number
        place, number = item.end, item.number
        original = content[item.start : item.end]
        if isinstance(item, Broken):
            assert item.digest == hashlib.sha256(original).hexdigest()
            assert item.prefix == (original if item.whole else original[:4096])
    assert not content[place:].strip(b" \t\r\n\0"), "something at the end was lost"
