"""The contents of the file store go with the database that refers to them."""

from pathlib import Path
from typing import Final

from pilotage.machinery.contents import store
from pilotage.machinery.contents.files import Contents
from pilotage.machinery.storage.database import Tx
from pilotage.migrations.packing import Pack, Packer

_PREFIX: Final = "contents/"


def add_contents(tx: Tx, packer: Packer, contents: Contents) -> int:
    """Put every content that somebody needs into the pack; how many are not there."""
    missing = 0
    for digest, _ in store.every(tx):
        file = contents.path(digest)
        if file is None:
            missing += 1
        else:
            packer.file(f"{_PREFIX}{digest}", file)
    return missing


def put_contents(pack: Pack, contents: Contents) -> None:
    """Put the contents of a pack into the file store; one that is there and sound stays. Raises PLT-501."""
    for part in pack.parts:
        digest = part.removeprefix(_PREFIX)
        if not part.startswith(_PREFIX) or contents.is_sound(digest):
            continue
        unfinished: Path = contents.unfinished()
        try:
            pack.extract(part, unfinished)
            contents.take_over(unfinished, digest)
        finally:
            unfinished.unlink(missing_ok=True)
