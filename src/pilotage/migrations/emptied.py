"""A database file that is empty although the platform had data: it must not begin anew as if nothing had been there."""

from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import exc

from pilotage.machinery.storage.failures import DatabaseEmptied


def refuse_emptied(url: str, beside: Sequence[Path]) -> None:
    """Raise DatabaseEmptied (PLT-581) for a SQLite file without a byte, where one of `beside` is there and is not empty.

    A file that is missing is a new database: somebody took it away. One that a process was killed over while it made it
    has nothing beside it.
    """
    try:
        parsed = sa.make_url(url)
    except exc.ArgumentError:
        return  # whoever opens it says so
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database.startswith(":"):
        return
    file = Path(parsed.database)
    if not file.is_file() or file.stat().st_size:
        return
    found = next((one for one in (Path(f"{file}-wal"), *beside) if _holds_something(one)), None)
    if found is not None:
        raise DatabaseEmptied(
            f"The database {file} is empty, and this platform had data: {found} is there.",
            "Something emptied the file. Put a backup back (`pilotage restore`); to begin anew all the same, take the empty "
            "file away.",
        )


def _holds_something(path: Path) -> bool:
    if path.is_dir():
        return any(one.is_file() for one in path.rglob("*"))
    return path.is_file() and path.stat().st_size > 0
