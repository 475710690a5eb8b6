"""What holds for every file, tried on files that nobody thought of."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from tests.cases.reading.tables import as_csv, assert_honest, blocks_of, fields, items_of, records, written

from pilotage.cases.reading.csv_reader import CsvReader
from pilotage.cases.reading.values import Broken, Record

CHUNKS = st.sampled_from([1, 3, 7, 64, 32 * 1024])
# Few characters, and those that mean something: so that they meet.
TEXT = st.text(st.sampled_from('ab,;\t|"\n\r \u00e9\u20ac\U0001f600'), max_size=8)
PLAIN = st.text(st.sampled_from("ab \u00e9\U0001f600"), max_size=5)
LINE = st.text(st.sampled_from('ab,;" \u00e9'), max_size=12)


@contextmanager
def file_of(content: bytes) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield written(Path(folder, "table.csv"), content)


@st.composite
def tables(draw: st.DrawFn, cell: st.SearchStrategy[str] = TEXT) -> list[list[str]]:
    width = draw(st.integers(1, 4))
    header = [f"c{place}" for place in range(width)]
    return [header, *draw(st.lists(st.lists(cell, min_size=width, max_size=width), max_size=12))]


def named(table: list[list[str]]) -> list[dict[str, str]]:
    return [dict(zip(table[0], row, strict=True)) for row in table[1:]]


@given(
    table=tables(),
    delimiter=st.sampled_from(",;\t|"),
    all_quoted=st.booleans(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be"]),
    chunk=CHUNKS,
)
@settings(max_examples=100)
def test_what_csv_writes_is_read_back(
    *, table: list[list[str]], delimiter: str, all_quoted: bool, encoding: str, chunk: int
) -> None:
    """A table that Python's csv module writes comes back as it was, and each record's bytes alone give that record."""
    text = as_csv(table, delimiter=delimiter, all_quoted=all_quoted)
    content = text.encode(encoding)
    said = {"delimiter": delimiter, "encoding": encoding if encoding == "utf-16-be" else None}
    with file_of(content) as path:
        items = items_of(path, chunk=chunk, **said)
        assert fields(items) == named(table)
        mark = len("".encode(encoding))
        begin = mark + len(as_csv(table[:1], delimiter=delimiter, all_quoted=all_quoted).encode(encoding)) - mark
        assert_honest(content, items, begin=begin)
        for item in records(items)[:3]:
            written(path, content[:begin] + content[item.start : item.end])
            assert fields(items_of(path, **said)) == [item.fields]


@given(table=tables(PLAIN), end=st.sampled_from(["\n", "\r\n", "\r"]), last=st.booleans(), chunk=CHUNKS)
@settings(max_examples=40)
def test_every_line_end_is_one(*, table: list[list[str]], end: str, last: bool, chunk: int) -> None:
    """Lines end with a line feed, a carriage return or both, and the last one may end with nothing."""
    text = as_csv(table, end=end)
    if not last and len(table) > 1:
        text = text.removesuffix(end)
    with file_of(text.encode()) as path:
        items = items_of(path, chunk=chunk)
        assert fields(items) == named(table)
        assert_honest(text.encode(), items, begin=len(as_csv(table[:1], end=end).encode()))


@given(content=st.lists(LINE, max_size=30), end=st.sampled_from(["\n", "\r\n"]), chunk=CHUNKS, wide=st.booleans())
@settings(max_examples=100)
def test_how_it_is_cut_changes_nothing(*, content: list[str], end: str, chunk: int, wide: bool) -> None:
    """Whatever the file holds: the same items come in any pieces that it is read in, and they cover the file."""
    data = end.join(["a,b", *content]).encode("utf-16" if wide else "utf-8")
    with file_of(data) as path:
        items = items_of(path, chunk=chunk, delimiter=",", record_limit=120)
        assert items == items_of(path, delimiter=",", record_limit=120)
        header = len(("a,b" + end).encode("utf-16" if wide else "utf-8"))
        assert_honest(data, items, begin=header if content else len(data))


@given(content=st.lists(LINE, max_size=30), chunk=CHUNKS)
@settings(max_examples=100)
def test_the_quick_ways_are_the_exact_one(content: list[str], chunk: int) -> None:
    """Splitting and csv.reader are taken for speed alone: without them the same items come."""
    with file_of("\n".join(["a,b", *content]).encode()) as path:
        quick = items_of(path, chunk=chunk, delimiter=",", record_limit=120)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(CsvReader, "_easy", lambda reader, run: None)
            patch.setattr(CsvReader, "_is_plainly_sound", lambda *row: False)
            assert items_of(path, chunk=chunk, delimiter=",", record_limit=120) == quick


@given(
    lines=st.lists(st.one_of(LINE.map(str.encode), st.binary(max_size=12)), min_size=1, max_size=30),
    chunk=CHUNKS,
    encoding=st.sampled_from(["utf-8", "cp1252", "shift_jis", "utf-16-le"]),
)
@settings(max_examples=60)
def test_any_bytes_are_accounted_for(lines: list[bytes], chunk: int, encoding: str) -> None:
    """Bytes that are no text at all, NUL bytes among them, are broken records; none is passed over, none is read twice."""
    data = "a,b\n".encode(encoding) + b"\n".join(lines)
    with file_of(data) as path:
        items = items_of(path, chunk=chunk, delimiter=",", record_limit=64, encoding=encoding)
        assert items == items_of(path, delimiter=",", record_limit=64, encoding=encoding)
        assert_honest(data, items, begin=len("a,b\n".encode(encoding)))


@given(content=st.lists(LINE, min_size=1, max_size=40), chunk=CHUNKS, data=st.data())
@settings(max_examples=60)
def test_going_on_gives_the_rest(content: list[str], chunk: int, data: st.DataObject) -> None:
    """Reading that goes on behind any item gives exactly the items that were left, numbers included."""
    with file_of("\n".join(["a,b", *content]).encode()) as path:
        items = items_of(path, delimiter=",", record_limit=120)
        assume(items)
        done = data.draw(st.integers(1, len(items)))
        rest = items_of(path, delimiter=",", record_limit=120, start_byte=items[done - 1].end, chunk=chunk)
        assert rest == items[done:]


@given(table=tables(), chunk=CHUNKS)
@settings(max_examples=40)
def test_going_on_behind_each_block(table: list[list[str]], chunk: int) -> None:
    """A block's next byte leads to the next block, also where records go over several lines."""
    with file_of(as_csv(table * 3).encode()) as path:
        blocks = blocks_of(path, most=3, chunk=chunk, delimiter=",")
        for place, block in enumerate(blocks):
            assert len(block) <= 3
            assert block.next_byte == block.items[-1].end
            rest = blocks_of(path, most=3, start_byte=block.next_byte, chunk=chunk, delimiter=",")
            assert rest == blocks[place + 1 :]


@given(
    table=tables(st.text(st.sampled_from('ab,;" \u00e9'), max_size=6)),
    garbage=st.lists(LINE, max_size=6),
    data=st.data(),
)
@settings(max_examples=150)
@example(table=[["c0", "c1"], ["1", "2"]], garbage=['"', "x"], data=None)
def test_garbage_takes_no_good_record_along(
    table: list[list[str]], garbage: list[str], data: st.DataObject | None
) -> None:
    """Broken lines between good ones cost no good one, even when a quote in one of them is never closed.

    With two lines that leave a quote open, what stands between them may rightly be one field: that is left out here.
    """
    assume(sum(line.count('"') % 2 for line in garbage) <= 1)
    lines = as_csv(table[1:], end="\n").splitlines(keepends=True)
    for line in garbage:
        place = data.draw(st.integers(0, len(lines))) if data else 0
        lines.insert(place, line + "\n")
    content = as_csv(table[:1], end="\n") + "".join(lines)
    with file_of(content.encode()) as path:
        found = fields(items_of(path, delimiter=","))
    for good in named(table):
        assert good in found
        found.remove(good)


@given(
    lines=st.lists(
        st.one_of(LINE, st.sampled_from(['{"a": 1}', '{"a": "\\u0000"}', "[]", '{"a":{"b":[1.5]}}'])), max_size=20
    ),
    chunk=CHUNKS,
)
@settings(max_examples=40)
def test_jsonl_is_accounted_for_too(lines: list[str], chunk: int) -> None:
    """The same holds for JSONL: all bytes are in one item, in whatever pieces they are read."""
    data = "\n".join(['{"first": true}', *lines]).encode()
    with file_of(data) as path:
        items = items_of(path, chunk=chunk, form="jsonl", record_limit=40)
        assert items == items_of(path, form="jsonl", record_limit=40)
        assert_honest(data, items, begin=0)
        assert all(isinstance(item, Record | Broken) for item in items)
        for item in items:
            assert items_of(path, form="jsonl", record_limit=40, start_byte=item.end) == items[items.index(item) + 1 :]
