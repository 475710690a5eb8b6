"""The file store: a content is a file, named by its SHA-256, written once and never changed.

Several processes and machines may share the folder. Whoever writes a content that is there already only sets the file's
time anew; whoever removes one takes it aside first, looks at its time, and puts it back if it was wanted meanwhile. So
nobody needs a lock, and what was written within the last minutes is never removed.
"""

import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from pilotage.kernel.clock import Clock, SystemClock
from pilotage.machinery.contents.errors import ContentAltered, ContentMissing, ContentTooLarge

MOST: Final = 64 << 20
"""Bytes of the largest content, unless the store is told otherwise."""
PREFIXES: Final = tuple(f"{number:02x}" for number in range(256))
"""The folders inside: the first two letters of a digest."""
_BLOCK: Final = 1 << 20
_ASIDE: Final = ".aside"
_PART: Final = ".part"
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class Contents:
    """The contents of one environment, in one folder."""

    def __init__(self, folder: Path, *, most: int = MOST, clock: Clock | None = None) -> None:
        self.folder = folder
        self.most = most
        self._clock: Clock = clock or SystemClock()

    def put(self, data: bytes) -> str:
        """Keep a content: its digest. When this returns, it is on the disk. Raises ContentTooLarge (PLT-342)."""
        if len(data) > self.most:
            raise ContentTooLarge(
                f"A content of {len(data):,} bytes is larger than the file store takes, {self.most:,} bytes.",
                "Send it in parts, or as a link to where it lies.",
            )
        digest = hashlib.sha256(data).hexdigest()
        file = self._file(digest)
        try:
            self._touch(file)
        except FileNotFoundError:
            self._write(file, data)
        return digest

    def read(self, digest: str) -> bytes:
        """A content. Raises ContentMissing (PLT-340), and ContentAltered (PLT-341) where it has another digest."""
        found = self._found(digest)
        with suppress(FileNotFoundError):
            data = found.read_bytes() if found is not None else None
            if data is not None:
                if hashlib.sha256(data).hexdigest() != digest:
                    raise ContentAltered(f"{found} is not what it was: its digest is another one.", _TAKE_ANOTHER)
                return data
        raise self.missing(digest)

    def missing(self, digest: str) -> ContentMissing:
        """The error for a content that is not there."""
        return ContentMissing(f"The content {digest[:16]}... is not in {self.folder}.", _PUT_BACK)

    def has(self, digest: str) -> bool:
        """Whether there is such a content."""
        return self._found(digest) is not None

    def path(self, digest: str) -> Path | None:
        """Where a content lies, to copy it; None where it is not there."""
        return self._found(digest)

    def is_sound(self, digest: str) -> bool:
        """Whether a content is there and has its digest; reads it in pieces."""
        found = self._found(digest)
        if found is None:
            return False
        try:
            with found.open("rb") as given:
                return hashlib.file_digest(given, "sha256").hexdigest() == digest
        except FileNotFoundError:
            return False

    def take_over(self, file: Path, digest: str) -> None:
        """Make a file that lies in this folder's file system the content of that digest; the caller has checked it."""
        target = self._file(digest)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.chmod(0o600)
        file.replace(target)
        _to_disk(target.parent)

    def unfinished(self) -> Path:
        """A path for a file that is being written, on the same file system as the contents."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self.folder / f"{secrets.token_hex(8)}{_PART}"

    def older(self, prefix: str, *, than: float) -> Iterator[str]:
        """The digests that begin with these two letters and were last wanted more than `than` seconds ago."""
        for entry in self._entries(prefix):
            if self._age(Path(entry.path)) > than:
                name = entry.name
                if _DIGEST.fullmatch(name):
                    yield name
                elif name.endswith(_PART):  # of a process that was killed
                    Path(entry.path).unlink(missing_ok=True)
                elif name.endswith(_ASIDE):
                    yield name.removesuffix(_ASIDE)

    def remove(self, digest: str, *, older_than: float) -> bool:
        """Remove a content that was last wanted more than `older_than` seconds ago; whether it is gone."""
        file, aside = self._file(digest), self._aside(digest)
        with suppress(FileNotFoundError):
            file.rename(aside)
        try:
            age = self._age(aside)
        except FileNotFoundError:
            return not file.exists()
        if age > older_than:
            aside.unlink(missing_ok=True)
            return not file.exists()
        aside.rename(file)  # the same content, if somebody wrote it anew meanwhile
        return False

    def _entries(self, prefix: str) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(self.folder / prefix) as entries:
                yield from entries
        except FileNotFoundError:
            return

    def _age(self, file: Path) -> float:
        return self._clock.now().timestamp() - file.stat().st_mtime

    def _touch(self, file: Path) -> None:
        now = self._clock.now().timestamp()
        os.utime(file, (now, now))

    def _file(self, digest: str) -> Path:
        if _DIGEST.fullmatch(digest) is None:  # it may come from a record, and a path must not
            raise ContentMissing(f'"{digest[:80]}" is no digest.', "A digest is 64 digits and letters from a to f.")
        return self.folder / digest[:2] / digest

    def _aside(self, digest: str) -> Path:
        file = self._file(digest)
        return file.with_name(file.name + _ASIDE)

    def _found(self, digest: str) -> Path | None:
        file, aside = self._file(digest), self._aside(digest)
        return next((one for one in (file, aside, file) if one.exists()), None)

    def _write(self, file: Path, data: bytes) -> None:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = file.with_name(f"{secrets.token_hex(8)}{_PART}")
        try:
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:  # noqa: PTH123 - its mode
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            self._touch(part)
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)
        _to_disk(file.parent)


_TAKE_ANOTHER: Final = "Put the file back from a backup; `pilotage doctor` names every file that is not as it was."
_PUT_BACK: Final = (
    "Copy the folder of contents back from a backup; where several machines work, each must see the same folder: "
    "`contents` in [tool.pilotage]."
)


def _to_disk(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
