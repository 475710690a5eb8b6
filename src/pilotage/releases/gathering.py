"""Which files of a project a release is made of.

Its modules and packages with all that lies in them, the files that it declares or includes, and its locked requirements.
Never anything whose name begins with a dot, nor what Python makes by itself, nor an environment, nor what lies outside.
"""

import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

from pilotage.releases.digest import is_inside
from pilotage.releases.errors import FileLeadsOutside, FileMissing, NothingToRelease, ReleaseTooLarge

INSTALLED: Final = ".installed"
"""The folder of an artefact with examples of the platform; no file of a project can lie in it."""
LOCKS: Final = ("uv.lock", "pylock.toml", "poetry.lock", "pdm.lock", "requirements.lock", "requirements.txt")
LIMIT_MB: Final = 2048
"""How large a release may be, in megabytes, if [tool.pilotage] release-limit-mb does not say otherwise."""
_MADE: Final = (".pyc", ".pyo")


@dataclass(frozen=True, kw_only=True)
class Module:
    """A module that the project's automations loaded: its name, its file, and its folders if it is a package."""

    name: str
    file: str | None
    folders: tuple[str, ...] = ()

    @property
    def paths(self) -> list[Path]:
        """Where it lies: its file, or the folders of a package without one."""
        return [Path(self.file)] if self.file is not None else [Path(folder) for folder in self.folders]


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What loading the working directory's automations brought in."""

    modules: tuple[Module, ...]
    artifacts: tuple[tuple[str, str], ...] = ()
    """Declared files: the path as it is declared, and the folder of the module that declares it."""


@dataclass(kw_only=True)
class Gathered:
    """The files of a release by their paths in it, and the folders that Python looks in."""

    files: dict[str, Path] = field(default_factory=dict[str, Path])
    roots: set[str] = field(default_factory=set[str])
    examples: list[str] = field(default_factory=list[str])
    lock: str | None = None


def gather(root: Path, table: Mapping[str, object], survey: Survey) -> Gathered:
    """The files that a release of the project at `root` is made of.

    Raises FileLeadsOutside (PLT-602), FileMissing (PLT-603), ReleaseTooLarge (PLT-604), NothingToRelease (PLT-601).
    """
    excluded = {path for pattern in _patterns(table, "exclude") for path in _matches(root, pattern)}
    gathering = _Gathering(root=root, excluded=excluded)
    for name in sorted({_unit(module.name) for module in survey.modules}):
        gathering.add_unit(name, survey)
    for declared, folder in survey.artifacts:
        gathering.add_declared(declared, Path(folder))
    for pattern in _patterns(table, "include"):
        gathering.add_included(pattern)
    gathering.add_lock(table.get("lock"))
    found = gathering.found
    if not found.roots and not found.examples:
        raise NothingToRelease("None of the project's automations lies in it.", "Release it where its code lies.")
    _refuse_too_large(found, table)
    return found


def _unit(module: str) -> str:
    """What is frozen as a whole: a module's topmost package; of the platform's examples each one."""
    parts = module.split(".")
    return ".".join(parts[:3]) if parts[:2] == ["pilotage", "examples"] else parts[0]


@dataclass(frozen=True, kw_only=True)
class _Gathering:
    root: Path
    excluded: set[Path]
    found: Gathered = field(default_factory=Gathered)

    def add_unit(self, name: str, survey: Survey) -> None:
        """A package with all that lies in it, or a module."""
        module = next((one for one in survey.modules if one.name == name), None)
        folders = [Path(one) for one in (module.folders if module else ())]
        if name.startswith("pilotage."):
            self.found.examples.append(name)
            for folder in folders:
                for path in self._below(folder, top=folder):
                    self._add(f"{INSTALLED}/{name.replace('.', '/')}/{path.relative_to(folder).as_posix()}", path)
            return
        inside = [folder for folder in folders if folder.is_relative_to(self.root)]
        for folder in inside:
            self.found.roots.add(self._relative(folder.parent))
            self._add_all(self._below(folder))
        if not inside and module is not None and module.file is not None:
            path = Path(module.file)
            self.found.roots.add(self._relative(path.parent))
            self._add_all([self._ordinary(path)])

    def add_declared(self, declared: str, folder: Path) -> None:
        """A declared file, looked for as a running step looks for it: in the project's folder, then beside the module."""
        if Path(declared).is_absolute() or ".." in Path(declared).parts:
            raise FileLeadsOutside(
                f'The artifact "{declared}" does not lie in the project.',
                "Copy it into the project, and name it from there.",
            )
        for top in (self.root, folder):
            path = top / declared
            if path.exists() or path.is_symlink():
                if path.is_relative_to(self.root):
                    self._add_all(self._below(path) if path.is_dir() else [self._ordinary(path)])
                return  # else it lies in an example, all of which is frozen
        what = f"The artifact {declared} is not there: neither {self.root / declared} nor {folder / declared}."
        raise FileMissing(what, "Build it as the automation's README says, then release.")

    def add_included(self, pattern: str) -> None:
        """What a pattern of the project names."""
        if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
            raise FileLeadsOutside(f'The pattern "{pattern}" leads out of the project.', "Name files of the project.")
        before = len(self.found.files)
        matches = [path for path in _matches(self.root, pattern) if not self._left_out(path)]
        for path in matches:
            self._add_all(self._below(path) if path.is_dir() else [self._ordinary(path)])
        if not matches and len(self.found.files) == before:
            raise FileMissing(
                f'[tool.pilotage] include names "{pattern}", and no file is called so.',
                "Correct the pattern in pyproject.toml. Files whose name begins with a dot are never included.",
            )

    def add_lock(self, named: object) -> None:
        """The locked requirements: those that the project names, or what its tool is known to write."""
        for name in LOCKS if named is None else (str(named),):
            path = self.root / name
            if path.is_file():
                self._add_all([self._ordinary(path)])
                self.found.lock = self._relative(path)
                return
        if named is not None:
            what = f'[tool.pilotage] lock names "{named}", and it is not there.'
            raise FileMissing(what, "Correct it in pyproject.toml.")

    def _left_out(self, path: Path) -> bool:
        """Whether it was excluded, or lies in a folder that was, or in an environment."""
        above = [one for one in (path, *path.parents) if one.is_relative_to(self.root) and one != self.root]
        return any(one in self.excluded or (one / "pyvenv.cfg").exists() for one in above)

    def _add_all(self, paths: Iterable[Path]) -> None:
        for path in paths:
            self._add(self._relative(path), path)

    def _add(self, kept: str, path: Path) -> None:
        if not is_inside(kept) or any("\ud800" <= sign <= "\udfff" for sign in kept):
            raise FileLeadsOutside(f"The name of {kept!r} cannot be kept.", "Give it an ordinary name, or exclude it.")
        self.found.files[kept] = path

    def _below(self, folder: Path, *, top: Path | None = None) -> Iterator[Path]:
        """Every file below a folder that belongs to the project, in order; `top` is what no link may lead out of."""
        _refuse_link_outside(top or self.root, folder)
        for here, folders, files in os.walk(folder):
            inner = [Path(here) / name for name in sorted(folders) if _is_ours((name,))]
            inner = [path for path in inner if path not in self.excluded and not (path / "pyvenv.cfg").exists()]
            folders[:] = [path.name for path in inner]
            if links := [path for path in inner if path.is_symlink()]:
                raise FileLeadsOutside(
                    f"{links[0]} is a link to a folder.", "Put the folder itself there, or exclude the link."
                )
            for path in (Path(here) / name for name in sorted(files) if _is_ours((name,))):
                if path not in self.excluded:
                    yield self._ordinary(path, top=top)

    def _ordinary(self, path: Path, *, top: Path | None = None) -> Path:
        """The path, if it is an ordinary file of the project, or a link to one."""
        _refuse_link_outside(top or self.root, path)
        if not stat.S_ISREG(path.stat().st_mode):
            raise FileLeadsOutside(f"{path} is no ordinary file.", "Only ordinary files can be frozen: move it away.")
        return path

    def _relative(self, path: Path) -> str:
        relative = path.relative_to(self.root).as_posix()
        return "" if relative == "." else relative


def _matches(root: Path, pattern: str) -> list[Path]:
    return [path for path in sorted(root.glob(pattern)) if _is_ours(path.relative_to(root).parts)]


def _patterns(table: Mapping[str, object], name: str) -> Sequence[str]:
    value = table.get(name, [])
    return [str(one) for one in cast("list[object]", value)] if isinstance(value, list) else [str(value)]


def _is_ours(parts: Sequence[str]) -> bool:
    return not any(part.startswith(".") or part == "__pycache__" or part.endswith(_MADE) for part in parts)


def _refuse_link_outside(root: Path, path: Path) -> None:
    try:
        real = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise FileMissing(f"{path} leads to nothing: {error}.", "Put the file there, or remove the link.") from error
    if not real.is_relative_to(root.resolve()):
        raise FileLeadsOutside(
            f"{path} is a link to {real}, outside of the project.",
            "A release holds the project's own files: copy the file into the project.",
        )


def _refuse_too_large(found: Gathered, table: Mapping[str, object]) -> None:
    limit = int(str(table.get("release-limit-mb", LIMIT_MB)))
    sizes = {path: source.stat().st_size for path, source in found.files.items()}
    total = sum(sizes.values())
    if total <= limit << 20:
        return
    largest = sorted(sizes, key=lambda path: -sizes[path])[:3]
    named = ", ".join(f"{path} ({sizes[path] / (1 << 20):,.0f} MB)" for path in largest)
    raise ReleaseTooLarge(
        f"The release would have {total / (1 << 20):,.0f} MB, and {limit:,} are allowed. Largest: {named}.",
        "Leave out what is not needed with [tool.pilotage] exclude = [...], or raise release-limit-mb there.",
    )
