"""What the checks read: an automation as its author wrote it, with its process drawn out."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pilotage.authoring.findings import Finding
from pilotage.authoring.flow import Flow
from pilotage.authoring.intake import Source
from pilotage.authoring.people import Role


@dataclass(frozen=True, kw_only=True, slots=True)
class Definition:
    """An automation before it is one."""

    name: str
    line: str
    purpose: str
    owner: Role
    deputy: Role | None
    timezone: str
    flow: Flow
    intake: tuple[Source, ...] = ()


Check = Callable[[Definition], Iterable[Finding]]
