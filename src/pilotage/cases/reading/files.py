"""A file that is read from the start to the end, and watched while it is read."""

import difflib
import hashlib
import os
import stat
from pathlib import Path
from types import TracebackType
from typing import Self

from pilotage.cases.reading.errors import (
    SourceChangedMeanwhile,
    SourceError,
    SourceMissing,
    SourceNotAFile,
    SourceNotAllowed,
    SourceUnreadable,
    SourceVanished,
)

HEAD = 64 * 1024
STRETCH = 1024 * 1024


class OpenFile:
    """An open file that notices when it is changed, cut off, replaced or deleted under the reader's hands."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow a link, whose change matters too
        try:
            before = self.path.stat()
            _refuse_what_is_no_file(self.path, before)
            self._file = self.path.open("rb", buffering=0)
            self._known = os.fstat(self._file.fileno())
        except OSError as error:
            raise _in_our_words(self.path, error) from error
        self.size = self._known.st_size
        try:
            self.head = self.read(0, HEAD)
        except SourceError:
            self.close()
            raise
        self.fingerprint = f"{self.size}-{hashlib.sha256(self.head).hexdigest()}"

    def read(self, offset: int, length: int) -> bytes:
        """The bytes from there on, fewer only at the end of the file as it was when it was opened."""
        length = min(length, self.size - offset)
        parts: list[bytes] = []
        try:
            self._file.seek(offset)
            while length > 0 and (part := self._file.read(length)):
                parts.append(part)
                length -= len(part)
        except OSError as error:
            raise _in_our_words(self.path, error) from error
        self.check()  # after the reading: what was read before an unchanged state is what the file holds
        if length > 0:
            raise self._changed("it ended earlier than it did when it was opened")
        return b"".join(parts)

    def check(self) -> None:
        """Raise when the file is no longer what it was when it was opened."""
        try:
            now = os.fstat(self._file.fileno())
            there = self.path.stat()
        except FileNotFoundError as error:
            what = f"{self.path} was deleted or moved away while it was read."
            remedy = "Put it back and submit it again: reading goes on after the last record that was committed."
            raise SourceVanished(what, remedy) from error
        except OSError as error:
            raise _in_our_words(self.path, error) from error
        if (there.st_dev, there.st_ino) != (now.st_dev, now.st_ino):
            raise self._changed("another file has taken its place")
        if now.st_size != self.size:
            verb = "cut off" if now.st_size < self.size else "added to"
            raise self._changed(f"it was {verb}, from {self.size:,} to {now.st_size:,} bytes")
        if now.st_mtime_ns != self._known.st_mtime_ns:
            raise self._changed("it was written to")

    def digest(self) -> str:
        """The SHA-256 of the whole file, read in stretches."""
        whole = hashlib.sha256()
        for offset in range(0, self.size, STRETCH):
            whole.update(self.read(offset, STRETCH))
        return whole.hexdigest()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _changed(self, how: str) -> SourceChangedMeanwhile:
        what = f"{self.path} changed while it was read: {how}."
        remedy = (
            "Wait until whatever writes it has finished, then submit it again. Records that were committed before are "
            "recognised by their key."
        )
        return SourceChangedMeanwhile(what, remedy)


def _refuse_what_is_no_file(path: Path, state: os.stat_result) -> None:
    if stat.S_ISDIR(state.st_mode):
        readable = sorted(
            each.name
            for each in path.iterdir()
            if each.suffix.lower() in {".csv", ".tsv", ".jsonl", ".ndjson", ".xlsx"}
        )
        named = f"Name one of its files: {', '.join(readable[:5])}." if readable else "Name a CSV, JSONL or XLSX file."
        raise SourceNotAFile(f"{path} is a folder.", named)
    if not stat.S_ISREG(state.st_mode):
        what = f"{path} is a pipe or a device, which cannot be read a second time from where reading stopped."
        raise SourceNotAFile(what, "Write what it gives into a file first, and name that file.")


def _in_our_words(path: Path, error: OSError) -> SourceError:
    """The operating system's error as one of ours."""
    if isinstance(error, FileNotFoundError):
        return _missing(path)
    if isinstance(error, NotADirectoryError):
        return SourceMissing(f"There is no file {path}: a part of it is no folder.", "Check the path.")
    if isinstance(error, PermissionError):
        what = f"{path} may not be read by the user who runs this."
        return SourceNotAllowed(what, "Give that user the right to read the file and to enter its folders.")
    what = f"{path} could not be read: {error.strerror or error}."
    return SourceUnreadable(what, "Look whether the disk or the network drive is there and sound, then try again.")


def _missing(path: Path) -> SourceMissing:
    folder = path.parent
    if path.is_symlink():
        return SourceMissing(f"{path} is a link to {path.readlink()}, which is not there.", "Check what it points to.")
    if not folder.is_dir():
        return SourceMissing(f"There is no folder {folder}.", "Check the path.")
    try:
        names = sorted(each.name for each in folder.iterdir())
    except OSError:
        names = []
    lowered = {name.lower(): name for name in names}
    near = [lowered[name] for name in difflib.get_close_matches(path.name.lower(), lowered, n=3, cutoff=0.6)]
    remedy = f"Did you mean {' or '.join(near)}?" if near else f"Check the name; {folder} has {len(names)} entries."
    return SourceMissing(f"There is no file {path.name} in {folder}.", remedy)
