"""A small project whose code does what a test writes into it, and a server that counts who reaches it."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pilotage as pl

SOURCE = str(Path(pl.__file__).parent.parent)

PYPROJECT = """\
[tool.pilotage]
automations = ["leads_score:leads"]

[tool.pilotage.settings.dev]
crm-url = "{url}"
"""

CODE = '''\
from enum import Enum

import pilotage as pl
from pydantic import BaseModel

{above}


class Lead(BaseModel):
    id: str
    name: str


class Score(BaseModel):
    points: int


class Worth(Enum):
    CALL = "call"
    WAIT = "wait"


class Kept(BaseModel):
    id: str


seller = pl.Role("seller")
crm = pl.Connection("crm", base_url=pl.Setting("crm-url"), credential=pl.Secret("crm-token", max_age="90d"))


@pl.compute(through=crm)
async def score(lead: Lead) -> Score:
    """How good a lead is."""
{compute}
    return Score(points=len(lead.name))


@pl.judge
def model(lead: Lead, score: Score) -> pl.Judgement[Worth]:
    """Whether it is worth a call."""
{judge}
    return pl.Judgement(Worth.CALL if score.points > 3 else Worth.WAIT, confidence=0.5 if score.points == 4 else 0.9)


@pl.act(through=crm, undo=pl.CannotUndo("a note stays"), reconcile=pl.SafeToRepeat("the CRM knows the key"))
async def note(lead: Lead, worth: Worth, effect: pl.Effect) -> Kept:
    """Note it in the CRM."""
{act}
    return await crm.post("/notes", json={{"lead": lead.id, "worth": worth.value, "reference": effect.key}}, expect=Kept)


leads = pl.Automation(
    "leads",
    purpose="Every lead is noted.",
    takes=Lead,
    gives=Kept,
    key=lambda lead: lead.id,
    owner=seller,
    process=pl.Path(score, model.alone(above=0.8, otherwise=pl.Ask(seller, within="4h", then=None)), note),
)
'''


@dataclass
class Project:
    """A project's folder, and `pilotage` in it."""

    root: Path
    url: str = "http://127.0.0.1:9"
    variables: Mapping[str, str] = field(default_factory=dict)

    def write(self, *, judge: str = "", compute: str = "", act: str = "", above: str = "", more: str = "") -> None:
        """The project, with these lines in its steps."""
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / "pyproject.toml").write_text(PYPROJECT.format(url=self.url) + more)
        inside = {name: _indented(text) for name, text in {"judge": judge, "compute": compute, "act": act}.items()}
        (self.root / "leads_score.py").write_text(CODE.format(above=above, **inside))
        (self.root / "leads.csv").write_text("id,name\nL1,Anna\nL2,Bo\nL3,Catharina\n")

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [sys.executable, "-P", "-m", "pilotage", *words, "--project", str(self.root)],
            env={**os.environ, "PYTHONPATH": SOURCE, **self.variables},
            cwd=self.root,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def rehearse(self, *words: str, code: int = 0) -> dict[str, Any]:
        """The report of a rehearsal of the three leads, or of what the words say."""
        done = self.run("rehearse", "leads", *(words or ("leads.csv",)), "--json")
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


@dataclass
class Listener:
    """A socket of this machine that counts who reaches it."""

    port: int
    reached: int = 0


@contextmanager
def listening() -> Iterator[Listener]:
    """A listener, for as long as the block lasts."""
    server = socket.create_server(("127.0.0.1", 0))
    found = Listener(port=server.getsockname()[1])

    def count() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            found.reached += 1
            connection.close()

    thread = threading.Thread(target=count, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(timeout=10)
