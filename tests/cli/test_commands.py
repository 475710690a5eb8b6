"""The commands on a small project: what they do to it, what they print, and how they end."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import pytest

from pilotage.cases.tables import cases
from pilotage.machinery.cli.exits import Exit
from pilotage.machinery.storage.database import Database
from tests.cli.conftest import Pilotage

ROWS = (
    "L1,please pay,2",
    "L2,hello there,1",
    "L3,perhaps pay,1",
    "L4,why?,1",
    "L5,all of it,12",
    ",no id,1",
    "L6,hi,many",
)
WriteLetters = Callable[[Sequence[str]], Path]
Listed = list[dict[str, str]]


@pytest.fixture
def worked(pilotage: Pilotage, letters_file: WriteLetters) -> Pilotage:
    """Seven letters were submitted and worked on: two are filed, two with people, one dead, two in quarantine."""
    said = pilotage("submit", "letters", str(letters_file(ROWS)), "--work", "--json")
    assert said.code == Exit.OK, said
    return pilotage


def rows_of(said: dict[str, object], name: str) -> Listed:
    """A list in what was said."""
    return cast("Listed", said[name])


def test_a_file_is_submitted_and_worked_on(worked: Pilotage) -> None:
    """Every record is in a place, and status says in which; the same file again changes nothing."""
    data = worked("status", "--json").data
    assert data["places"] == {
        "ready": 0,
        "moving": 0,
        "waiting": 0,
        "with people": 2,
        "dead letter": 1,
        "handed over": 0,
        "done": 2,
        "withdrawn": 0,
    }
    assert data["in_quarantine"] == 2
    again = worked("submit", "letters", "letters.csv", "--json").data
    assert {name: again[name] for name in ("arrived", "accepted", "duplicates", "quarantined")} == {
        "arrived": 7,
        "accepted": 0,
        "duplicates": 7,
        "quarantined": 0,
    }
    assert worked("doctor").code == Exit.OK


def test_status_tells_people(worked: Pilotage) -> None:
    """In words: what is wrong with the records, why people are asked, why a case is dead."""
    said = worked("status").out
    for words in ("2 letters", "dead letter", "It asks a question.", "The drawer is full", "id: string_too_short"):
        assert words in said or words == "2 letters"


def test_a_case_is_told_in_plain_words(worked: Pilotage) -> None:
    """By key or id: its record, judgement with evidence, values, timeline, and the decision with how to settle it."""
    said = worked("case", "L3")
    for words in (
        "With people",
        "perhaps pay",
        "50%",
        '"perhaps"',
        "drawer judged bills, 50% sure",
        "The clerk is asked",
    ):
        assert words in said.out
    assert "pilotage decide D-" in said.err
    data = worked("case", "L1", "--json").data
    assert data["place"] == "done"
    assert data["values"] == {"drawer": "bills", "filed": {"drawer": "bills", "pages": 2}}
    assert worked("case", str(data["case"])).code == Exit.OK


def test_a_wrong_key_is_answered_with_near_ones(worked: Pilotage) -> None:
    """A slip at the end of a key is no dead end."""
    said = worked("case", "L33")
    assert said.code == Exit.REFUSED
    assert "Did you mean L3" in said.err


def test_a_decision_is_settled_by_a_person_with_a_reason(worked: Pilotage) -> None:
    """The labels are checked and named, the answer is carried out, who said it and how that is known stays."""
    found = rows_of(worked("inbox", "--kind", "judgement", "--json").data, "decisions")
    assert [one["key"] for one in found] == ["L3"]
    number = found[0]["decision"]
    wrong = worked("decide", number, "bill", "--reason", "I read it")
    assert wrong.code == Exit.REFUSED
    assert "Did you mean bills?" in wrong.err
    assert "bills, love letters, rest; or withdraw" in wrong.err
    assert worked("decide", number, "love letters", "--reason", "").code == Exit.REFUSED
    assert worked("decide", number, "love letters", "--reason", "I read it").code == Exit.OK
    assert "PLT-402" in worked("decide", number, "rest", "--reason", "Too late").err
    assert worked("run", "--json").code == Exit.OK
    case = worked("case", "L3", "--json").data
    assert (case["place"], cast("dict[str, object]", case["values"])["drawer"]) == ("done", "love letters")
    decision = rows_of(case, "decisions")[0]
    assert (decision["known"], decision["reason"]) == ("shell user, not verified", "I read it")


def test_several_decisions_may_have_one_answer(worked: Pilotage) -> None:
    """Each is settled by itself, and what failed is said beside what went."""
    numbers = [one["decision"] for one in rows_of(worked("inbox", "--json").data, "decisions")]
    said = worked("decide", *numbers, "D-1", "rest", "--reason", "All looked at", "--json")
    assert said.code == Exit.REFUSED
    assert len(rows_of(said.data, "settled")) == 2
    assert len(rows_of(said.data, "failed")) == 1


def test_a_filter_that_names_nothing_is_no_empty_list(worked: Pilotage) -> None:
    """A wrong kind, role or automation is said, with the nearest."""
    assert "Did you mean judgement?" in worked("inbox", "--kind", "judgment").err
    assert "Did you mean clerk?" in worked("inbox", "--asked", "clark").err
    assert "Did you mean letters?" in worked("inbox", "--automation", "leters").err


def test_quarantine_is_shown_corrected_and_discarded(worked: Pilotage) -> None:
    """Same faults stand together; a record is shown with its bytes, corrected and released, or discarded."""
    shapes = rows_of(worked("quarantine", "--json").data, "shapes")
    by_shape = {one["shape"]: one["example"] for one in shapes}
    assert set(by_shape) == {"id: string_too_short", "pages: int_parsing"}
    number = by_shape["pages: int_parsing"]
    assert worked("quarantine", "show", number, "--json").data["original"] == "L6,hi,many\n"
    refused = worked("quarantine", "release", number, "--set", "pages=lots", "--reason", "x")
    assert (refused.code, "PLT-207" in refused.err) == (Exit.REFUSED, True)
    released = worked(
        "quarantine", "release", number, "--set", "pages=3", "--reason", "Asked the sender", "--json"
    ).data
    assert worked("case", str(released["case"]), "--json").data["place"] == "ready"
    assert worked("quarantine", "discard", by_shape["id: string_too_short"], "--reason", "A test").code == Exit.OK
    assert worked("quarantine").out.strip() == "Quarantine is empty."
    assert worked("doctor").code == Exit.OK


def test_what_could_not_be_read_is_not_let_in_unsaid(pilotage: Pilotage, project: Path) -> None:
    """A line that is no record gives nothing to the case: whoever writes all of it by hand is told so, in the trail too."""
    (project / "letters.jsonl").write_text('{"id": "L9", "words": \n', encoding="utf-8")
    assert pilotage("submit", "letters", "letters.jsonl").code == Exit.OK
    (shape,) = rows_of(pilotage("quarantine", "--json").data, "shapes")
    by_hand = ("--set", "id=L9", "--set", "words=hello", "--reason", "I read the line")
    said = pilotage("quarantine", "release", shape["example"], *by_hand)
    assert said.code == Exit.OK
    assert "Nothing of what came could be read as a record" in said.err
    assert "with what was written by hand alone" in pilotage("audit").out


def test_a_replay_says_what_became_of_it(worked: Pilotage) -> None:
    """Never "done" before it is known: it failed again, and the exit code says so."""
    said = worked("replay", "--all", "--reason", "Bought a drawer", "--json")
    assert said.code == Exit.NOT_WELL
    assert (said.data["replayed"], said.data["failed_again"], said.data["succeeded"]) == (1, 1, 0)
    assert worked("replay", "--step", "filde", "--reason", "x").err.count("Did you mean filed?") == 1
    assert "PLT-205" in worked("replay", "--reason-contains", "nothing such", "--reason", "x").err
    assert worked("replay", "L1", "--reason", "x").code == Exit.REFUSED


def test_a_case_is_withdrawn_once(worked: Pilotage) -> None:
    """An open case ends by a person's act, and its decision waits no more."""
    assert worked("withdraw", "L4", "--reason", "Nobody wrote it").code == Exit.OK
    assert worked("case", "L4", "--json").data["place"] == "withdrawn"
    assert len(rows_of(worked("inbox", "--json").data, "decisions")) == 1
    assert "PLT-202" in worked("withdraw", "L4", "--reason", "again").err


def test_hold_and_resume(worked: Pilotage) -> None:
    """A hold names what exists, says what is on its way, stops intake if told to, and is lifted by the same words."""
    assert "Did you mean letters?" in worked("hold", "automation", "leters", "--reason", "x").err
    assert "Did you mean length?" in worked("hold", "segment", "lengths=short", "--reason", "x").err
    assert worked("hold", "case", "L5", "--intake", "--reason", "x").code == Exit.REFUSED
    held = worked("hold", "automation", "letters", "--intake", "--wait", "--reason", "Fire drill", "--json").data
    assert held["on_their_way"] == []
    refused = worked("submit", "letters", "letters.csv")
    assert (refused.code, "PLT-210" in refused.err) == (Exit.REFUSED, True)
    assert "Fire drill" in worked("status").out
    assert "letters" in worked("resume").err
    assert worked("resume", "automation", "letters").code == Exit.OK
    assert worked("submit", "letters", "letters.csv").code == Exit.OK


def test_doctor_finds_what_is_lost(worked: Pilotage, database_url: str) -> None:
    """A case that vanishes breaks a sum, and one in a wrong place an invariant; the exit code is 1."""
    database = Database(database_url)
    with database.transaction() as tx:
        tx.execute(cases.delete().where(cases.c.key == "L1"))
        tx.execute(cases.update().where(cases.c.key == "L2").values(place="with people"))
    database.close()
    said = worked("doctor", "--json")
    assert said.code == Exit.NOT_WELL
    assert [one["missing"] for one in cast("list[dict[str, object]]", said.data["sums"])] == [0, 1]
    broken = [one["name"] for one in rows_of(said.data, "broken")]
    assert broken == ["the tallies are what is stored", "a case with people has a decision that waits"]
    assert "BROKEN" in worked("doctor").out
    assert "pilotage doctor --count" in worked("doctor").err
    counted = worked("doctor", "--count", "--json")
    assert [one["name"] for one in rows_of(counted.data, "broken")] == ["a case with people has a decision that waits"]


def test_several_files_and_one_that_is_missing(pilotage: Pilotage, letters_file: WriteLetters) -> None:
    """The others are taken in; the missing one is said with what is near it."""
    letters_file(ROWS[:2])
    said = pilotage("submit", "letters", "letter.csv", "letters.csv", "--json")
    assert said.code == Exit.REFUSED
    assert said.data["accepted"] == 2
    error = cast("dict[str, dict[str, str]]", cast("list[object]", said.data["failed"])[0])["error"]
    assert "Did you mean letters.csv?" in error["remedy"]


def test_check_tells_findings_with_their_lines(pilotage: Pilotage, project: Path) -> None:
    """A sound project has none; a wrong one ends with 1 and every finding with file and line."""
    assert pilotage("check").code == Exit.OK
    (project / "wrong_one.py").write_text(
        "import pilotage as pl\nfrom tests.cli.letters import Filed, Letter, drawer, lead\n"
        "wrong = pl.Automation('wrong', purpose='', takes=Letter, gives=Filed, key=lambda letter: letter.id,\n"
        "    owner=lead, deputy=lead, process=pl.Path(drawer))\n"
    )
    (project / "pyproject.toml").write_text('[tool.pilotage]\nautomations = ["wrong_one:wrong"]\n')
    said = pilotage("check", "--json")
    assert said.code == Exit.NOT_WELL
    lines = [one["line"] for one in rows_of(said.data, "findings")]
    assert any("wrong_one.py:3" in line for line in lines)
    assert said.data["errors"] == len(lines) > 1


def test_no_project_and_no_database(pilotage: Pilotage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are said without a traceback, with what to do."""
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "PLT-002" in pilotage("status", "--project", str(empty)).err
    monkeypatch.setenv("PILOTAGE_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    away = pilotage("status")
    assert (away.code, "PLT-930" in away.err, "Traceback" in away.err) == (Exit.REFUSED, True, False)
    monkeypatch.setenv("PILOTAGE_DATABASE_URL", "nonsense")
    assert "PLT-933" in pilotage("status").err


def test_limits_of_nothing_are_said(worked: Pilotage) -> None:
    """A project whose connections have no limits, and a connection that nobody knows."""
    assert worked("limits").out == "No connection has limits.\n"
    assert worked("limits", "--json").data == {"connections": []}
    said = worked("limits", "crm")
    assert said.code != 0
    assert 'There is no connection "crm" with limits here.' in said.err
