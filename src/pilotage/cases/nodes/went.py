"""Where a case goes from a node."""

from typing import TypeAlias

from pilotage.cases.leaving import Leaving

Went: TypeAlias = str | Leaving | None
"""The next node's name, None for the end, or the way in which the case leaves its batch."""
