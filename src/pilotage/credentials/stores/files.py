"""Values in files: one file for each secret, for the eyes of its owner alone."""

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pilotage.credentials.errors import SecretMissing, SecretUnusable
from pilotage.credentials.values import Found, SecretValue, Source
from pilotage.kernel.errors import PilotageError

_MOST: Final = 64 * 1024
"""Bytes; a longer file is no credential but a mistake."""


@dataclass(frozen=True, kw_only=True)
class FileStore:
    """The project's `.pilotage/secrets/<environment>`."""

    folder: Path

    def find(self, name: str) -> Found | None:
        """The value, or None where there is no file of that name."""
        path = self.folder / name
        if not is_file_name(name) or not path.exists():
            return None
        if os.name == "posix" and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise SecretUnusable(f'The secret "{name}" lies in {path}, which others may read.', f"chmod 600 {path}")
        value, at = read_file(name, path), written_at(path)
        return Found(value=value, source=Source.PROJECT_FILE, set_at=at, version=str(at or ""))

    def values(self) -> list[SecretValue]:
        """Every value that can be read here, to look for it elsewhere."""
        files = sorted(self.folder.iterdir()) if self.folder.is_dir() else ()
        found: list[SecretValue] = []
        for file in files:
            with suppress(PilotageError):  # a file that holds no value is told where it is asked for
                if file.is_file() and (value := read_file(file.name, file)).reveal().strip():
                    found.append(value)
        return found

    def ways(self, name: str) -> str:
        """How it is set here."""
        return f"write it to {self.folder / name} (readable by its owner alone)"


def is_file_name(name: str) -> bool:
    """Whether a name leads to no other folder."""
    return name == Path(name).name and name not in {"", ".", ".."}


def written_at(path: Path) -> int | None:
    """When the file was written last, in microseconds since 1970."""
    try:
        return path.stat().st_mtime_ns // 1000
    except OSError:
        return None


# Some tracebacks show local variables, so nothing is raised where a plain value is one: it is masked first.


def read_file(name: str, path: Path) -> SecretValue:
    """The value in a file. Raises SecretMissing (PLT-231) and SecretUnusable (PLT-232)."""
    try:
        value = _content(name, path)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SecretMissing(
            f'The secret "{name}" is said to be in {path}, which cannot be read: {reason}.',
            "Correct the path, or let this process read the file.",
        ) from None
    if value is None:
        raise SecretUnusable(
            f'What is in {path} is no value for the secret "{name}": it is no UTF-8 text, or longer than {_MOST} bytes.',
            "Name the right file, and write it as plain text.",
        )
    return value


def _content(name: str, path: Path) -> SecretValue | None:
    with path.open("rb") as file:
        data = file.read(_MOST + 1)
    if len(data) > _MOST:
        return None
    text = data.decode("utf-8", errors="replace")
    return None if "\N{REPLACEMENT CHARACTER}" in text else SecretValue(name, text.rstrip("\r\n"))
