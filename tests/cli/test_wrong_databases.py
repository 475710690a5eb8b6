"""A database that is none, that is emptied, or that is of another kind is said with its name, and begins no platform."""

from pathlib import Path

import pytest
from sqlalchemy import exc

from pilotage.audit.service import key_file
from pilotage.kernel.errors import ProjectMissing
from pilotage.machinery.storage.database import Database
from pilotage.machinery.storage.failures import DatabaseEmptied, DatabaseNotOurs, in_plain_words
from pilotage.migrations import prepare
from pilotage.opening import open_database
from pilotage.project import Project, find_project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project whose platform was used."""
    made = Project(
        root=tmp_path, environment="dev", automations=(), database_url=f"sqlite:///{tmp_path / '.pilotage' / 'dev.db'}"
    )
    with open_database(made):
        pass
    return made


@pytest.mark.parametrize("beside", ["key", "contents", "log"])
def test_an_emptied_database_is_no_new_one(project: Project, beside: str) -> None:
    """Without a byte, beside what only a platform with data has: it is refused, and the file is left as it is."""
    file = project.folder / "dev.db"
    there = {
        "key": key_file(project.folder, "dev"),
        "contents": project.contents_folder / "ab" / "abcd",
        "log": Path(f"{file}-wal"),
    }[beside]
    file.write_bytes(b"")
    there.parent.mkdir(parents=True, exist_ok=True)
    there.write_bytes(b"something")
    with pytest.raises(DatabaseEmptied, match=r"dev\.db is empty, and this platform had data"), open_database(project):
        pass
    assert file.stat().st_size == 0
    there.unlink()
    with open_database(project):  # a process was killed when it had made the file, and nothing else
        pass
    assert file.stat().st_size > 0


def test_a_database_that_was_taken_away_begins_anew(project: Project) -> None:
    """A file that is missing was taken away on purpose."""
    key = key_file(project.folder, "dev")
    key.parent.mkdir(parents=True, exist_ok=True)
    key.write_bytes(b"something")
    (project.folder / "dev.db").unlink()
    with open_database(project) as database, database.snapshot() as tx:
        assert tx.exec_driver_sql("SELECT count(*) FROM cases").scalar_one() == 0


@pytest.mark.parametrize("url", ["mysql://me:hidden@db/pilotage", "mssql+pyodbc://me@db/pilotage", "oracle://db"])
def test_another_kind_of_database_is_refused(url: str) -> None:
    """It is not taken for PostgreSQL; what is possible is said, and no password."""
    with pytest.raises(DatabaseNotOurs, match=r"SQLite or PostgreSQL, and (mysql|mssql|oracle) is neither") as refused:
        Database(url)
    assert "hidden" not in f"{refused.value} {refused.value.remedy}"
    assert "postgresql://USER@HOST/NAME" in refused.value.remedy


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    """The words of SQLite name no file; ours do."""
    file = tmp_path / "notes.db"
    file.write_text("These are notes and no database. " * 100)
    database = Database(f"sqlite:///{file}")
    with pytest.raises(exc.DatabaseError) as raised:
        prepare(database)
    told = in_plain_words(raised.value)
    assert isinstance(told, DatabaseNotOurs)
    assert told.what.startswith(f"The file {file} is no sound SQLite database: ")
    database.close()


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    """Nobody looks for a project in and above a folder that does not exist."""
    with pytest.raises(ProjectMissing, match=r"nope is not there\."):
        find_project(tmp_path / "nope")
    file = tmp_path / "pyproject.toml"
    file.write_text("[tool.pilotage]\n")
    with pytest.raises(ProjectMissing, match=r"pyproject\.toml is no folder\."):
        find_project(file)
