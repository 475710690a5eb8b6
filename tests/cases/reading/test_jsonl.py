"""JSONL: one object a line, and everything that looks like one and is none."""

from pathlib import Path

import pytest
from tests.cases.reading.tables import broken, fields, items_of, written

from pilotage.cases.reading.source import open_source
from pilotage.cases.reading.values import Record, Shape


def test_one_object_a_line(tmp_path: Path) -> None:
    """Objects of any content, with blanks around them, between blank lines, the last without a line end."""
    path = written(
        tmp_path / "a.jsonl", '{"id": 1, "tags": ["a", {"b": null}]}\r\n\n  {"id": "\\u00e9\\n"}\t\n{"id": 1.5}'
    )
    with open_source(path) as source:
        assert [item for block in source for item in block] == [
            Record(1, 0, 39, {"id": 1, "tags": ["a", {"b": None}]}),
            Record(3, 40, 62, {"id": "\u00e9\n"}),
            Record(4, 62, 73, {"id": 1.5}),
        ]
        assert (source.form, source.columns, source.blank) == ("jsonl", (), 1)


@pytest.mark.parametrize(
    ("line", "shape", "reason"),
    [
        ("[1]", Shape.NOT_AN_OBJECT, "a list and not an object"),
        ("null", Shape.NOT_AN_OBJECT, "null and not an object"),
        ("true", Shape.NOT_AN_OBJECT, "true or false and not an object"),
        ('"a"', Shape.NOT_AN_OBJECT, "a text and not an object"),
        ("7", Shape.NOT_AN_OBJECT, "a number and not an object"),
        ("{a: 1}", Shape.NOT_JSON, "not JSON: a key in double quotes is expected, at character 2"),
        ('{"a": }', Shape.NOT_JSON, "not JSON: a value is expected, at character 7"),
        ('{"a" 1}', Shape.NOT_JSON, "not JSON: a colon is expected, at character 6"),
        (
            '{"a": 1 "b": 2}',
            Shape.NOT_JSON,
            "not JSON: a comma or the end of the list or object is expected, at character 9",
        ),
        ('{"a": "b', Shape.NOT_JSON, "not JSON: a text begins that is not closed, at character 7"),
        ('{"a": "b\tc"}', Shape.NOT_JSON, "not JSON: a control character stands in a text, at character 9"),
        ('{"a": 1}{"a": 2}', Shape.NOT_JSON, "not JSON: the object ends before the line does, at character 9"),
        ('{"a": 1, "a": 2}', Shape.DUPLICATE_KEY, 'the key "a" stands twice in one object'),
        ('{"o": {"k": 1, "k": 1}}', Shape.DUPLICATE_KEY, 'the key "k" stands twice in one object'),
        ('{"a": NaN}', Shape.NOT_A_NUMBER, "NaN is no number in JSON"),
        ('{"a": -Infinity}', Shape.NOT_A_NUMBER, "-Infinity is no number in JSON"),
        ('{"a": 1e999}', Shape.NOT_A_NUMBER, "1e999 is larger than a number can be"),
        ('{"a": ' + "9" * 5000 + "}", Shape.NOT_A_NUMBER, "99999999999999999999... has 5,000 digits"),
        ('{"a": ' + "[" * 200 + "]" * 200 + "}", Shape.TOO_DEEP, "nested more than 100 deep, at character 106"),
        ('{"a": ' + "[" * 100_000, Shape.TOO_DEEP, "nested more than 100 deep, at character 106"),
        ('{"a":' * 500 + "1" + "}" * 500, Shape.TOO_DEEP, "nested more than 100 deep, at character 501"),
        ('{"a": "\\ud800"}', Shape.NOT_TEXT, "a text holds one half of a surrogate pair, which is no character"),
        ('{"a\\u0000": 1}', Shape.NOT_TEXT, "a text holds the NUL character, which no database keeps"),
        (
            '{"a": "\0"}',
            Shape.NUL_BYTE,
            "a NUL byte at character 8: no text holds one, so that the file may be damaged",
        ),
    ],
)
def test_a_broken_line_says_why(tmp_path: Path, line: str, shape: Shape, reason: str) -> None:
    """The fault in plain words with its place; the lines before and behind are read."""
    items = items_of(written(tmp_path / "a.jsonl", f'{{"id": 1}}\n{line}\n{{"id": 2}}\n'))
    (fault,) = broken(items)
    assert (fault.number, fault.shape, fault.reason) == (2, shape, reason)
    assert fault.prefix == line.encode() + b"\n"
    assert fields(items) == [{"id": 1}, {"id": 2}]


def test_brackets_within_texts_are_not_deep(tmp_path: Path) -> None:
    """Only what is nested counts: neither brackets in a text nor many of them side by side."""
    lines = '{"a": "' + "[" * 300 + '"}\n{"a": [' + ",".join(["[]"] * 300) + "]}\n" + '{"a": "\\"' + "{" * 300 + '"}\n'
    assert len(fields(items_of(written(tmp_path / "a.jsonl", lines)))) == 3


def test_escapes_that_are_text(tmp_path: Path) -> None:
    """A surrogate pair is a character, and a backslash before u0000 is one too."""
    lines = '{"a": "\\ud83d\\ude00"}\n{"a": "\\\\u0000"}\n'
    assert fields(items_of(written(tmp_path / "a.jsonl", lines))) == [{"a": "\U0001f600"}, {"a": "\\u0000"}]


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    """A line in another encoding is broken alone, with the place of its first wrong byte."""
    items = items_of(written(tmp_path / "a.jsonl", b'{"a": 1}\n{"a": "caf\xe9"}\n{"a": 2}\n'))
    assert broken(items)[0].reason.startswith("not UTF-8: byte 0xE9 at character 11")
    assert fields(items) == [{"a": 1}, {"a": 2}]
