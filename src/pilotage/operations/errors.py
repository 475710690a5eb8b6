"""What stands in the way of archives and of erasing. Codes PLT-520 to PLT-539."""

from typing import ClassVar

from pilotage.kernel.errors import PilotageError


class ArchiveInTheWay(PilotageError):
    """The file that an archive should be written to is there already, or what was written of it is gone."""

    code: ClassVar[str] = "PLT-520"


class ArchiveAltered(PilotageError):
    """A file is no archive, or is not as it was written."""

    code: ClassVar[str] = "PLT-521"


class ArchiveOfAnother(PilotageError):
    """An archive was not written by this database, or is back in it already."""

    code: ClassVar[str] = "PLT-522"


class NotSettled(PilotageError):
    """A record cannot be erased while something may still become of it."""

    code: ClassVar[str] = "PLT-523"


class ArchiveNeeded(PilotageError):
    """A record is in an archive, and is erased there."""

    code: ClassVar[str] = "PLT-524"
