"""What is missing in an environment for a connection to be called from there, all together: settings, secrets, grants."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol, cast

from pilotage.authoring.automation import Automation
from pilotage.authoring.codes import finding
from pilotage.authoring.connection import Connection
from pilotage.authoring.findings import Finding
from pilotage.authoring.settings import Setting
from pilotage.credentials.plan import Plan
from pilotage.credentials.service.looking import SecretPlaces, Told
from pilotage.credentials.stores.environment import environment_name

FREE: Final = "dev"
"""Where nothing has to be granted, and where whoever develops sees at once what is missing."""
_SEEN: Final = frozenset({"environment", "files", "local"})
"""Sources that can be looked at without asking for a value."""


class Project(Protocol):
    """A project, as far as it is looked at for what is missing."""

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

    def setting(self, name: str) -> str | None:
        """The text of a setting, or None where it is not set."""
        ...


def told_without_database(project: Project, names: Iterable[str]) -> Mapping[str, str]:
    """Where each secret's value comes from, as far as that is seen without a database; "" where it has none."""
    folder = project.folder / "secrets" / project.environment
    places = SecretPlaces(stores=project.secrets.stores, variables=os.environ, folder=folder)
    return {name: places.look(name, None)[0] for name in names}


def missing(
    project: Project,
    automations: Sequence[Automation],
    *,
    has: Callable[[str], bool],
    granted: Callable[[str, str], bool],
) -> list[Finding]:
    """A warning for each connection that cannot be called from this environment, with all that is missing and how to mend it.

    `has` says whether a secret has a value, `granted` whether an automation may use it. Values that a vault holds are not seen
    from here, and count as there.
    """
    found: dict[str, tuple[Connection, dict[str, str]]] = {}
    for automation in automations:
        for connection in automation.connections:
            _, lacks = found.setdefault(connection.name, (connection, {}))
            lacks |= _settings(project, connection)
            for secret in (connection.credential, connection.signing):
                if secret is None:
                    continue
                if not has(secret.name) and _SEEN.issuperset(project.secrets.stores):
                    lacks[f"the secret {secret.name} has no value"] = _way(project, secret.name)
                if not granted(secret.name, automation.name):
                    command = f"`pilotage secret grant {secret.name} {automation.name}`"
                    lacks[f"{automation.name} may not use the secret {secret.name}"] = command
    return [
        finding(
            "PLT-573",
            place=f"Connection {connection.name}",
            line=connection.line,
            warning=True,
            environment=project.environment,
            what="; ".join(lacks),
            remedy="; ".join(lacks.values()),
        )
        for _, (connection, lacks) in sorted(found.items())
        if lacks
    ]


def granted_in(told: Sequence[Told]) -> Callable[[str, str], bool]:
    """Whether an automation may use a secret, as the database says."""
    grants = {(one.secret, one.automation) for secret in told for one in secret.grants}
    return lambda secret, automation: (secret, automation) in grants


def _settings(project: Project, connection: Connection) -> dict[str, str]:
    named = [cast("Setting[object]", one) for one in vars(connection).values() if isinstance(one, Setting)]
    return {
        f"the setting {one.name} is not set": f"set {one.variable}, or {one.name} in [tool.pilotage.settings.{project.environment}]"
        for one in named
        if one.default is None and project.setting(one.name) is None
    }


def _way(project: Project, name: str) -> str:
    return f"`pilotage secret set {name}`" if "local" in project.secrets.stores else f"set {environment_name(name)}"
