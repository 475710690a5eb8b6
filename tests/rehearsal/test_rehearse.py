"""`pilotage rehearse`: records on their way through code that acts on nothing."""

import json
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from pilotage.examples.tickets.generator import generated
from pilotage.examples.tickets.intake import write_intake
from pilotage.examples.tickets.train import train
from pilotage.machinery.contents.files import Contents
from tests.rehearsal.project import Listener, Project

pytestmark = pytest.mark.slow

FAKES = """
[tool.pilotage.fakes]
crm = "fakes:crm"
"""
FAKE = """\
import leads_score
from pilotage.testing import FakeService, Request

crm = FakeService(leads_score.crm)


@crm.on("POST", "/notes")
def note(request: Request) -> leads_score.Kept:
    return leads_score.Kept(id=f"N-{request.json['lead']}")
"""
READS = "found = await crm.find(f'/points/{lead.id}', params={'of': 'today'}, expect=Score)\nif found: return found"


def test_nothing_is_sent_and_it_is_said_what_would_be(project: Project, listener: Listener) -> None:
    """Each record ends where it would act or ask; the last line counts at the door what was sent."""
    project.write()
    done = project.run("rehearse", "leads", "leads.csv")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "3 records went through leads on the code of the working directory."
    assert done.stdout.splitlines()[-1] == "0 of 2 effects sent"
    assert "door disarmed: yes\naudit hook: yes\nnetwork namespace: " in done.stdout
    assert listener.reached == 0
    assert not (project.root / ".pilotage").exists()


def test_each_record_is_told_for_a_comparison(project: Project) -> None:
    """Key, ending, what was judged and given, what people are asked, and what would be sent where."""
    project.write()
    report = project.rehearse()
    assert report["endings"] == {"would act": 2, "with people": 1}
    anna, bo, _ = report["cases"]
    assert anna["key"] == "L1"
    assert anna["ending"] == "with people"
    assert anna["decisions"] == [
        {
            "step": "model",
            "kind": "judgement",
            "why": "50% sure; 80% is asked for.",
            "asked": "seller",
            "proposal": "call",
        }
    ]
    assert bo["judgements"]["model"]["value"] == "wait"
    assert bo["values"] == {"score": {"points": 2}, "model": "wait"}
    (effect,) = bo["effects"]
    (call,) = effect["calls"]
    assert (effect["step"], effect["connection"], call["method"], call["path"]) == ("note", "crm", "POST", "/notes")
    assert call["answered"] is None
    again = project.rehearse()
    assert again["cases"] == report["cases"], "the same records on the same code end in the same way"


def test_fakes_let_cases_go_to_their_end(project: Project, listener: Listener) -> None:
    """A fake that the project names answers in place of the outside, and the door counts all the same."""
    project.write(more=FAKES)
    (project.root / "fakes.py").write_text(FAKE)
    report = project.rehearse()
    assert report["endings"] == {"done": 2, "with people": 1}
    assert report["effects"] == {"met_the_door": 2, "sent": 0}
    assert report["calls"] == [["crm", "POST", False, "fake", 2]]
    assert report["cases"][1]["effects"][0]["gave"] == {"id": "N-L2"}
    assert listener.reached == 0


def test_what_nobody_answers_stops_a_case_and_a_recording_lets_it_on(project: Project, listener: Listener) -> None:
    """A reading call without an answer ends its case; a line of the file of answers is as good as the outside."""
    project.write(compute=READS)
    report = project.rehearse()
    assert report["endings"] == {"unanswered": 3}
    assert report["calls"] == [["crm", "GET", True, "", 3]]
    assert report["effects"] == {"met_the_door": 0, "sent": 0}
    lines = [
        {"connection": "crm", "method": "GET", "path": "/points/L1", "answer": {"points": 9}},
        {"connection": "crm", "method": "GET", "path": "/points/L2", "query": "of=today", "status": 404},
        {"connection": "crm", "method": "POST", "path": "/notes", "answer": {"id": "N-1"}},
    ]
    (project.root / "answers.jsonl").write_text("\n".join(map(json.dumps, lines)))
    answered = project.rehearse("leads.csv", "--answers", str(project.root / "answers.jsonl"))
    assert answered["endings"] == {"done": 2, "unanswered": 1}
    assert [one["values"].get("score") for one in answered["cases"]] == [{"points": 9}, {"points": 2}, None]
    assert listener.reached == 0


def test_stored_cases_are_given_what_their_effects_gave(project: Project, httpserver: HTTPServer) -> None:
    """An old case's effect with the same inputs is answered as it was in its real run; with others it would act."""
    httpserver.expect_request("/notes", method="POST").respond_with_json({"id": "N-7"})
    project.url = httpserver.url_for("").rstrip("/")
    project.variables = {"CRM_TOKEN": "real"}
    project.write()
    assert project.run("submit", "leads", "leads.csv", "--work").returncode == 0
    sent = len(httpserver.log)
    assert sent == 2
    report = project.rehearse("--cases", "3")
    assert report["endings"] == {"done": 2, "with people": 1}
    assert report["effects"] == {"met_the_door": 2, "sent": 0}
    assert report["cases"][1]["effects"][0]["gave"] == {"id": "N-7"}
    project.write(judge="return pl.Judgement(Worth.CALL, confidence=0.99)")
    changed = project.rehearse("--since", "1d")
    assert changed["endings"] == {"would act": 2, "done": 1}
    assert [one["key"] for one in changed["cases"]] == ["L1", "L2", "L3"]
    assert len(httpserver.log) == sent


def test_a_release_is_rehearsed_with_its_own_code(project: Project) -> None:
    """`--release` takes the frozen code, and the fakes of the working directory answer for it."""
    project.write(more=FAKES, judge="return pl.Judgement(Worth.CALL, confidence=0.99)")
    (project.root / "fakes.py").write_text(FAKE)
    made = json.loads(project.run("release", "--json").stdout)
    project.write(more=FAKES, judge="return pl.Judgement(Worth.WAIT, confidence=0.99)")
    old = project.rehearse("leads.csv", "--release", made["release"])
    assert old["release"] == made["release"]
    assert old["endings"] == {"done": 3}
    assert {one["judgements"]["model"]["value"] for one in old["cases"]} == {"call"}
    new = project.rehearse("leads.csv")
    assert {one["judgements"]["model"]["value"] for one in new["cases"]} == {"wait"}


def test_a_client_of_the_authors_own_gets_no_permit(project: Project) -> None:
    """Nobody knows what it would do, so its permit is refused at the door and counted as an effect."""
    project.write(act="async with crm.permit():\n    return Kept(id='sent by a library')")
    report = project.rehearse()
    assert report["endings"] == {"would act": 2, "with people": 1}
    assert report["effects"] == {"met_the_door": 2, "sent": 0}


@pytest.mark.parametrize(
    ("words", "code", "what"),
    [
        (("leads",), "PLT-920", "Nothing says which records."),
        (("leads", "--cases", "0"), "PLT-920", "--cases 0 is no number of cases."),
        (("leads", "--since", "2 working days"), "PLT-920", "Working days are no age of a case."),
        (("leads", "--cases", "5"), "PLT-270", "No stored case of leads is meant."),
        (("leadz", "leads.csv"), "PLT-001", 'There is no automation "leadz" here.'),
        (("leads", "missing.csv"), "PLT-302", "There is no file missing.csv"),
        (("leads", "leads.csv", "--answers", "no.jsonl"), "PLT-273", "no.jsonl cannot be read: No such file"),
        (("leads", "leads.csv", "--release", "r9"), "PLT-606", "There is no release r9."),
    ],
)
def test_what_cannot_be_rehearsed_is_said(project: Project, words: tuple[str, ...], code: str, what: str) -> None:
    """Each mistake has its code and says what to do."""
    project.write()
    done = project.run("rehearse", *words, "--json")
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["code"]) == (2, code), error
    assert what in error["what"]
    assert error["remedy"]


@pytest.mark.parametrize(
    ("fake", "what"),
    [
        ("", "is not there: AttributeError"),
        (
            FAKE.replace("FakeService(leads_score.crm)", "FakeService(leads_score.other)"),
            "but a FakeService for other.",
        ),
    ],
)
def test_what_is_no_fake_is_said(project: Project, fake: str, what: str) -> None:
    """The error names the line of the project's file."""
    project.write(more=FAKES, above="other = pl.Connection('other', base_url='http://other.test')")
    (project.root / "fakes.py").write_text(fake)
    error = project.rehearse(code=2)["error"]
    assert error["code"] == "PLT-274"
    assert what in error["what"]


def test_a_rehearsal_whose_process_ends_says_so(project: Project) -> None:
    """Code that ends the process leaves no report, and the command says how it ended."""
    project.write(judge="import os\nos._exit(3)")
    error = project.rehearse(code=2)["error"]
    assert error["code"] == "PLT-275"
    assert "ended with 3" in error["what"]


@pytest.mark.parametrize("fakes", [False, True])
def test_the_tickets_example_sends_nothing(tmp_path: Path, *, fakes: bool) -> None:
    """Generated requests through the example that ships: many effects would be sent, and none is."""
    project, material = Project(tmp_path), generated(examples=600, requests=200)
    assert train(material, tmp_path / "router.json")
    planted = write_intake(material.requests, tmp_path / "mailbox.csv")
    named = '\n[tool.pilotage.fakes]\nhelpdesk = "pilotage.examples.tickets.fakes:desk"\n' if fakes else ""
    (tmp_path / "pyproject.toml").write_text(
        f'[tool.pilotage]\nautomations = ["pilotage.examples.tickets.automation:tickets"]\n{named}'
    )
    done = project.run("rehearse", "tickets", "mailbox.csv", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    acted = report["endings"]["done" if fakes else "would act"]
    assert acted > 50
    assert report["effects"] == {"met_the_door": acted, "sent": 0}
    assert sum(report["endings"].values()) == planted.rows - planted.duplicates
    assert report["endings"]["in quarantine"] == planted.to_quarantine
    assert report["tried"] == []


LETTERS = '''\
import pilotage as pl
from pydantic import BaseModel


class Letter(BaseModel):
    id: str
    document: pl.Document


class Read(BaseModel):
    words: str


@pl.compute
def read(letter: Letter) -> Read:
    """What stands in it."""
    return Read(words=letter.document.text())


letters = pl.Automation(
    "letters",
    purpose="Letters are read.",
    takes=Letter,
    gives=Read,
    key=lambda letter: letter.id,
    owner=pl.Role("reader"),
    process=pl.Path(read),
)
'''


def test_documents_are_read_where_they_lie(tmp_path: Path) -> None:
    """A document of the project is read by the platform's own process, which is no attempt to get out."""
    (tmp_path / "letters.py").write_text(LETTERS)
    (tmp_path / "pyproject.toml").write_text('[tool.pilotage]\nautomations = ["letters:letters"]\n')
    data = b"<p>Good morning</p>"
    digest = Contents(tmp_path / ".pilotage" / "contents" / "dev").put(data)
    document = {"name": "a.html", "media_type": "text/html", "size": len(data), "digest": digest}
    lost = {**document, "digest": "0" * 64}
    records = [{"id": "1", "document": document}, {"id": "2", "document": lost}]
    (tmp_path / "records.jsonl").write_text("\n".join(map(json.dumps, records)))
    done = Project(tmp_path).run("rehearse", "letters", "records.jsonl", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["endings"] == {"done": 1, "in quarantine": 1}
    assert report["cases"][0]["values"] == {"read": {"words": "Good morning"}}
    assert report["tried"] == []


CHAIN = '''\
import pilotage as pl
from pydantic import BaseModel


class Raw(BaseModel):
    id: str
    name: str


class Lead(BaseModel):
    id: str


class Kept(BaseModel):
    id: str


clerk = pl.Role("clerk")
crm = pl.Connection("crm", base_url="http://crm.test")


@pl.compute
def clean(raw: Raw) -> Lead:
    """Bring it into one form."""
    return Lead(id=raw.id.lower())


@pl.act(through=crm, undo=pl.CannotUndo("a note stays"), reconcile=pl.SafeToRepeat("the CRM knows the key"))
async def note(lead: Lead) -> Kept:
    """Note it."""
    return await crm.post("/notes", json=lead, expect=Kept)


ingest = pl.Automation(
    "ingest",
    purpose="Leads are in one form.",
    takes=Raw,
    gives=Lead,
    key=lambda raw: raw.id,
    owner=clerk,
    process=pl.Path(clean, pl.HandOver(to=pl.Receiver("notes", takes=Lead, version=1), accepted_within="1h", then=clerk)),
)
notes = pl.Automation(
    "notes",
    purpose="Leads are noted.",
    takes=Lead,
    gives=Kept,
    key=lambda lead: lead.id,
    owner=clerk,
    process=pl.Path(note),
)
'''


def test_what_is_handed_over_is_rehearsed_on(project: Project) -> None:
    """The case of the next automation is made, and goes as far as it can."""
    project.write()
    (project.root / "chain.py").write_text(CHAIN)
    (project.root / "pyproject.toml").write_text('[tool.pilotage]\nautomations = ["chain:ingest", "chain:notes"]\n')
    done = project.run("rehearse", "ingest", "leads.csv", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["endings"] == {"handed over": 3, "would act": 3}
    assert {(one["automation"], one["key"]) for one in report["cases"] if one["ending"] == "would act"} == {
        ("notes", name) for name in ("l1", "l2", "l3")
    }
