"""What can go wrong with cases. Codes PLT-201 to PLT-219, with documents 344 and 345, with records of programs 394 and 395."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pilotage.authoring.failures import TransientFailure
from pilotage.kernel.errors import PilotageError


class NoSuchCase(PilotageError):
    """There is no case of that id or key."""

    code = "PLT-201"


class CaseHasEnded(PilotageError):
    """The case is done, handed over or withdrawn: nothing more can happen to it."""

    code = "PLT-202"


class AnswerDoesNotFit(PilotageError):
    """A person's value does not keep the contract of the step that it stands for."""

    code = "PLT-204"


class NothingToReplay(PilotageError):
    """The filter names no dead letter."""

    code = "PLT-205"


class NoSuchRecord(PilotageError):
    """There is no record of that number in quarantine."""

    code = "PLT-206"


class StillBroken(PilotageError):
    """A corrected record still breaks its contract."""

    code = "PLT-207"


class UnknownScope(PilotageError):
    """A hold names something that does not exist."""

    code = "PLT-208"


class SubmissionChanged(PilotageError):
    """A file changed since its reading was interrupted."""

    code = "PLT-209"


class FileOfReleaseMissing(PilotageError):
    """A file that the release needs (a model, a table) is not where it should be."""

    code = "PLT-203"


class IntakePaused(PilotageError):
    """There is no room for more: as many cases are open as may be, or the disk is nearly full."""

    code = "PLT-211"
    retryable = True


class IntakeHeld(PilotageError):
    """Intake is on hold."""

    code = "PLT-210"
    retryable = True


class RecordsRefused(PilotageError):
    """A program sent records that break their contract; nothing of the request was taken."""

    code = "PLT-394"
    faults: Sequence[Mapping[str, object]] = ()
    """The records, the fields and the reasons."""


class KeyTaken(PilotageError):
    """A program sent a record whose key came before with other content; nothing of the request was taken."""

    code = "PLT-395"
    faults: Sequence[Mapping[str, object]] = ()


class ContentNotThere(TransientFailure):
    """A document of a case is not in the file store now, as this machine sees it."""

    code: ClassVar[str] = "PLT-344"


class TakesNoDocument(PilotageError):
    """A file was submitted that is no table, to an automation whose records are more than one document."""

    code = "PLT-345"
