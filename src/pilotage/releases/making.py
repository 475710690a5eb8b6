"""Freezing the working directory: survey, copy, load from the copy alone, pack."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, cast

from pilotage.releases.artefact import Artefacts, copy_in
from pilotage.releases.asking import Child
from pilotage.releases.digest import as_bytes, digest_of
from pilotage.releases.errors import FileMissing, NothingToRelease, ReleaseDoesNotLoad
from pilotage.releases.gathering import Gathered, Module, Survey, gather
from pilotage.releases.loading import this_python
from pilotage.releases.values import Manifest, Requirements

_OF_THE_ENVIRONMENT: Final = {"settings", "database"}
"""What [tool.pilotage] says of an environment; the same release goes from one to the next."""


@dataclass(frozen=True, kw_only=True)
class Frozen:
    """A release that was packed."""

    digest: str
    manifest: Manifest
    artefact: Path
    outlines: Mapping[str, object]
    """The outline of each automation, by its name."""
    strangers: tuple[str, ...]
    """Modules that it loads from folders which are neither the project's nor those of installed packages."""


def freeze(root: Path, automations: Sequence[str], artefacts: Artefacts) -> Frozen:
    """Freeze the working directory's project, and prove that it loads from what was frozen, without anything beside it.

    Raises NothingToRelease (PLT-601), FileLeadsOutside (PLT-602), FileMissing (PLT-603), ReleaseTooLarge (PLT-604) and
    ReleaseDoesNotLoad (PLT-605).
    """
    if not automations:
        raise NothingToRelease(
            f"{root / 'pyproject.toml'} names no automation.", 'Write [tool.pilotage] automations = ["module:name"].'
        )
    table = _table(root)
    gathered = gather(root, table, _survey(root, automations))
    with artefacts.freezing() as folder:
        manifest = _copy(gathered, folder, tuple(automations), table)
        said = _load(root, folder, manifest)
        manifest = replace(
            manifest,
            requirements=replace(manifest.requirements, installed=cast("Mapping[str, str]", said["installed"])),
        )
        return Frozen(
            digest=digest_of(manifest),
            manifest=manifest,
            artefact=artefacts.pack(folder, manifest),
            outlines=cast("Mapping[str, object]", said["outlines"]),
            strangers=tuple(cast("Sequence[str]", said["strangers"])),
        )


def _table(root: Path) -> dict[str, object]:
    data = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    table: Mapping[str, object] = data.get("tool", {}).get("pilotage", {})
    return {name: _plain(value) for name, value in table.items() if name not in _OF_THE_ENVIRONMENT}


def _plain(value: object) -> object:
    """TOML as JSON: its dates and times as text."""
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in cast("dict[object, object]", value).items()}
    if isinstance(value, list):
        return [_plain(one) for one in cast("list[object]", value)]
    return value if isinstance(value, str | int | float | bool) else str(value)


def _survey(root: Path, automations: Sequence[str]) -> Survey:
    with Child(root) as child:
        said = _fine(child.ask({"do": "survey", "root": str(root), "automations": list(automations)}), root)
    return Survey(
        modules=tuple(
            Module(name=name, file=file, folders=tuple(folders))
            for name, file, folders in cast("list[tuple[str, str | None, list[str]]]", said["modules"])
        ),
        artifacts=tuple((file, folder) for file, folder in cast("list[tuple[str, str]]", said["artifacts"])),
    )


def _copy(gathered: Gathered, folder: Path, automations: tuple[str, ...], table: Mapping[str, object]) -> Manifest:
    try:
        files = tuple(copy_in(source, folder, path) for path, source in sorted(gathered.files.items()))
    except FileNotFoundError as error:
        raise FileMissing(f"{error.filename} went away while it was frozen.", "Release again.") from error
    lock = next((file for file in files if file.path == gathered.lock), None)
    return Manifest(
        automations=automations,
        roots=tuple(sorted(gathered.roots, key=lambda root: (root == "", root))),
        examples=tuple(gathered.examples),
        python=this_python(),
        requirements=Requirements(lock=lock.path if lock else None, lock_sha256=lock.sha256 if lock else None),
        table=table,
        files=files,
    )


def _load(root: Path, folder: Path, manifest: Manifest) -> Mapping[str, object]:
    request = {
        "do": "load",
        "release": "it",
        "folder": str(folder),
        "root": str(root),
        "manifest": as_bytes(manifest).decode(),
    }
    with Child(folder) as child:
        return _fine(child.ask(request), folder)


def _fine(said: Mapping[str, object], where: Path) -> Mapping[str, object]:
    if "error" not in said:
        return said
    error = cast("Mapping[str, str]", said["error"])
    line = error.get("line", "").removeprefix(f"{where}/")
    remedy = error["remedy"] or (
        "See that `pilotage check` finds nothing; and what the code reads beside itself, such as a module that is "
        "imported late or a file, must be named: [tool.pilotage] include = [...]."
    )
    raise ReleaseDoesNotLoad(f"The project does not load{f' ({line})' if line else ''}: {error['what']}", remedy)
