"""Starting a rehearsal: which records, on which code, in a process that is given no credential; and its report."""

import json
import os
import shutil
import site
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Final, Protocol, cast

from pydantic_core import from_json

from pilotage.credentials.opening import lying_here
from pilotage.credentials.plan import Plan
from pilotage.credentials.secrets import Secrets
from pilotage.machinery.storage.database import Database
from pilotage.rehearsal import store
from pilotage.rehearsal.errors import NothingToRehearse, RehearsalEnded, ToldByTheRehearsal
from pilotage.rehearsal.values import RESULTS, Request
from pilotage.releases import service as releases
from pilotage.releases.artefact import Artefacts
from pilotage.releases.asking import own_environment
from pilotage.releases.digest import as_bytes
from pilotage.releases.values import WORKING_DIRECTORY

KEPT: Final = frozenset(
    {
        "PATH", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "VIRTUAL_ENV", "LD_LIBRARY_PATH",
        "DYLD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHASHSEED", "PYTHONUTF8", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS",
    }
)  # fmt: skip
"""The variables that a rehearsal's process keeps, beside LC_*: what a program needs to run, and no secret stands in."""

Seen = Callable[[str, int], None]
Hidden = Callable[[Sequence[str]], None]
"""Told which secrets the rehearsed code names."""


class Project(Protocol):
    """A project, as far as a rehearsal uses it."""

    @property
    def root(self) -> Path:
        """Its folder."""
        ...

    @property
    def folder(self) -> Path:
        """Where the platform keeps what belongs to it."""
        ...

    @property
    def contents_folder(self) -> Path:
        """Where the large contents of this environment lie."""
        ...

    @property
    def environment(self) -> str:
        """Which environment this is."""
        ...

    @property
    def secrets(self) -> Plan:
        """Where its secrets come from."""
        ...

    @property
    def automations(self) -> Sequence[str]:
        """What it names, as module:attribute."""
        ...

    @property
    def fakes(self) -> Mapping[str, str]:
        """What answers in place of connections, as module:attribute."""
        ...

    def setting(self, name: str) -> str | None:
        """The text of a setting, or None where it is not set."""
        ...


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which records are rehearsed, on which code."""

    automation: str
    release: str | None = None
    files: Sequence[Path] = ()
    way: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    cases: int | None = None
    since: Callable[[int], int] | None = None
    """The platform time from which on, by the platform time of now; both unsaid: no stored case."""
    answers: Path | None = None

    @property
    def stored(self) -> bool:
        """Whether stored cases are meant."""
        return self.cases is not None or self.since is not None


@dataclass(frozen=True, kw_only=True)
class Rehearsed:
    """The report of a rehearsal, and the file with what became of each record."""

    report: Mapping[str, object]
    results: Path
    release: str

    def records(self) -> Iterator[Mapping[str, object]]:
        """What became of each record."""
        with self.results.open(encoding="utf-8") as lines:
            for line in lines:
                yield from_json(line)


@contextmanager
def rehearsed(
    project: Project,
    database: Callable[[], AbstractContextManager[Database]],
    wanted: Wanted,
    *,
    seen: Seen = lambda what, count: None,
) -> Generator[Rehearsed]:
    """Rehearse; what it wrote down is there as long as the block lasts.

    Raises NothingToRehearse (PLT-270), RehearsalEnded (PLT-275), and what the rehearsal's process tells.
    """
    folder = Path(tempfile.mkdtemp(prefix="pilotage-rehearsal-"))
    try:
        request = _request(project, database, wanted, folder)
        kept: list[Secrets] = []

        def hidden(names: Sequence[str]) -> None:
            """What the environment and files give for these secrets is taken out of what is told here."""
            kept.append(Secrets(project.environment, stores=(), own=lying_here(project, os.environ, names)))

        report = _run(project, request, seen, hidden)
        yield Rehearsed(report=report, results=folder / RESULTS, release=request.release)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _request(
    project: Project, database: Callable[[], AbstractContextManager[Database]], wanted: Wanted, folder: Path
) -> Request:
    release, frozen, manifest, stored, results = WORKING_DIRECTORY, None, None, None, None
    if wanted.stored or wanted.release not in {None, WORKING_DIRECTORY}:
        with database() as opened:
            if wanted.release not in {None, WORKING_DIRECTORY}:
                found = releases.find(opened, str(wanted.release))
                artefacts = Artefacts(folder=project.folder / "releases")
                files, read = artefacts.unpacked(found.digest)
                release, frozen, manifest = found.name, str(files), as_bytes(read).decode()
            if wanted.stored:
                stored, results = _stored(opened, wanted, folder)
    return Request(
        root=str(project.root),
        environment=project.environment,
        references=tuple(project.automations),
        automation=wanted.automation,
        folder=str(folder),
        release=release,
        frozen=frozen,
        manifest=manifest,
        contents=str(project.contents_folder),
        files=tuple(str(file.absolute()) for file in wanted.files),
        way=wanted.way,
        stored=stored,
        results=results,
        answers=None if wanted.answers is None else str(wanted.answers.absolute()),
        fakes=dict(project.fakes),
    )


def _stored(database: Database, wanted: Wanted, folder: Path) -> tuple[str, str]:
    """The records of stored cases, and what their effects gave, as files."""
    with database.snapshot() as tx:
        since = None if wanted.since is None else wanted.since(database.now(tx))
        old = store.last(tx, wanted.automation, most=wanted.cases, since=since)
        given = store.results(tx, [one.id for one in old])
    if not old:
        raise NothingToRehearse(
            f"No stored case of {wanted.automation} is meant.",
            "`pilotage status` says how many there are; name a FILE to rehearse with records that are not stored.",
        )
    records, results = folder / "records.jsonl", folder / "given.jsonl"
    with records.open("w", encoding="utf-8") as lines:
        lines.writelines(f'{{"key":{json.dumps(one.key)},"record":{one.record}}}\n' for one in old)
    with results.open("w", encoding="utf-8") as lines:
        lines.writelines(json.dumps(asdict(one)) + "\n" for one in given)
    return str(records), str(results)


# -- its process ----------------------------------------------------------------


def bare_environment(home: Path) -> dict[str, str]:
    """The environment of a rehearsal's process: a home without anything in it, and nothing that could be secret."""
    kept = {name: text for name, text in own_environment().items() if name in KEPT or name.startswith("LC_")}
    if site.ENABLE_USER_SITE:  # packages of this user's own lie in the home that is taken away
        kept["PYTHONUSERBASE"] = site.getuserbase()
    return {**kept, "HOME": str(home), "LOKY_MAX_CPU_COUNT": str(os.cpu_count() or 1), "PYTHONIOENCODING": "utf-8"}


def _run(project: Project, request: Request, seen: Seen, hidden: Hidden) -> Mapping[str, object]:
    home = Path(request.folder) / "home"
    home.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "pilotage.rehearsal.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=bare_environment(home),
        cwd=request.frozen or request.root,
        text=True,
        encoding="utf-8",
        start_new_session=True,  # Ctrl-C is for whoever waits for the report, and ends this one
    )
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        _write(process.stdin, asdict(request))
        report = _listen(project, process.stdin, process.stdout, seen, hidden)
    except BaseException:
        process.kill()
        raise
    finally:
        _end(process)
    if report is None:
        raise RehearsalEnded(
            f"The process of the rehearsal ended with {process.returncode} before it had told what became of the records.",
            "What it said stands on stderr. Nothing was sent.",
        )
    return report


def _listen(project: Project, asks: IO[str], tells: IO[str], seen: Seen, hidden: Hidden) -> Mapping[str, object] | None:
    secret: frozenset[str] = frozenset()
    for line in tells:
        said = cast("Mapping[str, object]", json.loads(line))
        if "setting" in said:
            name = str(said["setting"])
            _write(asks, {"value": None if name in secret else project.setting(name)})
        elif "secrets" in said:
            secret = frozenset(cast("list[str]", said["secrets"]))
            hidden(sorted(secret))
        elif "seen" in said:
            seen(str(said["seen"]), cast("int", said["count"]))
        elif "error" in said:
            error = cast("Mapping[str, str]", said["error"])
            raise ToldByTheRehearsal(error["what"], error["remedy"], error["code"])
        elif "report" in said:
            return cast("Mapping[str, object]", said["report"])
    return None


def _write(asks: IO[str], data: Mapping[str, object]) -> None:
    with suppress(BrokenPipeError):  # it has ended; what it said last is still to be read
        asks.write(json.dumps(data) + "\n")
        asks.flush()


def _end(process: subprocess.Popen[str]) -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with suppress(OSError):
                stream.close()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
