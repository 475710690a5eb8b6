"""Opens the stores of an environment, in the order of its plan."""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import unquote

from pilotage.credentials.keys import KeyRing
from pilotage.credentials.plan import Plan
from pilotage.credentials.ports import Store
from pilotage.credentials.secrets import Secrets
from pilotage.credentials.service.releasing import Leases
from pilotage.credentials.stores.environment import EnvironmentStore, environment_name
from pilotage.credentials.stores.files import FileStore, read_file
from pilotage.credentials.stores.local import LocalStore
from pilotage.credentials.telling import password
from pilotage.kernel.clock import Clock
from pilotage.kernel.errors import PilotageError
from pilotage.machinery.net.door import Door
from pilotage.machinery.storage.database import Database

_OWN: Final = (
    "PILOTAGE_KEY",
    "PILOTAGE_OPENBAO_TOKEN",
    "PILOTAGE_OPENBAO_SECRET_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
)
"""What opens the stores: hidden like what lies in them."""

_HEADERS: Final = (
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
    "OTEL_EXPORTER_OTLP_METRICS_HEADERS",
)
"""What lets traces and metrics into a collector: NAME=VALUE, with commas between them."""


def key_ring(folder: Path, environment: str, variables: Mapping[str, str]) -> KeyRing:
    """Where the key of an environment's local store is looked for; `folder` is the project's `.pilotage`."""
    return KeyRing(file=folder / "keys" / f"{environment}.key", variables=variables)


class Project(Protocol):
    """A project, as far as its secrets need it."""

    @property
    def folder(self) -> Path:
        """Where the platform keeps what belongs to it."""
        ...

    @property
    def environment(self) -> str:
        """Which environment this is."""
        ...

    @property
    def secrets(self) -> Plan:
        """Where its secrets come from."""
        ...


def open_secrets(
    project: Project, database: Database, door: Door, clock: Clock | None = None, *, declared: Iterable[str] = ()
) -> Secrets:
    """The secrets of this process. Nothing is asked before a value is needed.

    What the environment gives for the `declared` ones, and what lies in files here, is hidden before that: whoever shows
    the environment, or a record into which somebody pasted it, shows it.
    """
    plan = project.secrets
    stores = [_opened(name, project, os.environ, database, door) for name in plan.stores]
    leases = Leases(database=database, environment=project.environment)
    own = {
        **lying_here(project, os.environ, declared),
        **_own(os.environ),
        "the database's password": unquote(password(database.url)),
    }
    return Secrets(project.environment, stores=stores, leases=leases, terms=plan.terms, clock=clock, own=own)


def lying_here(project: Project, variables: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """The values that can be read here without asking a store that writes down who asks: variables, and files."""
    plan, found = project.secrets, dict[str, str]()
    names = list(names)
    if "files" in plan.stores:
        folder = project.folder / "secrets" / project.environment
        with suppress(OSError):  # a folder that is another's is told where a value is asked for
            found |= {one.name: one.reveal() for one in FileStore(folder=folder).values()}
    if "environment" in plan.stores:
        for name in names:
            if named := variables.get(f"{environment_name(name)}_FILE"):
                with suppress(PilotageError):  # so is a file that cannot be read
                    found[name] = read_file(name, Path(named)).reveal()
    return found | given_in(variables, names)


def given_in(variables: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """The values of secrets that variables of the environment hold, whether anybody asked for them or not."""
    return {name: variables[given] for name in names if (given := environment_name(name)) in variables}


def _own(variables: Mapping[str, str]) -> dict[str, str]:
    found = {name: variables[name] for name in _OWN if variables.get(name)}
    for name in _HEADERS:
        for number, pair in enumerate(variables.get(name, "").split(",")):
            found[f"{name} ({number + 1})"] = unquote(pair.partition("=")[2].strip())
    return found


def _opened(name: str, project: Project, variables: Mapping[str, str], database: Database, door: Door) -> Store:
    options, environment = project.secrets.options.get(name, {}), project.environment
    match name:
        case "environment":
            return EnvironmentStore(variables=variables)
        case "files":
            return FileStore(folder=project.folder / "secrets" / environment)
        case "openbao":
            from pilotage.credentials.stores.openbao import OpenBaoStore  # noqa: PLC0415 - where it is used

            return OpenBaoStore.described(options, variables=variables, door=door)
        case "aws":
            from pilotage.credentials.stores.aws import AwsStore  # noqa: PLC0415 - where it is used

            return AwsStore.described(options, door=door)
        case _:
            return LocalStore(
                database=database, environment=environment, keys=key_ring(project.folder, environment, variables)
            )
