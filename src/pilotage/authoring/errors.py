"""What a running step may do wrong: errors of range PLT-19x that the runtime raises with the words of the catalogue."""

from typing import ClassVar

from pilotage.authoring.codes import CODES
from pilotage.authoring.effects import CalledDirectly
from pilotage.authoring.settings import UsedOutside
from pilotage.kernel.errors import PilotageError

__all__ = ["CalledDirectly", "ConnectionNotNamed", "UsedOutside", "WrongNumberOfResults"]


class ConnectionNotNamed(PilotageError):
    """A step called a connection that it does not name in through=."""

    code: ClassVar[str] = "PLT-192"

    def __init__(self, step: str, connection: str) -> None:
        words = CODES[self.code]
        super().__init__(f"{step} {words.message.format(connection=connection)}", words.remedy)


class WrongNumberOfResults(PilotageError):
    """A batch step did not give one result for each case."""

    code: ClassVar[str] = "PLT-193"

    def __init__(self, step: str, taken: int, given: int) -> None:
        words = CODES[self.code]
        super().__init__(f"{step} {words.message.format(taken=taken, given=given)}", words.remedy)
