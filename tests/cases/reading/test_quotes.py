"""Quotes that are never closed, and quotes that only look so: the fault over which most readers are silent."""

import csv
import random
import time
from pathlib import Path

import pytest
from tests.cases.reading.tables import as_csv, assert_honest, broken, fields, items_of, records, written

from pilotage.cases.reading.values import Item, Shape

HEADER = "id,text,team\n"


def read(path: Path, body: str, **said: object) -> list[Item]:
    items = items_of(written(path / "a.csv", HEADER + body), **said)
    assert_honest((HEADER + body).encode(), items, begin=len(HEADER))
    return items


def ids(items: list[Item]) -> list[object]:
    return [row["id"] for row in fields(items)]


def test_one_open_quote_costs_one_record(tmp_path: Path) -> None:
    """Python's csv makes one record of all that follows; here one line is broken, and a thousand records are read."""
    body = '1,"the card,cards\n' + "".join(f"{n},a text,cards\n" for n in range(2, 1002))
    with pytest.raises(csv.Error):
        list(csv.reader((HEADER + body).splitlines(keepends=True), strict=True))
    assert len(list(csv.reader((HEADER + body).splitlines(keepends=True)))) == 2
    items = read(tmp_path, body)
    (fault,) = broken(items)
    assert (fault.number, fault.prefix, fault.shape) == (2, b'1,"the card,cards\n', Shape.OPEN_QUOTE)
    assert fault.reason == "the quote that opens column 2 is not closed, as far as a record may reach"
    assert len(records(items)) == 1000


def test_an_open_quote_before_quoted_rows(tmp_path: Path) -> None:
    """The next quote opens a field of a good row: that it is followed by text gives the broken one away."""
    items = read(tmp_path, '1,"open,x\n2,good,x\n3,"also, good",x\n4,good,x\n')
    assert ids(items) == ["2", "3", "4"]
    assert "2 lines further down, is followed by text" in broken(items)[0].reason


def test_an_open_quote_that_another_one_closes(tmp_path: Path) -> None:
    """Two stray quotes in the same column, and by the letter all between them is one field: rows are rows all the same."""
    body = '1,"open,x\n' + "".join(f"{n},good,x\n" for n in range(2, 12)) + '12,a 5",x\n13,good,x\n'
    assert len(list(csv.reader(body.splitlines(keepends=True), strict=True))) == 2
    items = read(tmp_path, body)
    assert ids(items) == [*map(str, range(2, 12)), "13"]
    assert [item.shape for item in broken(items)] == [Shape.OPEN_QUOTE, Shape.STRAY_QUOTE]
    assert "10 lines follow that are complete rows by themselves" in broken(items)[0].reason


def test_text_over_several_lines_is_one_record(tmp_path: Path) -> None:
    """Paragraphs, commas and doubled quotes within a quoted field belong to it."""
    text = 'Hello,\n\nmy "card", the blue one, is lost.\nWhat now, please?\r\nTom'
    items = read(tmp_path, as_csv([["1", text, "cards"], ["2", "b", "x"]], end="\n"))
    assert [row["text"] for row in fields(items)] == [text, "b"]
    assert [item.number for item in items] == [2, 7]


def test_a_long_text_in_two_columns_is_one_record(tmp_path: Path) -> None:
    """Lines that happen to have as many commas as a row do not make it rows, as long as some have not."""
    text = "\n".join(["Hello, Tom", "a, b", "and so on"] * 20)
    path = written(tmp_path / "b.csv", as_csv([["text", "team"], [text, "x"], ["b", "y"]]))
    assert [row["team"] for row in fields(items_of(path))] == ["x", "y"]


def test_several_lines_with_too_many_columns_stay_together(tmp_path: Path) -> None:
    """A record over several lines that has a column too many is one broken record, with its own words."""
    items = read(tmp_path, '1,"one\ntwo, or three\nfour",x,more\n2,b,x\n')
    (fault,) = broken(items)
    assert (fault.shape, fault.reason) == (Shape.TOO_MANY_COLUMNS, "4 columns, and the header has 3")
    assert fault.prefix == b'1,"one\ntwo, or three\nfour",x,more\n'
    assert ids(items) == ["2"]


def test_text_after_a_closing_quote(tmp_path: Path) -> None:
    """A quote within a field that is not doubled breaks its line, and says how to write it."""
    items = read(tmp_path, '1,"he said "no" to me",x\n2,b,x\n')
    assert broken(items)[0].shape is Shape.TEXT_AFTER_QUOTE
    assert "written twice" in broken(items)[0].reason
    assert ids(items) == ["2"]


def test_a_quote_in_plain_text_is_a_character(tmp_path: Path) -> None:
    """An inch mark in the midst of a field that is not quoted does no harm."""
    assert [row["text"] for row in fields(read(tmp_path, '1,5" pipe,x\n2,"5"" pipe",x\n3,"""no""",y\n'))] == [
        '5" pipe',
        '5" pipe',
        '"no"',
    ]


def test_every_row_with_a_fault_is_a_fault_of_its_own(tmp_path: Path) -> None:
    """A program that writes every row wrongly makes many broken records and not one enormous one."""
    assert len(broken(read(tmp_path, "".join(f'{n},"open,x\n' for n in range(300))))) == 300
    assert len(broken(read(tmp_path, "".join(f'{n},"a"b,x\n' for n in range(300))))) == 300


def test_a_quoted_field_ends_within_the_limit(tmp_path: Path) -> None:
    """A field that is closed too late is broken up to the next line that is a row."""
    text = "\n".join(["some text"] * 50)
    items = read(tmp_path, f'1,"{text}",x\n2,b,x\n', record_limit=300)
    assert ids(items) == ["2"]
    assert broken(items)[0].shape is Shape.OPEN_QUOTE
    assert all(item.whole for item in broken(items))
    assert ids(read(tmp_path, f'1,"{text}",x\n2,b,x\n', record_limit=600)) == ["1", "2"]


def test_an_open_quote_at_the_end(tmp_path: Path) -> None:
    """A file that was cut off within a quoted field keeps its tail as a broken record."""
    items = read(tmp_path, '1,a,x\n2,"cut of')
    assert ids(items) == ["1"]
    assert broken(items)[0].prefix == b'2,"cut of'


def test_a_record_over_lines_behind_a_broken_one(tmp_path: Path) -> None:
    """Reading resumes at a sound record that goes over several lines, and not first behind it."""
    items = read(tmp_path, '1,"a"b\nnothing\n2,"one\ntwo",x\n3,c,x\n')
    assert ids(items) == ["2", "3"]
    assert broken(items)[0].prefix == b'1,"a"b\nnothing\n'


def test_a_soup_of_quotes_is_read_in_no_time(tmp_path: Path) -> None:
    """No arrangement of quotes makes reading go over the same bytes again and again."""
    soup = random.Random(7)
    bodies = [
        '5","a""\n' * 5_000,
        "".join("".join(soup.choices('"",ab\n', k=40)) + "\n" for _ in range(1_000)),
        '1,"open,x\n' + '2,"",x\n' * 10_000,
    ]
    for body in bodies:
        begin = time.process_time()
        read(tmp_path, body)
        assert time.process_time() - begin < 10
