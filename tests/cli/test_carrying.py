"""`pilotage export` and `pilotage import`, as they are typed."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import pytest

from pilotage.machinery.cli.exits import Exit
from tests.cli.conftest import Pilotage

ROWS = ("L1,please pay,2", "L3,perhaps pay,1", "L5,all of it,12", ",no id,1")


def test_a_platform_is_carried_into_a_new_database(
    pilotage: Pilotage,
    letters_file: Callable[[Sequence[str]], Path],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Both sides count alike, doctor agrees, a dead letter can be replayed and a key is still known."""
    assert pilotage("submit", "letters", str(letters_file(ROWS)), "--work", "--json").code == Exit.OK
    before = pilotage("status", "--json").data["places"]
    written = pilotage("export", "all.pilotage", "--json")
    assert written.code == Exit.OK, written
    monkeypatch.setenv("PILOTAGE_DATABASE_URL", f"sqlite:///{tmp_path / 'new.db'}")
    read = pilotage("import", "all.pilotage", "--json")
    assert read.code == Exit.OK, read
    assert read.data["rows"] == written.data["rows"]
    assert pilotage("status", "--json").data["places"] == before
    assert pilotage("doctor").code == Exit.OK
    again = pilotage("submit", "letters", "letters.csv", "--json").data
    assert (again["accepted"], again["duplicates"]) == (0, 4)
    replayed = pilotage("replay", "--all", "--reason", "Mended.", "--json")
    assert replayed.data["failed_again"] == 1


def test_it_is_told_to_people(pilotage: Pilotage, letters_file: Callable[[Sequence[str]], Path]) -> None:
    """Where the cases are, how many rows there were, and what not to do now; a second import is refused with the way out."""
    pilotage("submit", "letters", str(letters_file(ROWS)), "--work")
    said = pilotage("export", "all.pilotage")
    for words in ("dead letter", "timeline", "Both sums hold", "pilotage import"):
        assert words in said.out + said.err
    refused = pilotage("import", "all.pilotage", "--json")
    assert refused.code == Exit.REFUSED
    assert cast("dict[str, str]", refused.data["error"])["code"] == "PLT-505"
