"""What comes out of a file: records, broken records, and blocks of both."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

Form = Literal["csv", "jsonl", "xlsx"]


class Record(NamedTuple):
    """One record as it stands in its file. A tuple and no dataclass, because hundreds of thousands are made a second.

    `number` is the line on which the record begins, as an editor counts them (the header is usually line 1); in a
    workbook it is the row. `start` and `end` are its bytes, line end included; in a workbook they are rows as well.
    """

    number: int
    start: int
    end: int
    fields: Mapping[str, object]


class Shape(StrEnum):
    """What kind of fault a broken record has: the same fault has the same word, whatever the record holds."""

    TOO_LONG = "too-long"
    OPEN_QUOTE = "open-quote"
    TEXT_AFTER_QUOTE = "text-after-quote"
    STRAY_QUOTE = "stray-quote"
    TOO_MANY_COLUMNS = "too-many-columns"
    TOO_FEW_COLUMNS = "too-few-columns"
    WRONG_ENCODING = "wrong-encoding"
    NUL_BYTE = "nul-byte"
    NOT_JSON = "not-json"
    NOT_AN_OBJECT = "not-an-object"
    DUPLICATE_KEY = "duplicate-key"
    TOO_DEEP = "too-deep"
    NOT_A_NUMBER = "not-a-number"
    NOT_TEXT = "not-text"
    CELL_ERROR = "cell-error"
    NO_RECORD = "no-record"


@dataclass(frozen=True, kw_only=True, slots=True)
class Broken:
    """A stretch of the file that is no record, with enough of it to find it, show it and prove what it was.

    When `whole`, `prefix` is the original, every byte of it; otherwise it is its beginning (at most 4 KiB). `digest` is
    the SHA-256 of all of it either way. A workbook has no bytes for a row: there `prefix` is the row written as JSON.
    """

    number: int
    start: int
    end: int
    prefix: bytes
    digest: str
    reason: str
    shape: Shape
    whole: bool


Item = Record | Broken


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """Neighbours in the file. Whoever has saved all of them may go on at `next_byte` (in a workbook: that row)."""

    items: list[Item]
    next_byte: int

    def __iter__(self) -> Iterator[Item]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)
