"""What can be wrong with a file as a whole. One broken record is no error: see `values.Broken`."""

from pilotage.kernel.errors import PilotageError


class SourceError(PilotageError):
    """A file with records cannot be read, or not read on."""

    code = "PLT-301"


class SourceMissing(SourceError):
    """There is no file of that name; the nearest names in the folder are in the remedy."""

    code = "PLT-302"


class SourceNotAFile(SourceError):
    """A folder, a pipe or a device was given where a file was expected."""

    code = "PLT-303"


class SourceNotAllowed(SourceError):
    """The file is there, and this user may not read it."""

    code = "PLT-304"


class SourceUnreadable(SourceError):
    """The operating system failed to read the file."""

    code = "PLT-305"
    retryable = True


class SourceEmpty(SourceError):
    """The file holds nothing at all, so that something before it has gone wrong."""

    code = "PLT-306"


class WrongForm(SourceError):
    """The file is not of the form that its name or the caller says, or of none that can be read."""

    code = "PLT-307"


class WrongEncoding(SourceError):
    """The encoding is unknown, unusable, or not the file's."""

    code = "PLT-308"


class WrongDelimiter(SourceError):
    """What was said to separate the columns cannot separate columns."""

    code = "PLT-309"


class HeaderMissing(SourceError):
    """The first line holds no column names."""

    code = "PLT-310"


class HeaderUnreadable(SourceError):
    """The first line cannot be read, and without it no record has fields."""

    code = "PLT-311"


class HeaderRepeats(SourceError):
    """Two columns have the same name, so that one would hide the other."""

    code = "PLT-312"


class ColumnsMissing(SourceError):
    """The header lacks columns that are needed."""

    code = "PLT-313"


class SourceChanged(SourceError):
    """The file is not the one that was read before, so that reading on would mix two files."""

    code = "PLT-314"


class SourceChangedMeanwhile(SourceError):
    """The file was written to, cut off or replaced while it was read."""

    code = "PLT-315"
    retryable = True


class SourceVanished(SourceError):
    """The file was deleted or moved away while it was read."""

    code = "PLT-316"
    retryable = True


class NotABoundary(SourceError):
    """Reading was to go on in the middle of a record."""

    code = "PLT-317"


class WorkbookTooLarge(SourceError):
    """A workbook is read as a whole, and this one would take too much memory."""

    code = "PLT-318"


class WorkbookUnreadable(SourceError):
    """The workbook is damaged or protected by a password."""

    code = "PLT-319"


class SheetUnclear(SourceError):
    """It is not clear which sheet of the workbook holds the records, or it has none of that name."""

    code = "PLT-320"
