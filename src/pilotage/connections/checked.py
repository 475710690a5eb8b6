"""What came of a contract check, as it is kept in the connection's row. Pure."""

from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict

TAKEN: Final = 60_000_000
"""How long nobody else makes a check that somebody makes; and when one is tried again for which there was no room."""


class Result(StrEnum):
    """What came of a contract check."""

    HOLDS = "holds"
    DIFFERS = "answers differently"
    REFUSED = "refused us"
    DOWN = "down"
    BUSY = "no room"
    """Within the limits there was none, or the other side said so; nothing is known."""
    NOT_ASKED = "not asked"
    """Something is missing here: a secret, a setting, an address that is allowed."""

    @property
    def broken(self) -> bool:
        """Whether somebody must look at it."""
        return self not in {Result.HOLDS, Result.BUSY}


class Checked(BaseModel):
    """A check, as it was made last."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    due: int = 0
    at: int = 0
    """When it was made last; 0: never."""
    since: int = 0
    """Since when it comes out like this."""
    result: Result | None = None
    words: str = ""

    def taken(self, now: int) -> "Checked":
        """Somebody makes it now."""
        return self.model_copy(update={"due": now + TAKEN})

    def found(self, result: Result, words: str, now: int, *, every: int) -> "Checked":
        """It was made; one for which there was no room says nothing, and is made again soon."""
        if result is Result.BUSY:
            return self.model_copy(update={"due": now + TAKEN})
        since = self.since if result is self.result else now
        return Checked(due=now + every, at=now, since=since, result=result, words=words)
