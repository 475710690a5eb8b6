"""Artefacts: packing what is frozen into one file, unpacking it at once or not at all, and checking that it is what it was.

An artefact is a zip whose files are in order and have no times. Beside them lies `release.json`, the manifest, of which
the digest is made. Whatever lies in an unpacked release, and is not in its manifest, is a difference too: Python would
load a file that somebody put there.
"""

import hashlib
import os
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from pilotage.releases.digest import as_bytes, digest_of, is_inside, read_manifest
from pilotage.releases.errors import ArtefactMissing, DigestMismatch
from pilotage.releases.values import FrozenFile, Manifest

MANIFEST: Final = "release.json"
FILES: Final = "files"
_BLOCK: Final = 1 << 20
_NO_TIME: Final = (1980, 1, 1, 0, 0, 0)
_ZIP64_FROM: Final = 1 << 31
_MANIFEST_LIMIT: Final = 64 << 20
_AGAIN: Final = (
    "Nothing of it was run. Put the right file back from a backup; where the code is at hand, `pilotage release` in it "
    "makes the same file again."
)


def copy_in(source: Path, folder: Path, path: str) -> FrozenFile:
    """Copy a file into a folder that is being frozen; what was copied is what the digest is made of."""
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    size, digest = 0, hashlib.sha256()
    with source.open("rb") as given, target.open("xb") as taken:
        while block := given.read(_BLOCK):
            taken.write(block)
            digest.update(block)
            size += len(block)
    return FrozenFile(path=path, size=size, sha256=digest.hexdigest())


@dataclass(frozen=True, kw_only=True)
class Artefacts:
    """The folder in which a project keeps its releases."""

    folder: Path

    def file_of(self, digest: str) -> Path:
        """Where the artefact of this digest is kept."""
        return self.folder / f"{digest}.zip"

    @contextmanager
    def freezing(self) -> Generator[Path]:
        """A folder to freeze files in, for as long as the block lasts."""
        self.folder.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=".freezing-", dir=self.folder))
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)

    def pack(self, frozen: Path, manifest: Manifest) -> Path:
        """Write the artefact of what lies in `frozen`; whoever writes the same one at the same time does no harm."""
        target = self.file_of(digest_of(manifest))
        number, name = tempfile.mkstemp(prefix=".packing-", suffix=".zip", dir=self.folder)
        try:
            with os.fdopen(number, "w+b") as file:
                _write(file, frozen, manifest)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o444)
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        return target

    def unpacked(self, digest: str) -> tuple[Path, Manifest]:
        """The folder of a release's files, unpacked if it was not and checked in any case, with its manifest.

        Raises ArtefactMissing (PLT-607) and DigestMismatch (PLT-608).
        """
        target = self.folder / digest
        if not target.is_dir():
            self._unpack(digest, target)
        return target / FILES, check(target, digest)

    def _unpack(self, digest: str, target: Path) -> None:
        artefact = self.file_of(digest)
        if not artefact.is_file():
            what = f"The artefact {artefact} is not there."
            raise ArtefactMissing(
                what, "Put it back from a backup, or make it again: `pilotage release` in the same code."
            )
        made = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=self.folder))
        try:
            try:
                with zipfile.ZipFile(artefact) as archive:
                    _read(archive, made, artefact, digest)
            except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError, KeyError) as error:
                raise DigestMismatch(f"{artefact} is no sound artefact: {error}.", _AGAIN) from error
            check(made, digest)
            made.chmod(0o755)
            try:
                made.rename(target)
            except OSError:
                if not target.is_dir():  # else somebody else was faster, and it is the same
                    raise
        finally:
            shutil.rmtree(made, ignore_errors=True)


def check(folder: Path, digest: str) -> Manifest:
    """The manifest of an unpacked release, every file of which is what was frozen, and nothing more is there.

    Raises DigestMismatch (PLT-608).
    """
    manifest = _manifest_of(folder, digest)
    expected = {file.path: file for file in manifest.files}
    found = set(_paths(folder))
    if unknown := sorted(found - expected.keys()):
        raise _differs(folder, f"{unknown[0]} does not belong to it")
    for path, file in expected.items():
        if path not in found:
            raise _differs(folder, f"{path} is missing")
        if not _is(folder / FILES / path, file):
            raise _differs(folder, f"{path} is not what was frozen")
    return manifest


def _manifest_of(folder: Path, digest: str) -> Manifest:
    try:
        data = (folder / MANIFEST).read_bytes()
        manifest = read_manifest(data)
    except (OSError, ValueError) as error:
        raise _differs(folder, f"{MANIFEST} cannot be read: {error}") from error
    if hashlib.sha256(data).hexdigest() != digest:
        raise _differs(folder, f"{MANIFEST} is another one")
    return manifest


def _differs(folder: Path, how: str) -> DigestMismatch:
    return DigestMismatch(
        f"The release in {folder} was altered: {how}.",
        "Nothing of it was run. Find out who did it; then remove that folder, and it is unpacked again.",
    )


def _paths(folder: Path) -> Iterator[str]:
    """Every file below, links and odd things too, by its path with slashes."""
    top = folder / FILES
    for here, folders, files in os.walk(top):
        links = [name for name in folders if (Path(here) / name).is_symlink()]
        for name in (*files, *links):
            yield (Path(here) / name).relative_to(top).as_posix()


def _is(path: Path, file: FrozenFile) -> bool:
    said = path.lstat()
    if not stat.S_ISREG(said.st_mode) or said.st_size != file.size:
        return False
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest() == file.sha256


def _write(file: IO[bytes], frozen: Path, manifest: Manifest) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(_entry(MANIFEST), as_bytes(manifest))
        for one in sorted(manifest.files, key=lambda each: each.path):
            with (frozen / one.path).open("rb") as given:
                entry = _entry(f"{FILES}/{one.path}")
                with archive.open(entry, "w", force_zip64=one.size >= _ZIP64_FROM) as taken:
                    shutil.copyfileobj(given, taken, _BLOCK)


def _entry(path: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(path, date_time=_NO_TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3
    entry.external_attr = (stat.S_IFREG | 0o644) << 16
    return entry


def _read(archive: zipfile.ZipFile, folder: Path, artefact: Path, digest: str) -> None:
    """Write what the manifest names, and no more of it than the manifest says."""
    _expect(archive.getinfo(MANIFEST).file_size <= _MANIFEST_LIMIT, artefact, "its manifest is too large")
    data = archive.read(MANIFEST)
    _expect(hashlib.sha256(data).hexdigest() == digest, artefact, "its manifest has another digest")
    (folder / MANIFEST).write_bytes(data)
    (folder / FILES).mkdir()
    try:
        manifest = read_manifest(data)
    except ValueError as error:
        raise _unsound(artefact, f"its manifest cannot be read: {error}") from error
    for file in manifest.files:
        _expect(is_inside(file.path), artefact, f"it names {file.path!r}")
        target = folder / FILES / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(f"{FILES}/{file.path}") as given, target.open("xb") as taken:
            for block in _up_to(given, file.size + 1):
                taken.write(block)
        target.chmod(0o444)


def _up_to(given: IO[bytes], most: int) -> Iterable[bytes]:
    while most > 0 and (block := given.read(min(_BLOCK, most))):
        most -= len(block)
        yield block


def _expect(holds: bool, artefact: Path, otherwise: str) -> None:  # noqa: FBT001 - private, and reads well
    if not holds:
        raise _unsound(artefact, otherwise)


def _unsound(artefact: Path, how: str) -> DigestMismatch:
    return DigestMismatch(f"{artefact} is not what was frozen: {how}.", _AGAIN)
