"""Runs commands in this process, as `pilotage` does, on a small project and on both databases."""

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from pilotage import __main__ as top
from pilotage.app import Platform
from pilotage.machinery.engine.inline import InlineEngine
from pilotage.machinery.storage.database import Database
from pilotage.opening import load_automations
from pilotage.project import find_project


class Drained(InlineEngine):
    """The inline engine, with one thread that runs what is started."""

    def __init__(self, database: Database, executor: str) -> None:
        super().__init__(database, executor)
        self._thread = ThreadPoolExecutor(1)

    def start(self, batch: int) -> None:
        """Have the thread run it."""
        super().start(batch)
        self._thread.submit(self.drain)

    def close(self, *, within: float = 0.0) -> None:
        """End the thread."""
        self._thread.shutdown()
        super().close(within=within)


class Inline(Platform):
    """A platform that works without DBOS, which takes a second to load."""

    def working(self, engine_of: object = None) -> AbstractContextManager[object]:
        """Work in this process."""
        del engine_of
        return self.working_here(Drained)


@dataclass(frozen=True, kw_only=True)
class Home(top.House):
    """The house of these tests."""

    @contextmanager
    def open(self, release: str | None = None) -> Iterator[Platform]:
        """The inline platform."""
        del release
        project = find_project(self.start)
        platform = Inline(project, load_automations(project))
        try:
            yield platform
        finally:
            platform.close()


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> dict[str, object]:
        """The one JSON object on stdout."""
        return cast("dict[str, object]", json.loads(self.out))


Pilotage = Callable[..., Said]


@pytest.fixture
def project(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the letters, on a fresh database of each kind; the current folder is its own."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pyproject.toml").write_text('[tool.pilotage]\nautomations = ["tests.cli.letters:letters"]\n')
    monkeypatch.setenv("PILOTAGE_DATABASE_URL", database_url)
    monkeypatch.delenv("PILOTAGE_PROJECT", raising=False)
    monkeypatch.delenv("PILOTAGE_ENVIRONMENT", raising=False)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def pilotage(project: Path, capsys: pytest.CaptureFixture[str]) -> Pilotage:
    """Calls `pilotage ...` in the project, and gives what it said."""

    def call(*words: str, house: type[top.House] = Home) -> Said:
        capsys.readouterr()
        code = top.main(words, house=house)
        said = capsys.readouterr()
        return Said(code=code, out=said.out, err=said.err)

    return call


@pytest.fixture
def letters_file(project: Path) -> Callable[[Sequence[str]], Path]:
    """Writes a CSV file of letters."""

    def write(rows: Sequence[str], name: str = "letters.csv") -> Path:
        file = project / name
        file.write_text("id,words,pages\n" + "".join(f"{row}\n" for row in rows), encoding="utf-8")
        return file

    return cast("Callable[[Sequence[str]], Path]", write)
