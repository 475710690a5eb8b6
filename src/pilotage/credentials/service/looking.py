"""What is known of every secret: how old it is, who may use it, who holds it. Never its value."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pilotage.authoring.automation import Automation
from pilotage.authoring.settings import Secret
from pilotage.credentials import store
from pilotage.credentials.ageing import Standing, standing
from pilotage.credentials.plan import Plan
from pilotage.credentials.stores.environment import environment_name
from pilotage.credentials.stores.files import is_file_name, written_at
from pilotage.credentials.values import Grant, Lease, Source, Version
from pilotage.machinery.storage.database import Database, Tx


@dataclass(frozen=True, kw_only=True)
class Told:
    """One secret."""

    name: str
    where: str
    """Where its value comes from; "" where it has none that can be seen from here."""
    set_at: int | None
    expires_at: int | None
    max_age: int | None
    standing: Standing
    versions: Sequence[Version]
    """The valid ones of the local store."""
    grants: Sequence[Grant]
    held: Sequence[Lease]


@dataclass(frozen=True, kw_only=True)
class SecretPlaces:
    """What can be looked at without asking for a value."""

    stores: Sequence[str]
    variables: Mapping[str, str]
    folder: Path

    def look(self, name: str, newest: Version | None) -> tuple[str, int | None, int | None]:
        """Where its value comes from, since when it is there, and when it ends."""
        variable = environment_name(name)
        for one in self.stores:
            if one == "environment" and variable in self.variables:
                return Source.ENVIRONMENT.value, None, None
            if one == "environment" and (named := self.variables.get(f"{variable}_FILE")):
                return Source.FILE_NAMED_BY_ENVIRONMENT.value, written_at(Path(named)), None
            if one == "files" and is_file_name(name) and (self.folder / name).exists():
                return Source.PROJECT_FILE.value, written_at(self.folder / name), None
            if one == "local" and newest is not None:
                return Source.LOCAL.value, newest.set_at, newest.expires_at
        return "", None, None

    def place(self, name: str, where: str) -> str:
        """The very place in words: which variable or file it is."""
        variable = environment_name(name)
        if where == Source.ENVIRONMENT.value:
            return f"the environment variable {variable}"
        if where == Source.FILE_NAMED_BY_ENVIRONMENT.value:
            return f"the file {self.variables[f'{variable}_FILE']}, which {variable}_FILE names,"
        return f"the file {self.folder / name}" if where == Source.PROJECT_FILE.value else where


def tell(tx: Tx, now: int, places: SecretPlaces, declared: Mapping[str, int]) -> list[Told]:
    """Every secret that is declared, or that the local store has; `declared` says how old each may become (microseconds)."""
    versions = store.versions(tx)
    grants, held = store.grants(tx), store.held(tx, now)
    names = sorted({*declared, *(one.secret for one in versions if one.forgotten_at is None)})
    told: list[Told] = []
    for name in names:
        valid = [one for one in versions if one.secret == name and one.valid(now)]
        of_store = [one for one in versions if one.secret == name and one.forgotten_at is None]
        newest = valid[-1] if valid else (of_store[-1] if of_store else None)
        where, set_at, expires_at = places.look(name, newest)
        leases = [one for one in held if one.secret == name]
        max_age = declared.get(name)
        if not where and leases:  # a vault: what it said when it was asked last
            where, set_at, expires_at = leases[-1].source, leases[-1].set_at, leases[-1].expires_at
        told.append(
            Told(
                name=name,
                where=where,
                set_at=set_at,
                expires_at=expires_at,
                max_age=max_age,
                standing=standing(set_at=set_at, max_age=max_age, expires_at=expires_at, now=now),
                versions=valid,
                grants=[one for one in grants if one.secret == name],
                held=leases,
            )
        )
    return told


class Project(Protocol):
    """A project, as far as its secrets are looked at."""

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


def tell_of(project: Project, database: Database, automations: Iterable[Automation]) -> list[Told]:
    """Every secret of a project in its environment."""
    folder = project.folder / "secrets" / project.environment
    places = SecretPlaces(stores=project.secrets.stores, variables=os.environ, folder=folder)
    with database.snapshot() as tx:
        return tell(tx, database.now(tx), places, declared(automations))


def declared(automations: Iterable[Automation]) -> dict[str, int]:
    """The secrets that automations name, and how old each may become, in microseconds; the strictest counts."""
    found: dict[str, int] = {}
    for automation in automations:
        for secret in _named(automation):
            age = int(secret.max_age.seconds * 1_000_000)
            found[secret.name] = min(age, found.get(secret.name, age))
    return found


def users(automations: Iterable[Automation]) -> dict[str, set[str]]:
    """The automations that name each secret."""
    found: dict[str, set[str]] = {}
    for automation in automations:
        for secret in _named(automation):
            found.setdefault(secret.name, set()).add(automation.name)
    return found


def _named(automation: Automation) -> Iterator[Secret]:
    """The secrets of an automation's connections, and of the places from which its records come."""
    for connection in automation.connections:
        yield from (one for one in (connection.credential, connection.signing) if one is not None)
    for source in automation.intake:
        yield from source.secrets
