"""CSV: dialects, headers, columns, blank lines, and what a person reads when something is wrong."""

from pathlib import Path

import pytest
from tests.cases.reading.tables import as_csv, broken, fields, items_of, written

from pilotage.cases.reading.errors import (
    ColumnsMissing,
    HeaderMissing,
    HeaderRepeats,
    HeaderUnreadable,
    WrongDelimiter,
)
from pilotage.cases.reading.source import open_source
from pilotage.cases.reading.values import Record, Shape


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    """Commas, semicolons, tabs and bars are told apart by the header and the first rows."""
    rows = [["id", "amount", "text"], *([str(n), "1,5", "a; b, c|d\te"] for n in range(5))]
    path = written(tmp_path / "a.csv", as_csv(rows, delimiter=delimiter))
    with open_source(path) as source:
        assert source.delimiter == delimiter
        assert source.columns == ("id", "amount", "text")
    assert fields(items_of(path)) == [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def test_expected_names_settle_the_delimiter(tmp_path: Path) -> None:
    """Where the header could be read in two ways, the names that are expected decide; or whoever says it."""
    path = written(tmp_path / "a.csv", "price, net;name\n1,5;a\n")
    with open_source(path, expects={"name"}) as source:
        assert source.columns == ("price, net", "name")
    with open_source(path, delimiter=",") as source:
        assert source.columns == ("price", "net;name")
    with pytest.raises(WrongDelimiter):
        open_source(path, delimiter=";;")


def test_what_excel_says_about_the_delimiter(tmp_path: Path) -> None:
    """Excel's first line `sep=;` is taken for what it is."""
    path = written(tmp_path / "a.csv", "sep=;\r\nid;text\r\n1;a,b\r\n")
    assert items_of(path) == [Record(3, 16, 23, {"id": "1", "text": "a,b"})]


def test_one_column_needs_no_delimiter(tmp_path: Path) -> None:
    """A table of one column is read as such; a comma in it has to be quoted."""
    items = items_of(written(tmp_path / "a.csv", 'text\nhello\n""\n\n"hello, world"\nhello, world\n'))
    assert [row["text"] for row in fields(items)] == ["hello", "", "hello, world"]
    assert broken(items)[0].reason == "2 columns, and the header has 1"


def test_a_missing_header_is_said(tmp_path: Path) -> None:
    """A first line that is data is no header, with or without expected names."""
    path = written(tmp_path / "a.csv", "58;management;yes\n44;technician;no\n")
    with pytest.raises(HeaderMissing, match='holds "58"'):
        open_source(path)
    with pytest.raises(HeaderMissing, match="looks like data") as caught:
        open_source(path, expects={"age", "job"})
    assert "(age, job)" in caught.value.remedy
    with open_source(written(tmp_path / "b.csv", "country,2023,2024\nFrance,1,2\n")) as source:
        assert source.columns == ("country", "2023", "2024")
    with pytest.raises(HeaderMissing, match="no column names"):
        open_source(written(tmp_path / "c.csv", ",,\n1,2,3\n"))


def test_missing_columns_lead_to_those_that_were_meant(tmp_path: Path) -> None:
    """What is missing is named, what is there as well, and which of them may be meant."""
    path = written(tmp_path / "a.csv", "ID;Job Title;x\n1;clerk;2\n")
    with pytest.raises(ColumnsMissing) as caught:
        open_source(path, expects={"id", "job_title"})
    assert "no column id, job_title. It has: ID, Job Title, x." in caught.value.what
    assert 'rename "ID" to "id"; rename "Job Title" to "job_title"' in caught.value.remedy
    with pytest.raises(ColumnsMissing) as caught:
        open_source(written(tmp_path / "b.csv", "id:text\n1:a\n"), expects={"id", "text"})
    assert "--delimiter" in caught.value.remedy


def test_a_name_stands_once(tmp_path: Path) -> None:
    """Two columns of one name would hide one another."""
    with pytest.raises(HeaderRepeats, match=r'"id" \(columns 1, 3\)'):
        open_source(written(tmp_path / "a.csv", "id,text,id\n1,a,2\n"))


def test_names_are_trimmed_and_given(tmp_path: Path) -> None:
    """Blanks around names are none of theirs, and a column without a name is called by its place."""
    path = written(tmp_path / "a.csv", "id; text ;\n1; a;\n")
    assert fields(items_of(path)) == [{"id": "1", "text": " a", "column 3": ""}]


def test_a_header_over_two_lines(tmp_path: Path) -> None:
    """A quoted name may hold a line end; one that is never closed is an error and no header of a thousand columns."""
    assert fields(items_of(written(tmp_path / "a.csv", '"the\nid",text\n1,a\n'))) == [{"the\nid": "1", "text": "a"}]
    with pytest.raises(HeaderUnreadable, match="quote"):
        open_source(written(tmp_path / "b.csv", '"id,text\n1,a\n'))
    with pytest.raises(HeaderUnreadable, match="longer than a record may be"):
        open_source(written(tmp_path / "c.csv", "x" * 200), record_limit=100)
    with pytest.raises(HeaderUnreadable, match="NUL"):
        open_source(written(tmp_path / "d.csv", b"id,te\0xt\n1,a\n"))


def test_columns_too_many_and_too_few(tmp_path: Path) -> None:
    """A row with another number of columns is broken, with both numbers; its neighbours are not."""
    items = items_of(written(tmp_path / "a.csv", 'id,text\n1,a\n2,b,c\n3\n4,"d",\n5,e\n'))
    assert [row["id"] for row in fields(items)] == ["1", "5"]
    assert [(item.number, item.shape, item.reason) for item in broken(items)] == [
        (3, Shape.TOO_MANY_COLUMNS, "3 columns, and the header has 2"),
        (4, Shape.TOO_FEW_COLUMNS, "1 column, and the header has 2"),
        (5, Shape.TOO_MANY_COLUMNS, "3 columns, and the header has 2"),
    ]
    assert [(item.prefix, item.whole) for item in broken(items)] == [
        (b"2,b,c\n", True),
        (b"3\n", True),
        (b'4,"d",\n', True),
    ]


def test_blank_lines_are_counted(tmp_path: Path) -> None:
    """Blank lines are no records and no faults, and they are not kept secret."""
    path = written(tmp_path / "a.csv", '\n\nid,text\n\n1,a\n  \n2,"b"\n\r\n\n')
    with open_source(path) as source:
        assert [item.number for block in source for item in block] == [5, 7]
        assert source.blank == 4


def test_a_row_of_empty_fields_is_a_row(tmp_path: Path) -> None:
    """Delimiters make a row, also when nothing stands between them."""
    assert fields(items_of(written(tmp_path / "a.csv", "id,text\n,\n"))) == [{"id": "", "text": ""}]


def test_line_ends_may_be_mixed(tmp_path: Path) -> None:
    """Each of the three ends a line, and the last line needs none."""
    path = written(tmp_path / "a.csv", "id,text\n1,a\r2,b\r\n3,c")
    assert items_of(path) == [
        Record(2, 8, 12, {"id": "1", "text": "a"}),
        Record(3, 12, 17, {"id": "2", "text": "b"}),
        Record(4, 17, 20, {"id": "3", "text": "c"}),
    ]


def test_a_field_larger_than_what_csv_takes(tmp_path: Path) -> None:
    """Python's csv refuses fields above 128 KiB; up to the record's limit they are read all the same."""
    long = "x" * 300_000
    path = written(tmp_path / "a.csv", f'id,text\n1,"{long}"\n2,"{long}\n{long}"\n3,c\n')
    assert [len(row["text"]) for row in fields(items_of(path))] == [300_000, 600_001, 1]  # type: ignore[arg-type]
