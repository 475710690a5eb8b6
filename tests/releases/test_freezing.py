"""Freezing a project, and answering for it later: with the processes that load its code."""

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from pydantic import ValidationError

from pilotage.app import Project as AppProject
from pilotage.cases.service.answering import fitting
from pilotage.kernel.errors import UnknownName
from pilotage.machinery.storage.database import Database
from pilotage.opening import open_database
from pilotage.project import find_project
from pilotage.releases import service
from pilotage.releases.answering import OlderReleases
from pilotage.releases.artefact import Artefacts
from pilotage.releases.errors import DigestMismatch, ReleaseDoesNotAnswer, ReleaseDoesNotLoad
from pilotage.releases.making import Frozen, freeze
from tests.releases.project import Project

pytestmark = pytest.mark.slow
REFERENCE = ("orders.way:orders",)


def frozen(project: Project, to: Path | None = None) -> Frozen:
    """Freeze the project as it is."""
    return freeze(project.root, REFERENCE, Artefacts(folder=to or project.root / ".pilotage/releases"))


@pytest.mark.parametrize("layout", ["src", "."])
def test_a_release_has_the_project_and_nothing_else(project: Project, layout: str) -> None:
    """Modules of both layouts, declared and included files, with what it takes to run them; the digest is the content's."""
    if layout == ".":
        shutil.rmtree(project.root / "src")
        project.write("A", layout=".")
    (project.root / "unused.py").write_text("raise RuntimeError")
    made = frozen(project)
    top = "" if layout == "." else "src/"
    assert {file.path for file in made.manifest.files} == {
        f"{top}orders/__init__.py", f"{top}orders/contracts.py", f"{top}orders/way.py", f"{top}orders/word.txt",
        f"{top}shared_words.py", "prompts/say.txt",
    }  # fmt: skip
    assert made.manifest.roots == (layout.replace(".", ""),)
    assert set(made.outlines) == {"orders"}
    assert made.strangers == ()
    os.utime(project.root / "prompts/say.txt", (1, 1))
    (project.root / "unused.py").write_text("still unused")
    assert frozen(project, project.root / "again").digest == made.digest
    (project.root / "prompts/say.txt").write_text("other")
    assert frozen(project, project.root / "again").digest != made.digest
    assert not [path for path in (project.root / ".pilotage/releases").iterdir() if path.name.startswith(".")]


def test_settings_belong_to_an_environment_and_not_to_a_release(project: Project) -> None:
    """The same release goes from one environment to the next."""
    before = frozen(project).digest
    file = project.root / "pyproject.toml"
    file.write_text(file.read_text() + '[tool.pilotage.settings.test]\nbox-url = "http://127.0.0.1:1"\n')
    assert frozen(project).digest == before


def test_code_that_needs_what_is_not_frozen_is_no_release(project: Project) -> None:
    """A module that would only be found in the working directory is told at once, with the line; nothing is kept."""
    (project.root / "late.txt").write_text("late")
    way = project.root / "src/orders/way.py"
    way.write_text(f"{way.read_text()}\nROOT = Path(__file__).parents[2]\nLATE = (ROOT / 'late.txt').read_text()\n")
    with pytest.raises(ReleaseDoesNotLoad, match=r"\(src/orders/way.py:\d+\).*late.txt") as error:
        frozen(project)
    assert "include" in error.value.remedy
    assert list((project.root / ".pilotage/releases").iterdir()) == []
    file = project.root / "pyproject.toml"
    file.write_text(file.read_text().replace('"prompts/*.txt"', '"prompts/*.txt", "late.txt"'))
    assert "late.txt" in {one.path for one in frozen(project).manifest.files}


def test_a_project_that_is_wrong_is_no_release(project: Project) -> None:
    """Code with a mistake in it, code that ends the process, and code that prints are all survived."""
    way = project.root / "src/orders/way.py"
    good = way.read_text()
    for wrong, said in (
        ("this is no Python", "SyntaxError"),
        ("import sys\nsys.exit(3)", "SystemExit"),
        ("import os\nos._exit(3)", "ended with 3"),
        (good.replace("pl.Path(size", "pl.Path(say, size"), "findings|PLT-"),
    ):
        way.write_text(wrong)
        with pytest.raises((ReleaseDoesNotLoad, ReleaseDoesNotAnswer), match=said):
            frozen(project)
    way.write_text(f"print('{{\"outlines\": {{}}}}')\n{good}")
    assert set(frozen(project).outlines) == {"orders"}


def test_two_freeze_at_once(project: Project) -> None:
    """Two processes that make the same release make one artefact, and it is sound."""
    digests = list[str]()
    threads = [threading.Thread(target=lambda: digests.append(frozen(project).digest)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(digests) == 3
    assert len(set(digests)) == 1
    artefacts = Artefacts(folder=project.root / ".pilotage/releases")
    artefacts.unpacked(digests[0])
    assert {path.name for path in artefacts.folder.iterdir()} == {digests[0], f"{digests[0]}.zip"}


def test_locked_requirements_are_part_of_a_release(project: Project) -> None:
    """The lock file and its digest are in it, and the versions of what its code imports beyond the platform."""
    (project.root / "requirements.lock").write_text("numpy==2.3.1\n")
    words = project.root / "src/shared_words.py"
    words.write_text(f"import numpy\n{words.read_text()}")
    needs = frozen(project).manifest.requirements
    assert needs.lock == "requirements.lock"
    assert needs.lock_sha256
    assert set(needs.installed) == {"numpy"}


# -- answering for a release later ---------------------------------------------------------------


@pytest.fixture
def opened(project: Project) -> Iterator[tuple[AppProject, Database]]:
    """The project's database."""
    found = find_project(project.root)
    with open_database(found) as database:
        yield found, database


def test_an_older_release_answers_for_itself(project: Project, opened: tuple[AppProject, Database]) -> None:
    """Its own contract reads a value and its own path says what follows, though the working directory changed."""
    found, database = opened
    artefacts = Artefacts(folder=found.folder / "releases")
    made = service.make(database, artefacts, found.root, found.automations, by="x", known="test", note="")
    project.write("B", small="little", large="big")
    older = OlderReleases(database=database, artefacts=artefacts, root=found.root, automations=found.automations)
    name = made.release.name
    try:
        node = older.node("orders", name, "size")
        assert (node.kind.value, node.next, older.first("orders", name, None)) == ("judge", "say", "size")
        assert older.timezone("orders") == "UTC"
        assert fitting(node, "large") == "large"
        with pytest.raises(ValidationError):
            node.codec.decode("big")  # type: ignore[union-attr]
        working = older.node("orders", "dev", "size")
        assert fitting(working, "big") == "big"
        with pytest.raises(UnknownName):
            older.node("orders", name, "nothing")
        with pytest.raises(UnknownName):
            older.node("orders", "R-nowhere", "size")
    finally:
        older.close()


def test_an_older_release_whose_process_was_killed_answers_again(
    project: Project, opened: tuple[AppProject, Database]
) -> None:
    """Such as for its memory: whoever asks meanwhile is told, and the next question is answered."""
    found, database = opened
    artefacts = Artefacts(folder=found.folder / "releases")
    made = service.make(database, artefacts, found.root, found.automations, by="x", known="test", note="")
    older = OlderReleases(database=database, artefacts=artefacts, root=found.root)
    try:
        node = older.node("orders", made.release.name, "size")
        assert fitting(node, "large") == "large"
        (process,) = [voice.child._process for voice in older._voices.values()]  # pyright: ignore[reportPrivateUsage]
        process.kill()
        process.stdout.read()  # type: ignore[union-attr]  # until it is gone
        with suppress(ReleaseDoesNotAnswer):
            fitting(node, "large")
        assert fitting(node, "large") == "large"
    finally:
        older.close()


def test_what_was_altered_answers_nothing(project: Project, opened: tuple[AppProject, Database]) -> None:
    """Where a case goes stands in the database; a value is read by code that is what was frozen, or not at all."""
    found, database = opened
    artefacts = Artefacts(folder=found.folder / "releases")
    made = service.make(database, artefacts, found.root, found.automations, by="x", known="test", note="")
    folder, _ = artefacts.unpacked(made.release.digest)
    (folder / "src/orders/contracts.py").chmod(0o644)
    (folder / "src/orders/contracts.py").write_text("evil = True")
    older = OlderReleases(database=database, artefacts=artefacts, root=found.root)
    node = older.node("orders", made.release.name, "size")
    assert node.next == "say"
    with pytest.raises(DigestMismatch):
        fitting(node, "large")
    older.close()
