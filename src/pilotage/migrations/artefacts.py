"""The artefacts of releases go with the database that names them: a case ends on the release that it began on."""

from pathlib import Path
from typing import Final

import sqlalchemy as sa

from pilotage.machinery.storage.database import Tx
from pilotage.migrations.packing import Pack, Packer, to_disk
from pilotage.releases.artefact import Artefacts
from pilotage.releases.tables import releases

_PREFIX: Final = "artefacts/"


def add_artefacts(tx: Tx, packer: Packer, folder: Path) -> list[str]:
    """Put the artefact of every release into the pack; the names of releases whose artefact is not there."""
    artefacts, missing = Artefacts(folder=folder / "releases"), list[str]()
    for name, digest in tx.execute(sa.select(releases.c.name, releases.c.digest).order_by(releases.c.name)):
        file = artefacts.file_of(digest)
        if file.is_file():
            packer.file(f"{_PREFIX}{digest}.zip", file)
        else:
            missing.append(name)
    return missing


def put_artefacts(pack: Pack, folder: Path) -> None:
    """Put the artefacts of a pack where they are looked for; one that is there stays."""
    target = Artefacts(folder=folder / "releases")
    for part in pack.parts:
        if not part.startswith(_PREFIX):
            continue
        file = target.file_of(Path(part).stem)
        if file.exists():
            continue
        target.folder.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_name(f".{file.name}.part")
        unfinished.unlink(missing_ok=True)
        pack.extract(part, unfinished)
        unfinished.chmod(0o444)
        unfinished.rename(file)
        to_disk(target.folder)
