"""What the database's own errors mean to people, where it is known. Codes PLT-930 to PLT-939."""

from typing import ClassVar

from sqlalchemy import exc

from pilotage.kernel.errors import PilotageError


class DatabaseAway(PilotageError):
    """The database cannot be reached, or stopped answering."""

    code: ClassVar[str] = "PLT-930"
    retryable: ClassVar[bool] = True


class DiskFull(PilotageError):
    """The disk that the database lies on is full."""

    code: ClassVar[str] = "PLT-931"
    retryable: ClassVar[bool] = True


class DatabaseBusy(PilotageError):
    """Another process has held the database's write lock for too long."""

    code: ClassVar[str] = "PLT-932"
    retryable: ClassVar[bool] = True


class DatabaseNotOurs(PilotageError):
    """The address or the file is no database that Pilotage can use."""

    code: ClassVar[str] = "PLT-933"


class OtherTables(PilotageError):
    """The database's tables are not those of this version."""

    code: ClassVar[str] = "PLT-934"


def in_plain_words(error: BaseException) -> PilotageError | None:
    """The error as a small manual page, or None where we do not know it."""
    if isinstance(error, exc.ArgumentError | exc.NoSuchModuleError):
        return DatabaseNotOurs(
            f"The database's address cannot be understood: {error}.",
            "Write sqlite:///PATH or postgresql://USER@HOST/NAME into PILOTAGE_DATABASE_URL.",
        )
    if not isinstance(error, exc.DBAPIError):
        return None
    said = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error.orig).__name__
    lowered = said.lower()
    if "full" in lowered or "no space left" in lowered:
        return DiskFull(f"The disk is full: {said}.", "Make room, then do the same again: what was committed is safe.")
    if "locked" in lowered or "busy" in lowered:
        return DatabaseBusy(f"The database is busy: {said}.", "Another process writes to it for long. Try again.")
    if any(words in lowered for words in ("no such column", "no such table", "has no column", "does not exist")):
        remedy = "Use the version of Pilotage that made it, or begin with another database."
        return OtherTables(f"The database is of another version of Pilotage: {said}.", remedy)
    if "not a database" in lowered or "malformed" in lowered:
        return DatabaseNotOurs(
            f"The file is no sound SQLite database: {said}.", "Name another file, or restore a backup."
        )
    if isinstance(error, exc.OperationalError | exc.InterfaceError):
        return DatabaseAway(
            f"The database does not answer: {said}.", "See that it runs and that PILOTAGE_DATABASE_URL is right."
        )
    return None
