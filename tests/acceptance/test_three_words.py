"""A malformed record, a changed body and a dead server: three things that go wrong at once, and are told apart."""

import json
import re
from pathlib import Path

import pytest

from pilotage.examples.tickets.helpdesk.faults import Fault, FaultKind
from pilotage.examples.tickets.helpdesk.server import as_process
from pilotage.examples.tickets.helpdesk.setup import Running, Setup
from tests.acceptance.ground import Ground, until
from tests.acceptance.test_throttled import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

CASES = 8
WORDS = {"quarantine", "answers differently", "down"}


def nobody(folder: Path) -> Running:
    """A desk that is not there."""
    return Running(
        url=f"http://127.0.0.1:{free_port()}",
        token="nobody-reads-this",
        admin_token="nor-this",
        log=folder / "nobody.jsonl",
        pid=0,
    )


def said(ground: Ground, *words: str) -> str:
    """What a command says, in one line."""
    done = ground.run(*words)
    return " ".join((done.stdout + done.stderr).split())


def test_three_kinds_of_trouble_have_three_words(ground: Ground) -> None:
    """In `status` and in `case`, in words and as data: quarantine, answers differently, down; and none of them twice."""
    changed = Setup(log=ground.root / "desk.jsonl", faults=[Fault(kind=FaultKind.CHANGED_BODY)])
    ground.forgetful = nobody(ground.root)
    with as_process(changed) as ground.desk:
        ground.fill({"safe": CASES, "ask": CASES})
        malformed = ground.root / "malformed.csv"
        malformed.write_text("id,text,number,day\nM1,,1,2026-01-02\n")
        ground.ok("submit", "safe", str(malformed))
        ground.start("run", "--forever")

        def states() -> dict[str, str]:
            return {one["connection"]: one["state"] for one in ground.ok("status")["connections"]}

        until(
            lambda: states() == {"helpdesk": "answers differently", "forgetful": "down"},
            every=0.5,
            said=lambda: f"{states()} {ground.logs()}",
        )
        status_has_all_three(ground)
        for automation, connection, word in (
            ("safe", "helpdesk", "answers differently"),
            ("ask", "forgetful", "down"),
        ):
            case = ("case", "T0", "--automation", automation)
            (other,) = WORDS - {word, "quarantine"}
            told = said(ground, *case)
            assert f"{connection}: {word}." in told
            assert f": {other}" not in told
            assert "quarantine" not in told
            data = ground.ok(*case)
            assert data["effects"][0]["words"].startswith(f"{connection}: {word}.")
            assert all(f": {other}" not in line for entry in data["timeline"] for line in entry["words"])
        (shape,) = ground.ok("quarantine")["shapes"]
        words = f"{shape['example']} is in quarantine, malformed, and no case yet: text: String should have"
        assert words in said(ground, "case", shape["example"])
        assert json.loads(ground.run("case", shape["example"], "--json").stdout)["error"]["what"].startswith(words)
        assert ground.ok("status")["dead_letter_reasons"] == []


def status_has_all_three(ground: Ground) -> None:
    """`status` names each of the three by its word, and each once."""
    told = said(ground, "status")
    assert re.search(rf"helpdesk: answers differently since \d\d:\d\d, {CASES} cases waiting, oldest \d+ ", told), told
    assert re.search(rf"forgetful: down since \d\d:\d\d, {CASES} cases waiting, oldest \d+ ", told), told
    assert "1 record in quarantine" in told
    data = ground.ok("status")
    assert data["in_quarantine"] == 1
    assert {one["connection"]: one["waiting"] for one in data["connections"]} == {"helpdesk": CASES, "forgetful": CASES}
