"""Writes a first project: all of it or nothing, and over nothing that is there."""

import os
import secrets
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from jinja2 import Environment, StrictUndefined

from pilotage.examples.starter.errors import FolderInUse
from pilotage.examples.starter.naming import package_of, refuse_wrong_name

TEMPLATES: Final = Path(__file__).parent / "project"
_SECRET: Final = ".pilotage/secrets/dev/payments-token"  # noqa: S105 - where it lies
_PORTS: Final = range(20_000, 32_000)
"""Below those that systems hand out for a moment."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """A project that was made."""

    folder: Path
    name: str
    package: str
    files: tuple[str, ...]
    """Below the folder, in order; without the secret."""


def write_project(name: str, folder: Path, *, today: date) -> Written:
    """Make the project `name` in `folder`. Raises NotAProjectName (PLT-940) and FolderInUse (PLT-941)."""
    refuse_wrong_name(name)
    folder = folder.absolute()
    _refuse_what_is_there(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=folder.parent))
    try:
        files = tuple(_fill(building, name, port=port_of(folder), today=today))
        building.chmod(0o777 & ~_umask())
        _put(building, folder)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    return Written(folder=folder, name=name, package=package_of(name), files=files)


def port_of(folder: Path) -> int:
    """Where the project's payment service listens: the same port every time, and another one for another folder."""
    return _PORTS[zlib.crc32(str(folder).encode()) % len(_PORTS)]


def _fill(building: Path, name: str, *, port: int, today: date) -> Iterator[str]:
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)  # noqa: S701 - no page
    facts = {"name": name, "package": package_of(name), "port": port, "today": today}
    for template in sorted(TEMPLATES.rglob("*.jinja")):
        place = str(template.relative_to(TEMPLATES)).removesuffix(".jinja")
        place = place.replace("package/", f"{facts['package']}/").replace("gitignore", ".gitignore")
        file = building / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(environment.from_string(template.read_text(encoding="utf-8")).render(facts), encoding="utf-8")
        yield place
    secret = building / _SECRET
    secret.parent.mkdir(parents=True)
    secret.touch(mode=0o600)
    secret.write_text(secrets.token_urlsafe(24), encoding="utf-8")


def _refuse_what_is_there(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        return
    if folder.exists() or folder.is_symlink():
        what = "has files in it" if folder.is_dir() else "is there already"
        raise FolderInUse(f"{folder} {what}, and nothing is written over.", "Choose another name, or --folder PATH.")


def _put(building: Path, folder: Path) -> None:
    """In one step where nothing is there; into an empty folder, in which somebody may stand, piece by piece."""
    if not folder.exists():
        building.rename(folder)
        return
    for entry in sorted(building.iterdir()):
        _refuse_what_is_there(folder / entry.name)
        entry.rename(folder / entry.name)
    building.rmdir()


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
