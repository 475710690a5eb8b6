"""A release, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

FORMAT: Final = 1
"""The form of a manifest and of an artefact."""
WORKING_DIRECTORY: Final = "dev"
"""The name of what is no release: the code as it lies in the working directory."""


class State(StrEnum):
    """Whether new cases begin on a release."""

    CURRENT = "current"
    RETIRED = "retired"


@dataclass(frozen=True, kw_only=True, slots=True)
class FrozenFile:
    """One file of a release."""

    path: str
    """Where it stands in the artefact, with slashes."""
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Requirements:
    """What a release needs of the environment that it runs in."""

    lock: str | None = None
    """The file of locked requirements, which is in the artefact as well."""
    lock_sha256: str | None = None
    installed: Mapping[str, str] = field(default_factory=dict[str, str])
    """Distributions that its code imports beyond those of the platform, and their versions."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """Everything that a release is; the digest is made of it."""

    automations: tuple[str, ...]
    """As the project names them: module:attribute."""
    roots: tuple[str, ...]
    """Folders of the artefact in which Python looks for its modules, in order."""
    examples: tuple[str, ...] = ()
    """Automations that ship with the platform and are frozen with it, such as pilotage.examples.tickets."""
    python: str
    """The version of Python that it was made with, such as 3.12."""
    requirements: Requirements
    table: Mapping[str, object]
    """What [tool.pilotage] said, without what belongs to an environment."""
    files: tuple[FrozenFile, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """A release as it is known to an environment."""

    name: str
    """What people and cases call it: R- and the beginning of the digest."""
    digest: str
    automations: tuple[str, ...]
    """Names of automations."""
    made_at: int
    made_by: str
    known: str
    """How it is known who made it, such as "shell user, not verified"."""
    note: str
    artefact: str
    """The file's name in the folder of releases."""
    python: str
    state: State
    current_since: int
    """Platform time since when new cases begin on it, or began when it was current."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenCases:
    """Cases that have not ended, of one automation and release."""

    automation: str
    release: str
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Unserved:
    """Open cases of a release that no process serves."""

    release: str
    automations: tuple[str, ...]
    cases: int

    @property
    def command(self) -> str:
        """What to type, to serve them."""
        return f"pilotage worker --release {self.release}"
