"""Loading automations: of a release from its artefact and nowhere else, and of the working directory.

Python compiles nothing into the folder of a release: a file in a `__pycache__` folder would be run in place of the source
that the digest speaks of, so it counts as a difference there.
"""

import importlib
import os
import sys
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Final

from pilotage.authoring.automation import Automation
from pilotage.kernel.errors import PilotageError, UnknownName
from pilotage.releases.environment import differences, to_build
from pilotage.releases.errors import EnvironmentDiffers, LoadedFromElsewhere, ProjectDoesNotLoad
from pilotage.releases.gathering import INSTALLED, Module
from pilotage.releases.values import Manifest

_SITE: Final = {"site-packages", "dist-packages"}
_PROGRAMS: Final = {"__main__", "__mp_main__"}


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """The automations of one release in this process, and where the files of the release lie."""

    release: str
    automations: tuple[Automation, ...]
    folder: Path


def working_folders(root: Path) -> list[Path]:
    """Where the modules of a working directory are looked for, in order."""
    return [folder for folder in (root / "src", root) if folder.is_dir()]


def look_first_in(folders: Sequence[Path]) -> None:
    """Let Python look for modules in these folders before all others."""
    names = [str(folder) for folder in folders]
    sys.path[:] = [*names, *(entry for entry in sys.path if entry not in names)]


def automations_named(references: Iterable[str], said_in: Path) -> list[Automation]:
    """Import what `[tool.pilotage]` names as module:attribute. Raises UnknownName (PLT-001) where it is not there."""
    found: list[Automation] = []
    for reference in references:
        module_name, _, attribute = reference.partition(":")
        try:
            module = importlib.import_module(module_name)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
                raise
            msg = f'The project names "{reference}", but there is no module {module_name}.'
            raise UnknownName(msg, f"Correct [tool.pilotage] automations in {said_in}.") from error
        automation = getattr(module, attribute, None)
        if not isinstance(automation, Automation):
            names = [name for name, value in vars(module).items() if isinstance(value, Automation)]
            msg = f'{module_name} has no automation "{attribute}".'
            raise UnknownName(msg, f"There is: {', '.join(names) or 'none'}.")
        found.append(automation)
    return found


def load_project(references: Iterable[str], root: Path) -> list[Automation]:
    """The automations of the working directory. Raises ProjectDoesNotLoad (PLT-614), with the line, for mistakes in its code."""
    look_first_in(working_folders(root))
    try:
        return automations_named(references, root / "pyproject.toml")
    except PilotageError:
        raise
    except (Exception, SystemExit) as error:
        raise ProjectDoesNotLoad(
            f"{_line_of(error, root)} {type(error).__name__}: {error}", "Mend that line; nothing was done."
        ) from error


def _line_of(error: BaseException, root: Path) -> str:
    """The line of the project's own code at which it failed."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}:"
    frames = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    own = [one for one in frames if Path(one[0]).is_relative_to(root) and not _SITE.intersection(Path(one[0]).parts)]
    file, line = (own or frames)[-1]
    return f"{file}:{line}:"


def load(release: str, folder: Path, manifest: Manifest, *, working_directory: Path) -> Loaded:
    """Load a release from the folder that it was unpacked in.

    Raises EnvironmentDiffers (PLT-609) and LoadedFromElsewhere (PLT-610).
    """
    refuse_other_environment(release, folder, manifest)
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"  # for processes that the automation's code may start
    forget(working_directory)
    look_first_in([folder / root for root in manifest.roots])
    if manifest.examples:
        # by its name: examples stand beside the subjects, and this is only the folder in which they are looked for
        importlib.import_module("pilotage.examples").__path__.insert(
            0, str(folder / INSTALLED / "pilotage" / "examples")
        )
    importlib.invalidate_caches()
    automations = automations_named(manifest.automations, folder)
    refuse_strays(folder, manifest, working_directory)
    return Loaded(release=release, automations=tuple(automations), folder=folder)


def refuse_other_environment(release: str, folder: Path, manifest: Manifest) -> None:
    """Raise EnvironmentDiffers (PLT-609) unless this environment is the one that the release needs."""
    found = differences(manifest, python=this_python(), version_of=version_of)
    if found:
        lock = manifest.requirements.lock
        raise EnvironmentDiffers(
            f"{release} needs {', '.join(found)}.",
            to_build(manifest, release, str(folder / lock) if lock else None),
        )


def forget(working_directory: Path) -> None:
    """Take the working directory out of the places in which Python looks for modules."""
    own = {str(folder.resolve()) for folder in (working_directory / "src", working_directory)}
    sys.path[:] = [entry for entry in sys.path if str(Path(entry or ".").resolve()) not in own]


def refuse_strays(folder: Path, manifest: Manifest, working_directory: Path) -> None:
    """Raise LoadedFromElsewhere (PLT-610) if a module came from the working directory, or past the artefact."""
    frozen, own = _names_in(manifest), folder.resolve()
    for module in modules():
        top = module.name.partition(".")[0]
        of_an_example = any(f"{module.name}.".startswith(f"{name}.") for name in manifest.examples)
        if top == "pilotage" and not of_an_example:
            continue
        for path in module.paths:
            stray = of_an_example or top in frozen or is_of_project(path, working_directory)
            if stray and not path.resolve().is_relative_to(own):
                raise LoadedFromElsewhere(
                    f"{module.name} was loaded from {path}, and not from the release in {folder}.",
                    "Start it in a process of its own: `pilotage worker --release ...`; and see that nothing puts the "
                    "working directory into PYTHONPATH.",
                )


def _names_in(manifest: Manifest) -> set[str]:
    """The topmost names that the release itself has."""
    names: set[str] = set()
    for file in manifest.files:
        for root in manifest.roots:
            inside = file.path.removeprefix(f"{root}/" if root else "")
            if file.path.startswith(root) and inside.endswith(".py"):
                names.add(inside.partition("/")[0].removesuffix(".py"))
    return names


def is_of_project(path: Path, root: Path) -> bool:
    """Whether a path is a project's own, and not that of an environment, or of a release, which lies in its folder."""
    if not path.is_relative_to(root) or (_SITE | {".pilotage"}) & set(path.relative_to(root).parts):
        return False
    inner = [Path(prefix) for prefix in {sys.prefix, sys.base_prefix} if Path(prefix).is_relative_to(root)]
    return not any(path.is_relative_to(prefix) for prefix in inner if prefix != root)


def modules() -> list[Module]:
    """Every module that is loaded, and has a file or folders."""
    found: list[Module] = []
    for name, module in sorted(sys.modules.items()):
        if name in _PROGRAMS:
            continue
        file = getattr(module, "__file__", None)
        folders = _folders(module)
        if file is not None or folders:
            found.append(Module(name=name, file=None if file is None else str(file), folders=folders))
    return found


def _folders(module: ModuleType) -> tuple[str, ...]:
    try:
        return tuple(str(folder) for folder in getattr(module, "__path__", ()))
    except TypeError:  # a module that makes its own sense of __path__
        return ()


def of_the_project(root: Path) -> list[Module]:
    """The loaded modules that lie in a project, and the platform's examples."""
    return [
        module
        for module in modules()
        if module.name.startswith("pilotage.examples.")
        or (not module.name.startswith("pilotage.") and any(is_of_project(path, root) for path in module.paths))
    ]


def distributions(names: Iterable[str]) -> dict[str, str]:
    """The installed distributions that these modules come from, and their versions."""
    by_module = metadata.packages_distributions()
    tops = {name.partition(".")[0] for name in names}
    found = {each for top in tops for each in by_module.get(top, ())}
    return {name: version for name in sorted(found - {"pilotage"}) if (version := version_of(name)) is not None}


def is_installed(module: Module) -> bool:
    """Whether a module comes with Python or from a folder of installed packages."""
    prefixes = {Path(prefix) for prefix in (sys.prefix, sys.base_prefix)}
    return module.name.partition(".")[0] in sys.stdlib_module_names or all(
        _SITE & set(path.parts) or any(path.is_relative_to(prefix / "lib") for prefix in prefixes)
        for path in module.paths
    )


def version_of(name: str) -> str | None:
    """The version of a distribution that is installed here, or None."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def this_python() -> str:
    """The version of Python that runs here, such as 3.12."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"
