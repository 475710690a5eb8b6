"""An event: who did what, to what, in plain words and as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

Detail: TypeAlias = str | int | float | bool | None

PROCESS = "process"
"""How a process is known that acts by itself: nobody stands behind it but whoever started it."""

TOLD = "a name that was given, not verified"
"""How somebody is known whom only the caller names."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One act, as it stands in the audit trail for good. It holds no value of a secret and no content of a record."""

    kind: str
    """Subject and act: "secret.rotated"."""
    subject: str
    """What it was done to: "secret payments-token"."""
    said: str
    """The same as a sentence for people."""
    by: str
    known: str
    """How it is known that it was they."""
    details: Mapping[str, Detail] = field(default_factory=dict[str, Detail])
