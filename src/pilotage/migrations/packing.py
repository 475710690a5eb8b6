"""A pack: one zip file of parts, with a manifest that says how long each part is and what its digest is.

The manifest is written last, and a zip's list of contents stands at its end: a pack that was cut off is not opened at all,
and one that was altered is found out by its digests before anything that came of it stays.
"""

import hashlib
import json
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final, cast

from pilotage.migrations.errors import FileIsThere, NotAsWritten

MANIFEST: Final = "manifest.json"
FORMAT: Final = 1
_BLOCK: Final = 1 << 20
_LEVEL: Final = 3
_BROKEN: Final = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error),
    *(EOFError, KeyError, RuntimeError, ValueError, OSError),
)
"""What the zip library raises for a file that is none, or not any more: a length, a flag or a name can be anything."""
_AGAIN: Final = "Nothing was written. Write the file anew, or take an older one."


@dataclass(kw_only=True)
class Packer:
    """A pack that is being written."""

    archive: zipfile.ZipFile
    parts: dict[str, dict[str, object]] = field(default_factory=dict[str, dict[str, object]])

    def lines(self, name: str, lines: Iterable[bytes]) -> int:
        """Write a part line by line; how many lines it has."""
        count, size, digest = 0, 0, hashlib.sha256()
        with self.archive.open(name, "w", force_zip64=True) as out:
            for line in lines:
                out.write(line)
                digest.update(line)
                count += 1
                size += len(line)
        self.parts[name] = {"lines": count, "bytes": size, "sha256": digest.hexdigest()}
        return count

    def file(self, name: str, source: Path) -> None:
        """Write a part that is a copy of a file."""
        size, digest = 0, hashlib.sha256()
        with source.open("rb") as given, self.archive.open(name, "w", force_zip64=True) as out:
            while block := given.read(_BLOCK):
                out.write(block)
                digest.update(block)
                size += len(block)
        self.parts[name] = {"bytes": size, "sha256": digest.hexdigest()}


@contextmanager
def packing(file: Path, kind: str, head: dict[str, object]) -> Generator[Packer]:
    """Write a pack for as long as the block lasts; it has its name only when it is whole and on the disk.

    `head` goes into the manifest, with what the block adds to it. Raises FileIsThere (PLT-500).
    """
    if file.exists():
        raise FileIsThere(f"{file} is there already.", "Name another file, or put that one away.")
    part = file.with_name(f".{file.name}.part")
    try:
        with part.open("wb") as out:
            part.chmod(0o600)  # records of people are in it
            with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
                packer = Packer(archive=archive)
                yield packer
                manifest = {"kind": kind, "format": FORMAT, **head, "parts": packer.parts}
                archive.writestr(MANIFEST, json.dumps(manifest, indent=1, sort_keys=True))
            out.flush()
            os.fsync(out.fileno())
        part.rename(file)
        to_disk(file.parent)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def to_disk(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


@dataclass(frozen=True, kw_only=True)
class Pack:
    """A pack that is being read."""

    file: Path
    archive: zipfile.ZipFile
    manifest: Mapping[str, object]

    @property
    def parts(self) -> Mapping[str, Mapping[str, object]]:
        """What the manifest says of each part."""
        return cast("Mapping[str, Mapping[str, object]]", self.manifest["parts"])

    def text(self, name: str) -> str:
        """A text of the manifest."""
        return str(self.manifest.get(name, ""))

    def count(self, name: str) -> int:
        """How many lines a part has."""
        return int(str(self.parts[name].get("lines", 0)))

    def lines(self, name: str) -> Iterator[bytes]:
        """The lines of a part. Raises NotAsWritten (PLT-501), at the latest behind the last one."""
        digest = hashlib.sha256()
        for line in self._pieces(name, lambda given: given.readline()):
            digest.update(line)
            yield line
        self._compare(name, digest.hexdigest())

    def extract(self, name: str, target: Path) -> None:
        """Write a part into a file, and to the disk. Raises NotAsWritten (PLT-501)."""
        digest = hashlib.sha256()
        with target.open("xb") as out:
            target.chmod(0o600)
            for block in self._pieces(name, lambda given: given.read(_BLOCK)):
                out.write(block)
                digest.update(block)
            out.flush()
            os.fsync(out.fileno())
        self._compare(name, digest.hexdigest())

    def _pieces(self, name: str, read: Callable[[IO[bytes]], bytes]) -> Iterator[bytes]:
        try:
            with self.archive.open(name) as given:
                while piece := read(given):
                    yield piece
        except _BROKEN as error:
            raise _not_as_written(self.file, f"{name}: {error}") from error

    def _compare(self, name: str, digest: str) -> None:
        if digest != self.parts[name].get("sha256"):
            raise _not_as_written(self.file, f"the digest of {name} is another one")


@contextmanager
def opened(file: Path, kind: str) -> Generator[Pack]:
    """A pack of this kind, open for the block. Raises NotAsWritten (PLT-501)."""
    if not file.is_file():
        raise NotAsWritten(f"There is no file {file}.", "Name the file that was written.")
    try:
        archive = zipfile.ZipFile(file)
    except _BROKEN as error:
        raise _not_as_written(file, str(error)) from error
    with archive:
        yield _look_into(file, kind, archive)


def _look_into(file: Path, kind: str, archive: zipfile.ZipFile) -> Pack:
    try:
        manifest: object = json.loads(archive.read(MANIFEST))
    except _BROKEN as error:
        raise _not_as_written(file, f"its manifest cannot be read: {error}") from error
    parts: object = cast("Mapping[str, object]", manifest).get("parts") if isinstance(manifest, dict) else None
    if not isinstance(manifest, dict) or not isinstance(parts, dict):
        raise _not_as_written(file, "its manifest is none of ours")
    pack = Pack(file=file, archive=archive, manifest=cast("Mapping[str, object]", manifest))
    if pack.text("kind") != kind or pack.text("format") != str(FORMAT):
        said = f'{file} is "{pack.text("kind")}" in format {pack.text("format")}, and not "{kind}" in format {FORMAT}.'
        raise NotAsWritten(said, "`pilotage import` takes exports, and `pilotage restore` takes backups.")
    if {*pack.parts, MANIFEST} != set(archive.namelist()) or len(archive.namelist()) != len(pack.parts) + 1:
        raise _not_as_written(file, "its parts are not those of its manifest")
    return pack


def _not_as_written(file: Path, why: str) -> NotAsWritten:
    return NotAsWritten(f"{file} is not as it was written: {why}.", _AGAIN)
