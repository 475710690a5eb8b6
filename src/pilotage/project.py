"""A project as its `pyproject.toml` describes it: `[tool.pilotage]`, read for one environment."""

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, cast

from pilotage.cases.service.room import DISK_SHARE
from pilotage.credentials.plan import Plan, read_plan
from pilotage.credentials.stores.environment import environment_name
from pilotage.kernel.errors import ProjectMissing, UnknownName
from pilotage.machinery.cli.names import did_you_mean
from pilotage.machinery.net.addresses import Addresses, addresses_of, named_addresses
from pilotage.machinery.telemetry.asked_for import read_telemetry
from pilotage.machinery.telemetry.values import TelemetrySettings

ENVIRONMENTS: Final = ("dev", "test", "live")
_NAME: Final = re.compile(r"[a-z][a-z0-9-]*")
"""An environment's name is part of the names of files."""
DEMO_FOLDER: Final = "pilotage-demo"
KEEP_RESPONSES: Final = 14.0
"""Days for which raw responses are kept."""
_LONGEST: Final = 3650
EVERYBODY: Final = "*"
"""In a table by connection: what is allowed to everything that leaves."""


@dataclass(frozen=True, kw_only=True)
class Project:
    """A project: where it lies, which environment this is, and what it names."""

    root: Path
    environment: str
    database_url: str
    automations: tuple[str, ...]
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    disk_share: float = DISK_SHARE
    """How much of the database's disk may be in use before intake pauses."""
    contents: str = ".pilotage/contents"
    """Where large contents lie, seen from the root; where several machines work, a folder that all of them see."""
    fakes: Mapping[str, str] = field(default_factory=dict[str, str])
    """By connection, what answers in its place while a rehearsal runs, as module:attribute."""
    addresses: Addresses = field(default_factory=lambda: Addresses(allow_private=True))
    """Which addresses connections may lead to beyond public ones."""
    environments: tuple[str, ...] = ENVIRONMENTS
    """Which environments there are."""
    addresses_said: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """The names under `private-addresses`, where that is a table: its environments, and under each its connections."""
    keep_responses: float = KEEP_RESPONSES
    """Days for which raw responses are kept that told of a failure."""
    telemetry: TelemetrySettings | None = None
    """Where traces and metrics go; None: nobody asks for any."""
    heads: Path | None = None
    """The folder in which the heads of the audit trail are kept, day by day."""
    secrets: Plan = field(default_factory=Plan)
    """Where the values of secrets come from."""

    @property
    def folder(self) -> Path:
        """Where the platform keeps what belongs to this project."""
        return self.root / ".pilotage"

    @property
    def contents_folder(self) -> Path:
        """Where the large contents of this environment lie."""
        return self.root / self.contents / self.environment

    @property
    def record(self) -> Path | None:
        """The file to which answers are written down for rehearsals, where somebody asks for it."""
        file = os.environ.get("PILOTAGE_RECORD")
        return Path(file) if file else None

    def setting(self, name: str) -> str | None:
        """The text of a setting: HELPDESK_URL of the environment, else `helpdesk-url` of the project's file."""
        return os.environ.get(environment_name(name), self.settings.get(name))


def find_project(start: Path | None = None) -> Project:
    """The project of this folder or of one above it; the demo's, where there is none but that.

    Raises ProjectMissing (PLT-002).
    """
    here = Path(start or os.environ.get("PILOTAGE_PROJECT") or Path.cwd()).resolve()
    if not here.is_dir():
        what = "is no folder" if here.exists() else "is not there"
        raise ProjectMissing(f"{here} {what}.", "Name the folder of a project: the one with its pyproject.toml.")
    for folder in (here, *here.parents, here / DEMO_FOLDER):
        file = folder / "pyproject.toml"
        if file.is_file() and (table := _table(file)) is not None:
            return read_project(folder, table)
    msg = f"There is no Pilotage project in {here} or above it."
    raise ProjectMissing(
        msg, "Go into a project's folder, or make one: `pilotage new NAME`; to look around: `pilotage demo`."
    )


def _table(file: Path) -> dict[str, object] | None:
    try:
        table: object = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {}).get("pilotage")
    except tomllib.TOMLDecodeError as error:
        msg = f"{file} is no TOML: {error}."
        raise ProjectMissing(msg, "Correct that line.") from error
    return cast("dict[str, object]", table) if isinstance(table, dict) else None


def read_project(root: Path, table: Mapping[str, object]) -> Project:
    """The project that `[tool.pilotage]` describes."""
    settings = table.get("settings", {})
    by_environment = cast("Mapping[str, Mapping[str, object]]", settings if isinstance(settings, dict) else {})
    environment = _environment(by_environment)
    default = f"sqlite:///{root / '.pilotage' / (environment + '.db')}"
    named = table.get("automations", [])
    return Project(
        root=root,
        environment=environment,
        database_url=os.environ.get("PILOTAGE_DATABASE_URL") or str(table.get("database", default)),
        automations=tuple(str(one) for one in cast("list[object]", named)) if isinstance(named, list) else (),
        settings={str(name): str(value) for name, value in by_environment.get(environment, {}).items()},
        disk_share=_disk_share(table.get("disk-share", DISK_SHARE), root),
        addresses=_addresses(table.get("private-addresses"), environment, root),
        environments=_environments(by_environment),
        addresses_said=_names(table.get("private-addresses")),
        keep_responses=_days(table.get("keep-responses", KEEP_RESPONSES), root),
        contents=str(os.environ.get("PILOTAGE_CONTENTS") or table.get("contents", ".pilotage/contents")),
        fakes=_fakes(table.get("fakes", {}), root),
        telemetry=read_telemetry(table.get("telemetry", {}), os.environ, root=root, environment=environment),
        heads=_heads(table.get("audit", {}), root),
        secrets=read_plan(table.get("secrets", {}), environment),
    )


def _environment(own: Iterable[str]) -> str:
    """The environment that is meant. A slip of the pen must not begin an empty platform of its own, which looks healthy."""
    name = os.environ.get("PILOTAGE_ENVIRONMENT") or "dev"
    known = _environments(own)
    if name in known:
        return name
    otherwise = f"There are {', '.join(known)}; another one begins with its [tool.pilotage.settings.NAME]."
    raise UnknownName(
        f'PILOTAGE_ENVIRONMENT is "{name}", and there is no such environment.', did_you_mean(name, known, otherwise)
    )


def _environments(own: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*ENVIRONMENTS, *(one for one in own if _NAME.fullmatch(one))]))


def _disk_share(value: object, root: Path) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 1:
        return float(value)
    msg = f"disk-share in {root / 'pyproject.toml'} is {value!r}."
    raise ProjectMissing(msg, "Write a share of the disk between 0 and 1, such as disk-share = 0.9.")


def _addresses(value: object, environment: str, root: Path) -> Addresses:
    """What `private-addresses` allows here: yes, no, a list, or a table with one of these for each environment."""
    if isinstance(value, dict):
        value = cast("dict[str, object]", value).get(environment)
    if value is None:
        return addresses_of(environment)
    try:
        if not isinstance(value, dict):
            return replace(_allowed(value), said=True)
        by = {name: _allowed(one) for name, one in cast("dict[str, object]", value).items()}
    except ValueError as error:
        msg = f"private-addresses in {root / 'pyproject.toml'} has {error}."
        raise ProjectMissing(
            msg,
            'Write true, false, or a list of networks, addresses and host names, such as ["10.0.3.0/24", "erp.internal"]; '
            "or a table of these by environment, and there by connection.",
        ) from None
    everybody = by.pop(EVERYBODY, Addresses())
    return replace(everybody, connections=by, said=True)


def _names(value: object) -> dict[str, tuple[str, ...]]:
    """The names in a table by environment and there by connection; what counts for everything that leaves is none."""
    if not isinstance(value, dict):
        return {}
    return {
        environment: tuple(name for name in cast("dict[str, object]", said) if name != EVERYBODY)
        if isinstance(said, dict)
        else ()
        for environment, said in cast("dict[str, object]", value).items()
    }


def _allowed(value: object) -> Addresses:
    if isinstance(value, bool):
        return Addresses(allow_private=value)
    if isinstance(value, list):
        for one in cast("list[object]", value):
            if not isinstance(one, str):
                raise ValueError(repr(one))  # noqa: TRY004 - told as what the file has
        try:
            return named_addresses(cast("list[str]", value))
        except ValueError as error:
            raise ValueError(repr(str(error))) from None
    raise ValueError(repr(value))


def _days(value: object, root: Path) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _LONGEST:
        return float(value)
    msg = f"keep-responses in {root / 'pyproject.toml'} is {value!r}."
    raise ProjectMissing(msg, f"Write a number of days up to {_LONGEST}, such as keep-responses = 14; 0 keeps none.")


def _heads(value: object, root: Path) -> Path | None:
    given = cast("Mapping[str, object]", value) if isinstance(value, dict) else {"": ""}
    folder = given.get("heads")
    if set(given) <= {"heads"} and (folder is None or (isinstance(folder, str) and folder)):
        return None if folder is None else root / folder
    msg = f"[tool.pilotage.audit] in {root / 'pyproject.toml'} is {value!r}."
    raise ProjectMissing(msg, 'Write heads = "FOLDER", where the heads of the audit trail are kept day by day.')


def _fakes(value: object, root: Path) -> dict[str, str]:
    if isinstance(value, dict):
        return {str(name): str(reference) for name, reference in cast("dict[object, object]", value).items()}
    msg = f"fakes in {root / 'pyproject.toml'} is {value!r}."
    raise ProjectMissing(msg, 'Write a table: [tool.pilotage.fakes], and under it NAME = "module:attribute".')
