"""Artefacts: what is unpacked is what was frozen, or nothing is."""

import hashlib
import os
import threading
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pilotage.releases.artefact import FILES, MANIFEST, Artefacts, check, copy_in
from pilotage.releases.digest import as_bytes, digest_of
from pilotage.releases.errors import ArtefactMissing, DigestMismatch
from pilotage.releases.values import Manifest, Requirements

CONTENT = {"src/orders/__init__.py": b"", "src/orders/way.py": b"CODE = 'A'\n" * 50, "model.bin": os.urandom(4000)}


@pytest.fixture
def artefacts(tmp_path: Path) -> Artefacts:
    """An empty folder of releases."""
    return Artefacts(folder=tmp_path / "releases")


def freeze(artefacts: Artefacts, content: dict[str, bytes]) -> Manifest:
    """Freeze and pack these files."""
    given = artefacts.folder.parent / "given"
    with artefacts.freezing() as folder:
        files = []
        for number, (path, data) in enumerate(content.items()):
            given.mkdir(exist_ok=True)
            source = given / f"{number}"
            source.write_bytes(data)
            files.append(copy_in(source, folder, path))
        manifest = Manifest(
            automations=("orders.way:orders",),
            roots=("src",),
            python="3.12",
            requirements=Requirements(),
            table={},
            files=tuple(files),
        )
        artefacts.pack(folder, manifest)
    return manifest


def test_what_was_frozen_is_unpacked(artefacts: Artefacts) -> None:
    """Every file has its bytes again, and the folder has no other."""
    manifest = freeze(artefacts, CONTENT)
    folder, found = artefacts.unpacked(digest_of(manifest))
    assert found == manifest
    assert {path: (folder / path).read_bytes() for path in CONTENT} == CONTENT
    assert left(artefacts) == {digest_of(manifest), f"{digest_of(manifest)}.zip"}


def test_the_same_files_make_the_same_artefact(artefacts: Artefacts) -> None:
    """Neither times nor modes nor the order of files make another artefact."""
    first = freeze(artefacts, CONTENT)
    before = artefacts.file_of(digest_of(first)).read_bytes()
    again = freeze(artefacts, CONTENT)
    assert digest_of(again) == digest_of(first)
    assert artefacts.file_of(digest_of(again)).read_bytes() == before
    assert digest_of(freeze(artefacts, {**CONTENT, "model.bin": b"other"})) != digest_of(first)


def test_a_missing_artefact_is_said(artefacts: Artefacts) -> None:
    """What is not there is not guessed."""
    artefacts.folder.mkdir()
    with pytest.raises(ArtefactMissing, match="is not there"):
        artefacts.unpacked("ab" * 32)


def cut(file: Path) -> None:
    """Cut the end off."""
    file.write_bytes(file.read_bytes()[:-100])


def turn_a_bit(file: Path) -> None:
    """Change one bit of the model, deep inside."""
    data = bytearray(file.read_bytes())
    data[data.find(CONTENT["model.bin"][:200]) if CONTENT["model.bin"][:200] in data else len(data) // 2] ^= 1
    file.write_bytes(data)


def empty(file: Path) -> None:
    """Leave nothing."""
    file.write_bytes(b"")


def no_zip(file: Path) -> None:
    """Put something else there."""
    file.write_bytes(b"this is no archive at all" * 100)


def rewritten(change: Callable[[dict[str, bytes]], None]) -> Callable[[Path], None]:
    """The same archive with other entries, sound as a zip."""

    def write(file: Path) -> None:
        with zipfile.ZipFile(file) as archive:
            entries = {name: archive.read(name) for name in archive.namelist()}
        change(entries)
        with zipfile.ZipFile(file, "w") as archive:
            for name, data in entries.items():
                archive.writestr(name, data)

    return write


def other_code(entries: dict[str, bytes]) -> None:
    """Code of the same length."""
    entries[f"{FILES}/src/orders/way.py"] = CONTENT["src/orders/way.py"].replace(b"A", b"E")


def bomb(entries: dict[str, bytes]) -> None:
    """A file that is far larger than the manifest says."""
    entries[f"{FILES}/src/orders/way.py"] = CONTENT["src/orders/way.py"] + b"#" * 50_000_000


def without_a_file(entries: dict[str, bytes]) -> None:
    """A file is gone."""
    del entries[f"{FILES}/model.bin"]


def without_manifest(entries: dict[str, bytes]) -> None:
    """The manifest is gone."""
    del entries[MANIFEST]


def other_manifest(entries: dict[str, bytes]) -> None:
    """Code and manifest agree with each other, and are not what was frozen."""
    other_code(entries)
    data = entries[f"{FILES}/src/orders/way.py"]
    before = hashlib.sha256(CONTENT["src/orders/way.py"]).hexdigest().encode()
    entries[MANIFEST] = entries[MANIFEST].replace(before, hashlib.sha256(data).hexdigest().encode())


@pytest.mark.parametrize(
    "harm",
    [
        cut, turn_a_bit, empty, no_zip, rewritten(other_code), rewritten(bomb), rewritten(without_a_file),
        rewritten(without_manifest), rewritten(other_manifest),
    ],
)  # fmt: skip
def test_an_altered_artefact_is_not_unpacked(artefacts: Artefacts, harm: Callable[[Path], None]) -> None:
    """Whatever was done to the file, nothing of it is left to be run, and the error says so."""
    digest = digest_of(freeze(artefacts, CONTENT))
    file = artefacts.file_of(digest)
    file.chmod(0o644)
    harm(file)
    with pytest.raises(DigestMismatch) as error:
        artefacts.unpacked(digest)
    assert "Nothing of it was run" in error.value.remedy
    assert left(artefacts) == {f"{digest}.zip"}


def test_more_in_an_archive_than_its_manifest_says_is_not_unpacked(artefacts: Artefacts) -> None:
    """Only what was frozen comes out, whatever else somebody put into the archive."""
    digest = digest_of(freeze(artefacts, CONTENT))
    with zipfile.ZipFile(artefacts.file_of(digest), "a") as archive:
        archive.writestr(f"{FILES}/sitecustomize.py", "evil")
        archive.writestr("../../outside.py", "evil")
    folder, _ = artefacts.unpacked(digest)
    assert not (folder / "sitecustomize.py").exists()
    assert not list(artefacts.folder.parent.glob("**/outside.py"))


def test_a_manifest_that_leads_outside_is_refused_though_its_digest_is_right(artefacts: Artefacts) -> None:
    """An artefact that was made to write outside of its folder is refused."""
    manifest = freeze(artefacts, CONTENT)
    wrong = replace(manifest, files=(replace(manifest.files[0], path="../../outside.py"),))
    with zipfile.ZipFile(artefacts.file_of(digest_of(wrong)), "w") as archive:
        archive.writestr(MANIFEST, as_bytes(wrong))
        archive.writestr(f"{FILES}/../../outside.py", b"")
    with pytest.raises(DigestMismatch):
        artefacts.unpacked(digest_of(wrong))
    assert not list(artefacts.folder.parent.glob("**/outside.py"))


def changed(folder: Path) -> None:
    """Change code in place, of the same length."""
    file = folder / FILES / "src/orders/way.py"
    file.chmod(0o644)
    file.write_bytes(file.read_bytes().replace(b"A", b"E"))


def removed(folder: Path) -> None:
    """Remove a file."""
    (folder / FILES / "model.bin").unlink()


def added(folder: Path) -> None:
    """Put a module beside the others."""
    (folder / FILES / "src" / "json.py").write_text("evil")


def compiled(folder: Path) -> None:
    """Put compiled code where Python would take it for the source."""
    (folder / FILES / "src/orders/__pycache__").mkdir()
    (folder / FILES / "src/orders/__pycache__/way.cpython-312.pyc").write_bytes(b"evil")


def linked(folder: Path) -> None:
    """Replace a file by a link to one with the same content."""
    file = folder / FILES / "model.bin"
    (folder.parent / "elsewhere").write_bytes(file.read_bytes())
    file.unlink()
    file.symlink_to(folder.parent / "elsewhere")


def folder_linked(folder: Path) -> None:
    """Put a link to a folder beside the others."""
    (folder / FILES / "src" / "more").symlink_to(folder.parent)


def manifest_changed(folder: Path) -> None:
    """Change the manifest."""
    file = folder / MANIFEST
    file.write_bytes(file.read_bytes().replace(b"orders.way:orders", b"orders.way:return"))


def manifest_gone(folder: Path) -> None:
    """Remove the manifest."""
    (folder / MANIFEST).unlink()


@pytest.mark.parametrize(
    "harm", [changed, removed, added, compiled, linked, folder_linked, manifest_changed, manifest_gone]
)
def test_an_altered_folder_is_not_used(artefacts: Artefacts, harm: Callable[[Path], None]) -> None:
    """What was unpacked once is checked at every start: every file, and that there is no other."""
    digest = digest_of(freeze(artefacts, CONTENT))
    folder, _ = artefacts.unpacked(digest)
    harm(folder.parent)
    with pytest.raises(DigestMismatch, match="was altered"):
        artefacts.unpacked(digest)


def test_many_unpack_at_once(artefacts: Artefacts) -> None:
    """Workers that start at the same time find one whole folder, and leave nothing else behind."""
    digest = digest_of(freeze(artefacts, CONTENT))
    begin, failed = threading.Barrier(8), []

    def unpack() -> None:
        begin.wait()
        try:
            for _ in range(20):
                artefacts.unpacked(digest)
        except Exception as error:  # noqa: BLE001 - told by the main thread
            failed.append(error)

    threads = [threading.Thread(target=unpack) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert left(artefacts) == {digest, f"{digest}.zip"}
    check(artefacts.folder / digest, digest)


def test_what_a_crash_left_behind_harms_nobody(artefacts: Artefacts) -> None:
    """A folder that was half unpacked when the process died is not taken for a release."""
    digest = digest_of(freeze(artefacts, CONTENT))
    half = artefacts.folder / ".unpacking-half"
    half.mkdir()
    (half / MANIFEST).write_text("{}")
    assert artefacts.unpacked(digest)[0].is_dir()


def test_a_file_that_changes_while_it_is_frozen_is_frozen_as_it_was_copied(tmp_path: Path) -> None:
    """The digest is that of the copy: what is run later is what the digest speaks of."""
    source, folder = tmp_path / "word.txt", tmp_path / "folder"
    source.write_bytes(b"before")
    frozen = copy_in(source, folder, "word.txt")
    source.write_bytes(b"after it")
    assert hashlib.sha256((folder / "word.txt").read_bytes()).hexdigest() == frozen.sha256
    with pytest.raises(FileExistsError):
        copy_in(source, folder, "word.txt")


def left(artefacts: Artefacts) -> set[str]:
    """What lies in the folder of releases."""
    return {path.name for path in artefacts.folder.iterdir()}
