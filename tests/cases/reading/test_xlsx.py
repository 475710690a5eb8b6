"""Workbooks: rows with types, one sheet, and never more than the memory can take."""

import json
import zipfile
from pathlib import Path

import pytest
from tests.cases.reading.tables import blocks_of, broken, fields, items_of, records, written
from tests.cases.reading.workbooks import write_workbook

from pilotage.cases.reading import workbook
from pilotage.cases.reading.errors import (
    ColumnsMissing,
    HeaderRepeats,
    SheetUnclear,
    SourceEmpty,
    WorkbookTooLarge,
    WorkbookUnreadable,
    WrongForm,
)
from pilotage.cases.reading.source import open_source
from pilotage.cases.reading.values import Record, Shape

HEADER = ["id", "text", "paid"]


def test_cells_keep_their_types(tmp_path: Path) -> None:
    """Text is text, a whole number an int, a broken one a float, an empty cell None, whatever Excel stores."""
    rows = {1: HEADER, 2: [1, "card", True], 3: [2.5, None, False], 4: ["x7", "a < b", None]}
    found = items_of(write_workbook(tmp_path / "a.xlsx", {"Leads": rows}))
    assert fields(found) == [
        {"id": 1, "text": "card", "paid": True},
        {"id": 2.5, "text": None, "paid": False},
        {"id": "x7", "text": "a < b", "paid": None},
    ]
    assert isinstance(fields(found)[0]["id"], int)


def test_a_row_is_found_by_its_number(tmp_path: Path) -> None:
    """Numbers are those that Excel shows, also where the table begins further down and rows are empty."""
    path = write_workbook(tmp_path / "a.xlsx", {"S": {4: HEADER, 6: [1, "a"], 9: [2, "b"]}})
    with open_source(path) as source:
        assert source.columns == ("id", "text", "paid")
        items = [item for block in source for item in block]
        assert [(item.number, item.start, item.end) for item in items] == [(6, 6, 7), (9, 9, 10)]
        assert source.blank == 3


def test_going_on_at_a_row(tmp_path: Path) -> None:
    """What is called the byte is the row: a block's next one gives the rest of the rows."""
    rows = {1: HEADER} | {row: [row, "a"] for row in range(2, 1203)}
    path = write_workbook(tmp_path / "a.xlsx", {"S": rows})
    blocks = blocks_of(path)
    assert [len(block) for block in blocks] == [1000, 201]
    assert blocks_of(path, start_byte=blocks[0].next_byte) == blocks[1:]


def test_broken_rows_are_kept_as_json(tmp_path: Path) -> None:
    """A cell beyond the header and a cell that shows an error break their row, and no other."""
    rows = {1: HEADER, 2: [1, "#N/A"], 3: [2, "b", True, "more"], 4: [3, "c"]}
    items = items_of(write_workbook(tmp_path / "a.xlsx", {"S": rows}))
    wrong, wide = broken(items)
    assert (wrong.shape, wrong.reason) == (Shape.CELL_ERROR, "Excel shows an error in column 2 (text)")
    assert (wide.shape, wide.reason) == (Shape.TOO_MANY_COLUMNS, "4 columns, and the header has 3")
    assert json.loads(wide.prefix) == [2, "b", True, "more"]
    assert wide.whole
    assert fields(items) == [{"id": 3, "text": "c", "paid": None}]


def test_a_row_has_a_limit_too(tmp_path: Path) -> None:
    """A row that is longer than a record may be is broken, and its beginning is kept."""
    rows = {1: HEADER, 2: [1, "x" * 9000], 3: [2, "b"]}
    items = items_of(write_workbook(tmp_path / "a.xlsx", {"S": rows}), record_limit=5000)
    (long,) = broken(items)
    assert (long.shape, len(long.prefix), long.whole) == (Shape.TOO_LONG, 4096, False)
    assert [item.number for item in records(items)] == [3]


def test_one_sheet_is_meant(tmp_path: Path) -> None:
    """Empty and hidden sheets do not count; of two that hold something, one has to be named."""
    filled = {1: HEADER, 2: [1, "a"]}
    path = write_workbook(tmp_path / "a.xlsx", {"Empty": {}, "Leads": filled, "Notes": {1: ["x"]}}, hidden=["Notes"])
    assert len(items_of(path)) == 1
    path = write_workbook(tmp_path / "b.xlsx", {"Leads": filled, "More": filled})
    with pytest.raises(SheetUnclear, match="Leads, More") as caught:
        open_source(path)
    assert '--sheet "Leads"' in caught.value.remedy
    assert len(items_of(path, sheet="More")) == 1
    with pytest.raises(SheetUnclear, match='no sheet "leads"'):
        open_source(path, sheet="leads")


def test_an_empty_workbook_is_said(tmp_path: Path) -> None:
    """A workbook without a value is an error and no success with nothing in it."""
    with pytest.raises(SourceEmpty):
        open_source(write_workbook(tmp_path / "a.xlsx", {"S": {}}))
    with pytest.raises(SourceEmpty):
        open_source(write_workbook(tmp_path / "b.xlsx", {"S": {}, "T": {1: HEADER}}), sheet="S")


def test_the_header_is_looked_at(tmp_path: Path) -> None:
    """Columns that are missing or named twice are named, with the row and the sheet."""
    with pytest.raises(HeaderRepeats, match="row 1 of sheet S"):
        open_source(write_workbook(tmp_path / "a.xlsx", {"S": {1: ["id", "id"]}}))
    with pytest.raises(ColumnsMissing, match="no column amount"):
        open_source(write_workbook(tmp_path / "b.xlsx", {"S": {1: HEADER}}), expects={"amount", "id"})


def test_damage_is_said(tmp_path: Path) -> None:
    """A workbook that is cut off, no workbook at all, old or protected is an error that says what to do."""
    whole = write_workbook(tmp_path / "a.xlsx", {"S": {1: HEADER, 2: [1, "a"]}}).read_bytes()
    with pytest.raises(WorkbookUnreadable, match="no sound Excel workbook"):
        open_source(written(tmp_path / "cut.xlsx", whole[: len(whole) // 2]))
    with pytest.raises(WorkbookUnreadable, match="password"):
        open_source(written(tmp_path / "old.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512)))
    with pytest.raises(WrongForm, match="no Excel workbook"):
        open_source(written(tmp_path / "text.xlsx", "id,text\n1,a\n"))
    with zipfile.ZipFile(tmp_path / "b.xlsx", "w") as archive:
        archive.writestr("readme.txt", "an archive")
    with pytest.raises(WorkbookUnreadable):
        open_source(tmp_path / "b.xlsx")
    with pytest.raises(WrongForm, match="ZIP archive"):
        open_source(written(tmp_path / "a.csv", whole))


def test_a_stray_cell_does_not_take_the_memory(tmp_path: Path) -> None:
    """One value in the last corner would make billions of cells: refused before it is loaded, with what to do."""
    path = write_workbook(tmp_path / "a.xlsx", {"S": {1: HEADER, 1_048_576: [None] * 25 + ["stray"]}})
    with pytest.raises(WorkbookTooLarge, match="1,048,576 rows and 26 columns") as caught:
        open_source(path)
    assert "CSV" in caught.value.remedy


def test_cells_that_do_not_say_where_they_are_count(tmp_path: Path) -> None:
    """Cells may leave their place out; they are counted all the same."""
    rows = '<row r="1">' + "<c><v>1</v></c>" * 50 + '</row><row r="900000"><c><v>1</v></c></row>'
    with pytest.raises(WorkbookTooLarge):
        open_source(write_workbook(tmp_path / "a.xlsx", {"S": {}}, sheet_xml=rows))


def test_formats_without_values_do_no_harm(tmp_path: Path) -> None:
    """Whole columns that are merely formatted, down to the last row, are no reason to refuse a workbook."""
    cells = '<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c></row><row r="2"><c r="A2"><v>7</v></c></row>'
    path = write_workbook(
        tmp_path / "a.xlsx",
        {"S": {}},
        sheet_xml=f'{cells}<row r="1048576"><c r="A1048576" s="1"/><c r="ZZ1048576" s="1"/></row>',
    )
    assert fields(items_of(path)) == [{"id": 7}]


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small archive that unpacks to more than is ever loaded is refused, whatever sizes it states."""
    monkeypatch.setattr(workbook, "MOST_BYTES", 2 * 1024 * 1024)
    path = write_workbook(
        tmp_path / "bomb.xlsx", {"S": {}}, sheet_xml="<row r='1'><c r='A1'><v>1</v></c></row>" * 80_000
    )
    assert path.stat().st_size < 100_000
    with pytest.raises(WorkbookTooLarge, match="2 MB"):
        open_source(path)
    with zipfile.ZipFile(path) as archive:
        stated = archive.getinfo("xl/worksheets/sheet1.xml").file_size.to_bytes(4, "little")
    bomb = path.read_bytes()
    assert stated in bomb
    with pytest.raises(WorkbookUnreadable):
        open_source(written(path, bomb.replace(stated, (1000).to_bytes(4, "little"))))


def test_dates_are_dates(tmp_path: Path) -> None:
    """A number that Excel shows as a date comes as a date."""
    cells = '<row r="1"><c r="A1" t="inlineStr"><is><t>on</t></is></c></row><row r="2"><c r="A2" s="1"><v>45000</v></c></row>'
    (item,) = items_of(write_workbook(tmp_path / "a.xlsx", {"S": {}}, sheet_xml=cells))
    assert isinstance(item, Record)
    assert str(item.fields["on"]).startswith("2023-03-15")
