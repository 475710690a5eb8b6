"""The file of an archive: JSON lines in gzip members, one for each batch of cases, so that it grows safely.

A member ends with a line that has its count and digest. What was written and is on the disk is read again before anybody
relies on it; what a killed process left behind the last sure byte is cut off by the next one.
"""

import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, TypeAlias, cast

from pilotage.operations.errors import ArchiveAltered

Line: TypeAlias = dict[str, object]
FORMAT: Final = 1
_BLOCK: Final = 1 << 18


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """One batch of a file."""

    lines: tuple[Line, ...]
    end: int
    """Where it ends in the file."""


def append(file: Path, lines: Sequence[Line], *, at: int) -> int:
    """Write a member at this byte, to the disk, and read it again; where it ends. What was behind `at` is cut off."""
    body = b"".join(_encoded(line) for line in lines)
    last: Line = {"end": True, "lines": len(lines), "sha256": hashlib.sha256(body).hexdigest()}
    made = gzip.compress(body + _encoded(last), compresslevel=5, mtime=0)
    new = not file.exists()
    with file.open("wb" if new else "r+b") as out:
        file.chmod(0o600)
        out.truncate(at)
        out.seek(at)
        out.write(made)
        out.flush()
        os.fsync(out.fileno())
    if new:
        number = os.open(file.parent, os.O_RDONLY)
        os.fsync(number)
        os.close(number)
    (member,) = read(file, begin=at)
    if list(member.lines) != [json.loads(_encoded(line)) for line in lines]:
        raise _altered(file, f"what was written at byte {at} reads otherwise")
    return member.end


def read(file: Path, *, begin: int = 0, end: int | None = None) -> Iterator[Member]:
    """The members of a file, one at a time in memory. Raises ArchiveAltered (PLT-521)."""
    if not file.is_file():
        raise ArchiveAltered(f"There is no file {file}.", "Name the archive's file, where it is now.")
    with file.open("rb") as given:
        given.seek(begin)
        stream = _Stream(file=file, given=given, position=begin)
        while (end is None or stream.position < end) and (body := stream.member()) is not None:
            yield Member(lines=_checked(file, body, stream.position), end=stream.position)
        if end is not None and stream.position != end:
            raise _altered(file, f"it has {stream.position} sound bytes and should have {end}")


@dataclass(kw_only=True)
class _Stream:
    """Gzip members, one after the other."""

    file: Path
    given: IO[bytes]
    position: int
    left: bytes = b""

    def member(self) -> bytes | None:
        """What the next one holds; None at the end."""
        block = self.left or self.given.read(_BLOCK)
        if not block:
            return None
        unpacker, body = zlib.decompressobj(wbits=31), list[bytes]()
        while True:
            try:
                body.append(unpacker.decompress(block))
            except zlib.error as error:
                raise _altered(self.file, f"{error}, behind byte {self.position}") from error
            self.position += len(block) - len(unpacker.unused_data)
            if unpacker.eof:
                self.left = unpacker.unused_data
                return b"".join(body)
            block = self.given.read(_BLOCK)
            if not block:
                raise _altered(self.file, f"it ends too early, at byte {self.position}")


def digest_of(file: Path) -> str:
    """The digest of the whole file."""
    with file.open("rb") as given:
        return hashlib.file_digest(given, "sha256").hexdigest()


def _checked(file: Path, body: bytes, position: int) -> tuple[Line, ...]:
    *lines, last = body.splitlines(keepends=True) or [b"{}"]
    try:
        said: object = json.loads(last)
        whole = b"".join(lines)
        expected = {"end": True, "lines": len(lines), "sha256": hashlib.sha256(whole).hexdigest()}
        if said != expected:
            raise _altered(file, f"the digest of what ends at byte {position} is another one")
        return tuple(cast("Line", json.loads(line)) for line in lines)
    except ValueError as error:
        raise _altered(file, f"{error}, before byte {position}") from error


def _encoded(line: Line) -> bytes:
    return json.dumps(line, separators=(",", ":"), sort_keys=True).encode() + b"\n"


def _altered(file: Path, why: str) -> ArchiveAltered:
    return ArchiveAltered(f"{file} is not as it was written: {why}.", "Nothing was changed. Take another copy of it.")
