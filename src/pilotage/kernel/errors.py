"""The root of every error that Pilotage raises on purpose: a small manual page."""

from typing import ClassVar


class PilotageError(Exception):
    """Something went wrong in a way that we know, and there is something to do about it.

    A subclass gives its stable `code` (one range for each subject) and whether trying again may help. `what` says what
    happened and where, `remedy` what to do next; both are sentences for the person who reads them at 11pm.
    """

    code: ClassVar[str] = "PLT-000"
    retryable: ClassVar[bool] = False

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.code}  {self.what}\n         {self.remedy}"


class UsuallyRemedied(Exception):
    """What makes an error say its usual remedy, unless it is given another one. It stands before `PilotageError`."""

    usual_remedy: ClassVar[str]

    def __init__(self, what: str, /, remedy: str | None = None) -> None:
        super().__init__(what, self.usual_remedy if remedy is None else remedy)


class NotADuration(PilotageError):
    """A text that should say how long something takes does not."""

    code = "PLT-144"


class UnknownName(PilotageError):
    """A name was given that nothing here has; the nearest names are in the remedy."""

    code = "PLT-001"


class ProjectMissing(PilotageError):
    """No Pilotage project was found where one was looked for."""

    code = "PLT-002"
