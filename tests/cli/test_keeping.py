"""`pilotage archive`, `backup`, `restore` and `erase`, as they are typed."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import pytest

from pilotage.machinery.cli.exits import Exit
from pilotage.machinery.storage.database import Database
from tests.cli.conftest import Pilotage

ROWS = ("L1,please pay,2", "L2,hello there,1", "L3,perhaps pay,1")


@pytest.fixture
def worked(pilotage: Pilotage, letters_file: Callable[[Sequence[str]], Path]) -> Pilotage:
    """Two letters are done, one is with people."""
    assert pilotage("submit", "letters", str(letters_file(ROWS)), "--work", "--json").code == Exit.OK
    return pilotage


def code(said: dict[str, object]) -> str:
    """The code of the error that was said."""
    return cast("dict[str, str]", said["error"])["code"]


def test_done_letters_go_and_come_back(worked: Pilotage) -> None:
    """Doctor agrees at each step, and looking for one says where it is."""
    assert worked("archive", "old.gz", "--older-than", "1d", "--json").data["archived"] == 0
    assert worked("archive", "old.gz", "--older-than", "0s", "--json").data["archived"] == 2
    assert worked("doctor").code == Exit.OK
    assert "old.gz" in worked("case", "L1").err
    assert worked("submit", "letters", "letters.csv", "--json").data["duplicates"] == 3
    assert worked("archive", "--restore", "old.gz", "--json").data["restored"] == 2
    assert worked("doctor").code == Exit.OK
    assert worked("case", "L1").code == Exit.OK
    assert code(worked("archive", "older.gz", "--json").data) == "PLT-920"


def test_a_letter_is_erased(worked: Pilotage) -> None:
    """Only with --yes where nobody can be asked, and only what has ended."""
    assert code(worked("erase", "letters", "L1", "--reason", "Asked.", "--json").data) == "PLT-920"
    assert code(worked("erase", "letters", "L3", "--reason", "Asked.", "--yes", "--json").data) == "PLT-523"
    assert worked("erase", "letters", "L1", "--reason", "Asked.", "--yes").code == Exit.OK
    told = worked("case", "L1").out
    assert "please pay" not in told
    assert "had erased what is personal" in told
    assert worked("doctor").code == Exit.OK


def test_a_backup_is_restored(worked: Pilotage) -> None:
    """On SQLite in its place, with what was there kept aside; PostgreSQL's command is named."""
    said = worked("backup", "backup", "--json")
    if Database(os.environ["PILOTAGE_DATABASE_URL"]).dialect == "postgresql":
        assert "pg_dump" in cast("dict[str, str]", said.data["error"])["remedy"]
        assert "pg_restore" in worked("restore", "backup").err
        return
    assert said.data["holds"] is True
    assert code(worked("restore", "backup", "--json").data) == "PLT-505"
    assert worked("restore", "backup", "--over", "--json").data["kept_aside"]
    assert worked("doctor").code == Exit.OK
    assert "Restored from the backup" in worked("status").out
