"""Which environment is meant, and where its database lies."""

import os
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from pilotage.kernel.errors import UnknownName
from pilotage.machinery.storage.database import Database
from pilotage.machinery.storage.failures import DatabaseNotOurs
from pilotage.project import read_project


@pytest.mark.parametrize("name", ["liv", "../../x", "Live", "production"])
def test_an_environment_that_is_none_begins_no_platform(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slip of the pen is said, with the nearest names; nothing is made anywhere."""
    monkeypatch.setenv("PILOTAGE_ENVIRONMENT", name)
    with pytest.raises(UnknownName, match="there is no such environment") as caught:
        read_project(tmp_path, {})
    assert "live" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_an_environment_of_ones_own_begins_with_its_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose settings the project has, that is an environment; a name that is none of a file never is."""
    monkeypatch.setenv("PILOTAGE_ENVIRONMENT", "office")
    assert read_project(tmp_path, {"settings": {"office": {}}}).environment == "office"
    monkeypatch.setenv("PILOTAGE_ENVIRONMENT", "../office")
    with pytest.raises(UnknownName):
        read_project(tmp_path, {"settings": {"../office": {}}})


def test_unsaid_it_is_dev(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the variable is there and empty."""
    monkeypatch.setenv("PILOTAGE_ENVIRONMENT", "")
    assert read_project(tmp_path, {}).environment == "dev"


def test_a_new_database_is_its_owners_alone(tmp_path: Path) -> None:
    """What is in it is about people: the file and the folder that is made for it are closed to others."""
    file = tmp_path / ".pilotage" / "dev.db"
    before = os.umask(0o022)
    try:
        with closing(Database(f"sqlite:///{file}")) as database, database.transaction():
            pass
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def _a_file_in_the_way(folder: Path) -> Path:
    (folder / ".pilotage").touch()
    return folder / ".pilotage" / "dev.db"


def _no_folder_there(folder: Path) -> Path:
    (folder / "file").touch()
    return folder / "file" / "below" / "dev.db"


@pytest.mark.parametrize("where", [_a_file_in_the_way, _no_folder_there])
def test_a_place_that_can_hold_no_database_is_named(where: Callable[[Path], Path], tmp_path: Path) -> None:
    """PLT-933 with the path, and no traceback."""
    with pytest.raises(DatabaseNotOurs, match=str(tmp_path)):
        Database(f"sqlite:///{where(tmp_path)}")
