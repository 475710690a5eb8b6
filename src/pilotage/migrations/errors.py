"""What stands in the way of carrying a platform away, or of putting it back. Codes PLT-500 to PLT-519."""

from typing import ClassVar

from pilotage.kernel.errors import PilotageError


class FileIsThere(PilotageError):
    """A file of that name is there already, and is not written over."""

    code: ClassVar[str] = "PLT-500"


class NotAsWritten(PilotageError):
    """A file is none of ours, ends too early, or has been altered since it was written."""

    code: ClassVar[str] = "PLT-501"


class OtherRevision(PilotageError):
    """A file was written by a version of Pilotage whose tables have another form."""

    code: ClassVar[str] = "PLT-502"


class WorkersLive(PilotageError):
    """A process still works on the database."""

    code: ClassVar[str] = "PLT-503"
    retryable: ClassVar[bool] = True


class EffectsOnTheirWay(PilotageError):
    """Effects were being sent when their process ended, and nobody has looked yet what became of them."""

    code: ClassVar[str] = "PLT-504"
    retryable: ClassVar[bool] = True


class DatabaseNotEmpty(PilotageError):
    """The database holds something already."""

    code: ClassVar[str] = "PLT-505"


class OtherEnvironment(PilotageError):
    """A file is of another environment than this one."""

    code: ClassVar[str] = "PLT-506"


class NotHere(PilotageError):
    """It is done with the tools of PostgreSQL, or with `pilotage export`."""

    code: ClassVar[str] = "PLT-507"


class CannotBeTaken(PilotageError):
    """A row of the file does not fit into this kind of database."""

    code: ClassVar[str] = "PLT-508"


class DatabaseInUse(PilotageError):
    """Another process has the file of the database open."""

    code: ClassVar[str] = "PLT-509"
    retryable: ClassVar[bool] = True
