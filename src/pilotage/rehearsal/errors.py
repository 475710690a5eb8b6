"""The errors of rehearsals. Codes PLT-270 to PLT-279."""

from typing import Final

from pilotage.kernel.errors import PilotageError


class NothingToRehearse(PilotageError):
    """There is no record to rehearse with: no stored case that is meant, or a file without a record that can be read."""

    code = "PLT-270"


class NothingGetsOut(PilotageError):
    """Code that is rehearsed tried to open a socket or to start a process, and was refused."""

    code = "PLT-271"


class SecretWithheld(PilotageError):
    """The value of a secret was asked for in a rehearsal, which holds none."""

    code = "PLT-272"


class AnswersUnreadable(PilotageError):
    """A line of the file of recorded answers cannot be understood."""

    code = "PLT-273"


class NotAFake(PilotageError):
    """What [tool.pilotage.fakes] names is not there, or cannot answer for a connection."""

    code = "PLT-274"


class RehearsalEnded(PilotageError):
    """The process of the rehearsal ended before it had told what became of the records."""

    code = "PLT-275"


class CodeDoesNotLoad(PilotageError):
    """The code that was to be rehearsed could not be imported."""

    code = "PLT-276"


class ToldByTheRehearsal(PilotageError):
    """An error of the rehearsal's process, with the code that it has there."""

    code = "PLT-277"

    def __init__(self, what: str, remedy: str, code: str) -> None:
        super().__init__(what, remedy)
        self.code: Final = code  # type: ignore[misc]  # of the error that was told
