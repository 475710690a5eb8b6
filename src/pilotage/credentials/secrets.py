"""Gives the values of secrets by name, from the environment or from files.

This is the first form. The encrypted store, vaults, grants and rotation come later and stand behind the same two verbs:
`held` gives the value that this process holds, `read_again` goes back to the source.
"""

import os
import stat
import threading
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from pilotage.credentials.errors import SecretMissing, SecretUnusable
from pilotage.credentials.values import Release, SecretValue, Source

_MOST: Final = 64 * 1024
"""Bytes; a longer file is no credential but a mistake."""
_REMEMBERED: Final = 64
"""Replaced values that answers still on their way may echo."""


def environment_name(name: str) -> str:
    """The environment variable that gives `helpdesk-token` its value: HELPDESK_TOKEN."""
    return "".join(sign if sign.isalnum() else "_" for sign in name).upper()


class Secrets:
    """The secrets of one environment, as this process holds them.

    `folder` is the project's `.pilotage/secrets/<environment>`; each value lies in a file that its owner alone may read.
    `released` is told of every value that is released to this process.
    """

    def __init__(
        self,
        environment: str,
        *,
        folder: Path | None,
        variables: Mapping[str, str] | None = None,
        released: Callable[[Release], None] | None = None,
    ) -> None:
        self._environment = environment
        self._folder = folder
        self._variables: Mapping[str, str] = os.environ if variables is None else variables
        self._released = released
        self._held: dict[str, SecretValue] = {}
        self._earlier: deque[SecretValue] = deque(maxlen=_REMEMBERED)
        self._lock = threading.Lock()

    def held(self, name: str) -> SecretValue:
        """The value that this process holds; it is read when it is asked for first."""
        found = self._held.get(name)
        return found if found is not None else self._read(name, again=False)

    def read_again(self, name: str) -> SecretValue:
        """The value as its source gives it now; held from here on."""
        return self._read(name, again=True)

    def known(self) -> list[SecretValue]:
        """Every value that this process holds or held lately, to take them out of what is kept."""
        with self._lock:
            return [*self._held.values(), *self._earlier]

    def _read(self, name: str, *, again: bool) -> SecretValue:
        with self._lock:
            value, source = self._find(name)
            _refuse_unusable(value, source)
            if self._released is not None:
                self._released(Release(name=name, environment=self._environment, source=source, again=again))
            before = self._held.get(name)
            if before is not None and before != value:
                self._earlier.append(before)
            self._held[name] = value
            return value

    def _find(self, name: str) -> tuple[SecretValue, Source]:
        variable = environment_name(name)
        if variable in self._variables:
            return _masked(name, self._variables[variable]), Source.ENVIRONMENT
        if named := self._variables.get(f"{variable}_FILE"):
            return _file(name, Path(named)), Source.FILE_NAMED_BY_ENVIRONMENT
        if self._folder is not None and _is_file_name(name) and (self._folder / name).exists():
            return _private_file(name, self._folder / name), Source.PROJECT_FILE
        raise SecretMissing(
            f'The secret "{name}" has no value in the environment "{self._environment}".',
            f"Set {variable}, or {variable}_FILE to the path of a file that holds it"
            + (f", or write it to {self._folder / name} (readable by its owner alone)." if self._folder else "."),
        )


def _is_file_name(name: str) -> bool:
    return name == Path(name).name and name not in {"", ".", ".."}


# Some tracebacks show local variables, so nothing is raised where a plain value is one: it is masked first.


def _masked(name: str, text: str) -> SecretValue:
    return SecretValue(name, text.rstrip("\r\n"))


def _file(name: str, path: Path) -> SecretValue:
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
    return None if "\N{REPLACEMENT CHARACTER}" in text else _masked(name, text)


def _private_file(name: str, path: Path) -> SecretValue:
    if os.name == "posix" and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SecretUnusable(f'The secret "{name}" lies in {path}, which others may read.', f"chmod 600 {path}")
    return _file(name, path)


def _refuse_unusable(value: SecretValue, source: Source) -> None:
    if not value.reveal().strip():
        raise SecretUnusable(f'The secret "{value.name}" is empty ({source.value}).', "Set its value.")
    if not (value.reveal().isascii() and value.reveal().isprintable()):
        raise SecretUnusable(
            f'The secret "{value.name}" has letters that cannot be sent in a header ({source.value}).',
            "A credential is printable ASCII in one line; look for a line break or a quotation mark copied along.",
        )
