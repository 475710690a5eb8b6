"""Encodings: found, said, or wrong in a single line."""

from pathlib import Path

import pytest
from tests.cases.reading.tables import broken, fields, items_of, written

from pilotage.cases.reading.errors import WrongEncoding
from pilotage.cases.reading.source import open_source
from pilotage.cases.reading.values import Shape

TEXT = "id,text\r\n1,caf\u00e9 \u20ac\r\n2,\U0001f600\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_is_recognised(tmp_path: Path, encoding: str) -> None:
    """UTF-8 with and without its mark, and UTF-16 with it, need no word."""
    path = written(tmp_path / "a.csv", TEXT.encode(encoding))
    assert fields(items_of(path)) == [{"id": "1", "text": "caf\u00e9 \u20ac"}, {"id": "2", "text": "\U0001f600"}]
    lines = '{"text": "caf\u00e9"}\n{"text": "b"}\n'.encode(encoding)
    assert [row["text"] for row in fields(items_of(written(tmp_path / "a.jsonl", lines)))] == ["caf\u00e9", "b"]


def test_another_encoding_is_said(tmp_path: Path) -> None:
    """Windows' encodings are read when they are named."""
    path = written(tmp_path / "a.csv", "id,text\n1,caf\u00e9 \u20ac\n".encode("cp1252"))
    assert fields(items_of(path, encoding="cp1252")) == [{"id": "1", "text": "caf\u00e9 \u20ac"}]
    path = written(tmp_path / "b.csv", "id|text\n1|\u30dd\u30bd\n".encode("shift_jis"))
    assert fields(items_of(path, encoding="shift_jis")) == [{"id": "1", "text": "\u30dd\u30bd"}]
    path = written(tmp_path / "c.csv", TEXT.encode("utf-16-be"))
    assert len(items_of(path, encoding="utf-16-be")) == 2


def test_a_line_in_another_encoding_is_broken_alone(tmp_path: Path) -> None:
    """The line is named with byte, place and the likely encoding; the others go on."""
    items = items_of(written(tmp_path / "a.csv", b"id,text\n1,caf\xc3\xa9\n2,caf\xe9 noir\n3,tea\n"))
    assert [row["id"] for row in fields(items)] == ["1", "3"]
    (fault,) = broken(items)
    assert (fault.number, fault.shape, fault.prefix) == (3, Shape.WRONG_ENCODING, b"2,caf\xe9 noir\n")
    assert fault.reason == (
        "not UTF-8: byte 0xE9 at character 6; it looks like Windows-1252; if the whole file is, say --encoding cp1252"
    )


def test_a_record_over_lines_in_another_encoding_is_broken_whole(tmp_path: Path) -> None:
    """Where a record ends is told by its quotes, whatever stands between them."""
    items = items_of(written(tmp_path / "a.csv", b'id,text\n1,"one\ncaf\xe9\nthree"\n2,b\n'))
    (fault,) = broken(items)
    assert fault.prefix == b'1,"one\ncaf\xe9\nthree"\n'
    assert fault.reason.startswith("line 3: not UTF-8: byte 0xE9 at character 4")
    assert [row["id"] for row in fields(items)] == ["2"]


def test_a_byte_that_the_said_encoding_lacks(tmp_path: Path) -> None:
    """An encoding that was said is held to."""
    items = items_of(written(tmp_path / "a.csv", b"id,text\n1,a\x81b\n"), encoding="cp1252")
    assert broken(items)[0].reason == "not cp1252: byte 0x81 at character 4"


def test_nul_bytes_break_their_line(tmp_path: Path) -> None:
    """A NUL byte is in no text; a hole that a crash left in a file is seen as what it is."""
    items = items_of(written(tmp_path / "a.csv", b"id,text\n1,a\n2,b\0c\n" + b"\0" * 50 + b'\n3,"d"\n'))
    assert [row["id"] for row in fields(items)] == ["1", "3"]
    assert [(item.number, item.shape) for item in broken(items)] == [(3, Shape.NUL_BYTE), (4, Shape.NUL_BYTE)]


def test_utf16_in_odd_pieces(tmp_path: Path) -> None:
    """A half character, a byte too many and an odd line end in UTF-16 break their line and nothing else."""
    data = "id,text\n1,a\n".encode("utf-16-le") + b"2\0,\0\x3d\xd8\n\0" + "3,c\n4".encode("utf-16-le") + b"\0"
    items = items_of(written(tmp_path / "a.csv", data), encoding="utf-16-le")
    assert [row["id"] for row in fields(items)] == ["1", "3"]
    assert broken(items)[0].shape is Shape.WRONG_ENCODING
    assert broken(items)[0].reason.startswith("not UTF-16-LE: bytes 0x3D 0xD8 at character 3")
    assert b"".join([item.prefix for item in broken(items)]) == b"2\0,\0\x3d\xd8\n\0" + b"4\0\0"


@pytest.mark.parametrize(
    ("content", "encoding", "said"),
    [
        ("id,text\n1,a\n".encode("utf-16-le"), None, "without the byte-order mark"),
        ("id,text\n1,a\n".encode("utf-16-be"), None, "without the byte-order mark"),
        ("id,text\n".encode("utf-32"), None, "UTF-32"),
        (b"id,text\n", "utf-16", "does not begin with"),
        ("id,text\n".encode("utf-16"), "cp1252", "begins with the byte-order mark of UTF-16-LE"),
        (b"\xef\xbb\xbfid,text\n", "cp1252", "begins with the byte-order mark of UTF-8"),
        (b"id,text\n", "utf-7", "cannot be read line by line"),
        (b"id,text\n", "iso2022_jp", "cannot be read line by line"),
        (b"id,text\n", "cp037", "cannot be read line by line"),
        (b"id,text\n", "rot13", "no encoding"),
        (b"id,text\n", "martian", "no encoding"),
        (b"id,caf\xe9\n1,a\n", None, "first line of a.csv cannot be read"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, content: bytes, encoding: str | None, said: str) -> None:
    """An encoding that is unknown, unusable or not the file's is an error about the file, with what to say instead."""
    with pytest.raises(WrongEncoding, match=said) as caught:
        open_source(written(tmp_path / "a.csv", content), encoding=encoding)
    assert caught.value.remedy
