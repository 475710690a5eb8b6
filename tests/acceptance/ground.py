"""A project with the three automations of `routing`, its commands as processes of their own, and a help desk to compare with."""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil

import pilotage as pl
from pilotage.app import Platform
from pilotage.cases.service.submitting import submit_file
from pilotage.cases.store import looking
from pilotage.examples.tickets.helpdesk.setup import Running
from pilotage.machinery.storage.database import Database
from pilotage.project import find_project
from tests.acceptance import routing

SOURCE = str(Path(pl.__file__).parent.parent)
ACTS = {"safe": "assign_safely", "ask": "assign_asking", "never": "assign_once"}
PYPROJECT = """\
[tool.pilotage]
automations = ["routing:safe", "routing:ask", "routing:never"]
"""


@dataclass
class Ground:
    """The project's folder, and `pilotage` in it. `end` ends what still runs."""

    root: Path
    database_url: str
    desk: Running | None = None
    forgetful: Running | None = None
    """Where the acts go that are never sent again without a question; None: to the one desk, too."""
    variables: dict[str, str] = field(default_factory=dict)
    started: list[psutil.Popen] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / "pyproject.toml").write_text(PYPROJECT)
        shutil.copy(Path(__file__).with_name("routing.py"), self.root / "routing.py")

    # -- commands ------------------------------------------------------------------

    def command(self, *words: str) -> list[str]:
        """The words that start a command in this project."""
        return [sys.executable, "-P", "-m", "pilotage", *words, "--project", str(self.root)]

    def environment(self) -> dict[str, str]:
        """The environment variables of the commands."""
        known: dict[str, str] = {}
        for name, desk in (("HELPDESK", self.desk), ("FORGETFUL", self.forgetful or self.desk)):
            known |= {f"{name}_URL": desk.url, f"{name}_TOKEN": desk.token} if desk else {}
        return {
            **os.environ,
            "PYTHONPATH": SOURCE,
            "PILOTAGE_DATABASE_URL": self.database_url,
            **known,
            **self.variables,
        }

    def run(self, *words: str, within: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self.command(*words),
            env=self.environment(),
            cwd=self.root,
            capture_output=True,
            text=True,
            timeout=within,
            check=False,
        )

    def ok(self, *words: str, within: float = 120) -> dict[str, Any]:
        """What a command that must go well answers with --json."""
        done = self.run(*words, "--json", within=within)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def start(self, *words: str) -> psutil.Popen:
        """Start a command, and let it run; what it says is in a log of its own."""
        with (self.root / f"{words[0]}-{len(self.started)}.log").open("ab") as log:
            process = psutil.Popen(self.command(*words), env=self.environment(), cwd=self.root, stdout=log, stderr=log)
        self.started.append(process)
        return process

    def logs(self) -> str:
        """What all started commands said."""
        return "\n".join(f"-- {log.name}\n{log.read_text()[-3000:]}" for log in sorted(self.root.glob("*.log")))

    def end(self) -> None:
        """End what still runs, each by its own handle."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
        for process in self.started:
            process.wait()

    # -- what is true --------------------------------------------------------------

    @contextmanager
    def database(self) -> Iterator[Database]:
        """The database, seen from this process."""
        database = Database(self.database_url)
        try:
            yield database
        finally:
            database.close()

    def states(self, automation: str) -> dict[str, str]:
        """The states of an automation's effects by their keys."""
        with self.database() as database, database.snapshot() as tx:
            return {row.key: row.state for row in looking.effects_at(tx, automation, ACTS[automation])}

    def entries(self) -> list[dict[str, Any]]:
        """The help desks' own logs."""
        logs = [desk.log for desk in (self.desk, self.forgetful) if desk and desk.log.exists()]
        lines = [line for log in logs for line in log.read_bytes().splitlines(keepends=True)]
        return [json.loads(line) for line in lines if line.endswith(b"\n")]

    def acted(self) -> int:
        """How often the desks have acted so far, counted without reading closely."""
        logs = [desk.log for desk in (self.desk, self.forgetful) if desk and desk.log.exists()]
        return sum(log.read_bytes().count(b'"acted":true') for log in logs)

    def acts(self) -> Counter[str]:
        """How often the desks acted on each key."""
        return Counter(one["key"] for one in self.entries() if one["acted"])

    def agrees(self, automations: Mapping[str, int]) -> Counter[str]:
        """Ledger and help desk say the same of so many cases of each automation; the states of their effects."""
        acts = self.acts()
        twice = {key: times for key, times in acts.items() if times > 1}
        assert not twice, f"acted on twice: {twice}"
        whole: Counter[str] = Counter()
        known: set[str] = set()
        for automation, cases in automations.items():
            states = self.states(automation)
            known |= states.keys()
            assert len(states) == cases
            confirmed = {key for key, state in states.items() if state == "confirmed"}
            unknown = {key for key, state in states.items() if state == "unknown"}
            acted = acts.keys() & states.keys()
            assert confirmed <= acted, "confirmed, and the desk knows nothing of it"
            assert acted - confirmed <= unknown, "the desk acted, and the ledger says that it did not"
            assert confirmed | unknown == states.keys(), Counter(states.values())
            whole.update(states.values())
        assert acts.keys() <= known, "the desk acted on a key that nobody planned"
        return whole

    def well(self) -> dict[str, Any]:
        """What the doctor says; it must be well."""
        done = self.run("doctor", "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    # -- records -------------------------------------------------------------------

    def fill(self, automations: Mapping[str, int], *, mark: str = "T") -> None:
        """Submit so many requests to each automation, from this process: a command for each would take its time."""
        project = replace(find_project(self.root), database_url=self.database_url)
        platform = Platform(project, [routing.safe, routing.ask, routing.never])
        try:
            for name, count in automations.items():
                file = self.file(f"{mark}{name}.csv", count, mark=mark)
                assert submit_file(platform.intake, platform.automation(name), file).receipt.accepted == count
        finally:
            platform.close()

    def file(self, name: str, count: int, *, mark: str = "T") -> Path:
        """A file of so many requests."""
        file = self.root / name
        lines = (f"{mark}{number},{'please ' * (number % 7 + 1)}help,{number},2026-01-02\n" for number in range(count))
        file.write_text("id,text,number,day\n" + "".join(lines))
        return file


def until(
    true: Callable[[], object], *, within: float = 60.0, every: float = 0.05, said: Callable[[], str] = str
) -> None:
    """Wait until something is true."""
    rest = threading.Event()
    for _ in range(int(within / every)):
        if true():
            return
        rest.wait(every)
    raise AssertionError(f"It did not become true within {within} seconds. {said()}")
