"""How a help desk is set up, and where one that runs is found."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pilotage.examples.tickets.helpdesk.faults import Fault
from pilotage.examples.tickets.helpdesk.quota import Quota


def _new_token() -> str:
    return secrets.token_urlsafe(24)


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What a help desk needs to run. Port 0 is any that is free; tokens are made up unless given."""

    log: Path
    port: int = 0
    token: str = field(default_factory=_new_token, repr=False)
    admin_token: str = field(default_factory=_new_token, repr=False)
    quota: Quota = field(default_factory=Quota)
    detect_duplicates: bool = True
    faults: Sequence[Fault] = ()


@dataclass(frozen=True, kw_only=True)
class Running:
    """Where a help desk that runs is found."""

    url: str
    token: str = field(repr=False)
    admin_token: str = field(repr=False)
    log: Path
    pid: int
