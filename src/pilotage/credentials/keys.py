"""The key that lies outside of the database: in a file of the project, or given by the environment."""

import base64
import binascii
import hashlib
import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pilotage.credentials.envelope import Keys
from pilotage.credentials.errors import KeyMissing

_BYTES: Final = 32
VARIABLE: Final = "PILOTAGE_KEY"
FILE_VARIABLE: Final = "PILOTAGE_KEY_FILE"


@dataclass(frozen=True, kw_only=True)
class KeyRing:
    """Where the keys of one environment are looked for.

    A file has one key a line; a variable has them with commas between them. The first one wraps, the others only open.
    """

    file: Path
    variables: Mapping[str, str] = field(repr=False)

    @property
    def place(self) -> Path | None:
        """The file that counts; None where a variable holds the key itself."""
        if VARIABLE in self.variables:
            return None
        return Path(self.variables[FILE_VARIABLE]) if FILE_VARIABLE in self.variables else self.file

    def read(self) -> Keys | None:
        """The keys; None where there are none. Raises KeyMissing (PLT-233)."""
        place = self.place
        if place is None:
            found = _keys(self.variables[VARIABLE].split(","))
            where = VARIABLE
        elif not place.exists() and place == self.file:
            return None
        else:
            _refuse_open(place)
            found = _keys(_lines(place))
            where = str(place)
        if found is None:
            raise KeyMissing(
                f"{where} holds no key: a key is {_BYTES} bytes in base64.",
                "Give it as `pilotage secret init` wrote it.",
            )
        return found

    def need(self) -> Keys:
        """The keys. Raises KeyMissing (PLT-233) where there are none."""
        found = self.read()
        if found is None:
            raise KeyMissing(
                f"The local store has no key here: {self.file} does not exist.",
                f"Make one: pilotage secret init. Or bring the one of this environment here, as {self.file} or in {VARIABLE}.",
            )
        return found

    def not_here(self, sealed: Mapping[str, int]) -> KeyMissing:
        """The error where values are sealed with keys that are not here; `sealed` says how many with each."""
        count, one = sum(sealed.values()), len(sealed) == 1
        keys = f"the key{'' if one else 's'} {', '.join(sealed)}, which {'is' if one else 'are'} not here"
        what = f"{count} {'value is' if count == 1 else 'values are'} sealed with {keys}."
        place = self.place
        if place is not None and not place.exists():
            return KeyMissing(
                what,
                f"Bring that key file to {place}; or, if it is lost, `pilotage secret init --new` makes another one and those "
                "values have to be set anew.",
            )
        there = VARIABLE if place is None else place
        return KeyMissing(
            what,
            f"Add that key to {there}, behind the one that is there; or, if it is lost, set those values anew with "
            "`pilotage secret set`, or take them out with `pilotage secret forget`.",
        )

    def write(self, keys: Keys) -> None:
        """Write the file of the keys, the current one first."""
        place = self.place
        assert place is not None
        order = [keys.current, *(name for name in keys.known if name != keys.current)]
        _write(place, order, keys)


def fresh(before: Keys | None) -> Keys:
    """A new current key, in front of those there were."""
    made = secrets.token_bytes(_BYTES)
    return Keys(current=name_of(made), known={name_of(made): made, **(before.known if before is not None else {})})


def alone(keys: Keys) -> Keys:
    """The current key without the older ones."""
    return Keys(current=keys.current, known={keys.current: keys.known[keys.current]})


def name_of(key: bytes) -> str:
    """What a key is called where it may be seen; nothing of the key can be learned from it."""
    return hashlib.sha256(b"pilotage key name|" + key).hexdigest()[:12]


def _write(place: Path, order: list[str], keys: Keys) -> None:
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = place.with_name(f".{place.name}.part")
    part.unlink(missing_ok=True)
    number = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(number, "wb") as out:
        for name in order:
            out.write(base64.b64encode(keys.known[name]) + b"\n")
        out.flush()
        os.fsync(out.fileno())
    part.replace(place)


def _refuse_open(place: Path) -> None:
    if not place.exists():
        raise KeyMissing(f"{FILE_VARIABLE} names {place}, which does not exist.", "Correct the path.")
    if os.name == "posix" and place.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyMissing(f"Others may read {place}, which holds the key of the local store.", f"chmod 600 {place}")


def _lines(place: Path) -> list[str]:
    return place.read_text(encoding="ascii", errors="replace").splitlines()


def _keys(texts: list[str]) -> Keys | None:
    try:
        found = [base64.b64decode(text.strip(), validate=True) for text in texts if text.strip()]
    except (binascii.Error, ValueError):
        return None
    if not found or any(len(key) != _BYTES for key in found):
        return None
    return Keys(current=name_of(found[0]), known={name_of(key): key for key in found})
