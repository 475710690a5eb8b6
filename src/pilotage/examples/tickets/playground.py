"""The demo's folder: a project of its own, with what the last run left to look at."""

import json
import os
import secrets
import shutil
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

from pilotage.examples.tickets.helpdesk.faults import Fault
from pilotage.examples.tickets.helpdesk.setup import Running, Setup
from pilotage.kernel.errors import PilotageError
from pilotage.machinery.engine.lives import Lives
from pilotage.machinery.storage.database import Database
from pilotage.project import DEMO_FOLDER, Project, find_project

_MARK: Final = "# Written by `pilotage demo`, and written anew by each run."
_AUTOMATION: Final = "pilotage.examples.tickets.automation:tickets"
_FAKE: Final = "pilotage.examples.tickets.fakes:desk"
_VARIABLES: Final = ("HELPDESK_URL", "HELPDESK_TOKEN")


class DemoFolderTaken(PilotageError):
    """The folder of the demo holds something that the demo did not write."""

    code = "TICKETS-003"


class DemoRunsAlready(PilotageError):
    """Another process works on the demo's database."""

    code = "TICKETS-004"


class NoDemoYet(PilotageError):
    """There is no demo to go on with."""

    code = "TICKETS-005"


@dataclass(frozen=True, kw_only=True)
class Playground:
    """The demo's folder."""

    root: Path

    @classmethod
    def at(cls, folder: Path) -> Self:
        """The demo's folder in this one, or this one, if it is one. Raises DemoFolderTaken (TICKETS-003)."""
        if _is_ours(folder):
            return cls(root=folder)
        root = folder / DEMO_FOLDER
        if root.exists() and not _is_ours(root) and any(root.iterdir()):
            msg = f"{root} holds something that the demo did not write."
            raise DemoFolderTaken(msg, "Run the demo in another folder, or move that one away.")
        return cls(root=root)

    @property
    def router(self) -> Path:
        """The trained router: the file that the release names as its artifact."""
        return self.root / "router.json"

    @property
    def mailbox(self) -> Path:
        """The requests of the last run, as a file."""
        return self.root / "mailbox.csv"

    @property
    def log(self) -> Path:
        """What the help desk wrote down."""
        return self.root / "helpdesk.jsonl"

    @property
    def environment(self) -> str:
        """The environment that the demo runs in."""
        return os.environ.get("PILOTAGE_ENVIRONMENT", "dev")

    @property
    def token_file(self) -> Path:
        """Where the help desk's token lies, for the commands that come later."""
        return self.root / ".pilotage" / "secrets" / self.environment / "helpdesk-token"

    @property
    def _database_file(self) -> Path:
        return self.root / ".pilotage" / f"{self.environment}.db"

    def begin(self, database_url: str | None, *, faults: Sequence[Fault] = ()) -> Setup:
        """Put away what the last run left, and say how the help desk is set up. Raises DemoRunsAlready (TICKETS-004)."""
        self.root.mkdir(parents=True, exist_ok=True)
        self._refuse_living()
        for file in (
            self.log,
            *(self._database_file.with_name(self._database_file.name + end) for end in ("", "-wal", "-shm")),
        ):
            file.unlink(missing_ok=True)
        token = secrets.token_urlsafe(24)
        self._keep(token)
        self._write(database_url)
        return Setup(log=self.log, token=token, faults=faults)

    def helpdesk_again(self) -> Setup:
        """The help desk of the last run, at the same address, with what it held. Raises NoDemoYet (TICKETS-005)."""
        if not _is_ours(self.root) or not self.token_file.exists():
            raise NoDemoYet(f"There is no demo in {self.root} yet.", "Run `pilotage demo` first.")
        url = find_project(self.root).settings.get("helpdesk-url", "")
        return Setup(
            log=self.log, port=int(url.rpartition(":")[2] or 0), token=self.token_file.read_text(encoding="utf-8")
        )

    @contextmanager
    def open_to(self, desk: Running, database_url: str | None) -> Generator[Project]:
        """The project, whose help desk is this one and no other, whatever the environment's variables say."""
        pyproject = self.root / "pyproject.toml"
        text = pyproject.read_text(encoding="utf-8")
        pyproject.write_text(text.replace('helpdesk-url = ""', f'helpdesk-url = "{desk.url}"'), encoding="utf-8")
        before = {name: os.environ.get(name) for name in _VARIABLES}
        os.environ.update(dict(zip(_VARIABLES, (desk.url, desk.token), strict=True)))
        try:
            project = find_project(self.root)
            yield replace(project, database_url=database_url or project.database_url)
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value

    def _refuse_living(self) -> None:
        """Somebody who works on the database would go on in a file that is gone."""
        if not self._database_file.exists():
            return
        database = Database(f"sqlite:///{self._database_file}")
        try:
            lives = Lives(database)
            living = {life.executor for life in lives.living()} - {life.executor for life in lives.dead_on_this_host()}
        except Exception:  # noqa: BLE001 - whatever is wrong with the old file, it is about to go
            living = set[str]()
        finally:
            database.close()
        if living:
            msg = f"Another process works on the demo in {self.root}: a `pilotage serve` or `run`, or another demo."
            raise DemoRunsAlready(msg, "End that one first; a new demo begins with an empty database.")

    def _keep(self, token: str) -> None:
        self.token_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.token_file.unlink(missing_ok=True)
        descriptor = os.open(self.token_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(token)

    def _write(self, database_url: str | None) -> None:
        lines = [_MARK, "[tool.pilotage]", f'automations = ["{_AUTOMATION}"]']
        if database_url and "@" not in database_url:  # an address with a user may hold a password
            lines.append(f"database = {json.dumps(database_url)}")
        lines += ["", f"[tool.pilotage.settings.{self.environment}]", 'helpdesk-url = ""']
        lines += ["", "[tool.pilotage.fakes]", f'helpdesk = "{_FAKE}"', ""]
        (self.root / "pyproject.toml").write_text("\n".join(lines), encoding="utf-8")


def _is_ours(folder: Path) -> bool:
    file = folder / "pyproject.toml"
    return file.is_file() and file.read_text(encoding="utf-8", errors="replace").startswith(_MARK)


def command_name() -> str:
    """What to type for `pilotage` in the shell that the demo was called from."""
    inside = os.environ.get("VIRTUAL_ENV")
    activated = "VIRTUAL_ENV_PROMPT" in os.environ
    found = shutil.which("pilotage")
    if found and (not inside or activated):
        return "pilotage"
    beside = Path(sys.executable).with_name("pilotage")
    if beside.exists():
        return os.path.relpath(beside)
    return f"{os.path.relpath(sys.executable)} -m pilotage"
