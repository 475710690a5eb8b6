"""What the database's own errors mean to people, where it is known. Codes PLT-930 to PLT-939."""

import sqlite3
from typing import ClassVar, Final

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


class DatabaseEmptied(PilotageError):
    """The database's file is empty although the platform had data."""

    code: ClassVar[str] = "PLT-581"


class OtherTables(PilotageError):
    """The database's tables are not those of this version."""

    code: ClassVar[str] = "PLT-934"


FILE: Final = "pilotage_file"
"""The attribute of an error of SQLite that names the database's file."""

_KNOWN: Final[tuple[tuple[tuple[str, ...], type[PilotageError], str, str], ...]] = (
    (
        ("is full", "no space left"),
        DiskFull,
        "The disk is full",
        "Make room, then do the same again: what was committed is safe.",
    ),
    (
        ("is locked", "is busy"),
        DatabaseBusy,
        "The database is busy",
        "Another process writes to it for long. Try again.",
    ),
    (
        ("not a database", "malformed"),
        DatabaseNotOurs,
        "The file{file} is no sound SQLite database",
        "Name another file, or restore a backup.",
    ),
    (
        ("no such column", "no such table", "has no column", "does not exist", "already exists"),
        OtherTables,
        "The database is of another version of Pilotage",
        "Use the version of Pilotage that made it, or begin with another database.",
    ),
    (
        ("unable to open", "readonly", "read-only", "disk i/o error"),
        DatabaseAway,
        "The database cannot be used",
        "See that the file and its folder can be written, and that the disk is sound.",
    ),
)
"""What the database says in lower case, what that is, and what to do about it; the first that fits."""


def in_plain_words(error: BaseException) -> PilotageError | None:
    """The error as a small manual page, or None where we do not know it."""
    if isinstance(error, exc.ArgumentError | exc.NoSuchModuleError):
        return DatabaseNotOurs(
            f"The database's address cannot be understood: {error}.",
            "Write sqlite:///PATH or postgresql://USER@HOST/NAME into PILOTAGE_DATABASE_URL.",
        )
    if not isinstance(error, exc.DBAPIError):
        return None
    said = (str(error.orig).strip() or type(error.orig).__name__).splitlines()[0]
    for words, kind, what, remedy in _KNOWN:
        if any(word in said.lower() for word in words):
            file = getattr(error.orig, FILE, None)
            return kind(f"{what.format(file=f' {file}' if file else '')}: {said}.", remedy)
    if isinstance(error, exc.OperationalError | exc.InterfaceError) and not isinstance(error.orig, sqlite3.Error):
        return DatabaseAway(
            f"The database does not answer: {said}.", "See that it runs and that PILOTAGE_DATABASE_URL is right."
        )
    return None
