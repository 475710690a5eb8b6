"""What a rehearsal's process loads: the code that is rehearsed, behind the walls, and the fakes that the project names."""

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import cast

from pilotage.authoring.automation import Automation
from pilotage.connections.accounts import Client
from pilotage.kernel.errors import PilotageError, UnknownName
from pilotage.machinery.cli.names import did_you_mean
from pilotage.rehearsal.errors import CodeDoesNotLoad, NotAFake
from pilotage.rehearsal.values import Request
from pilotage.releases.digest import read_manifest
from pilotage.releases.loading import automations_named, is_of_project, load, look_first_in, working_folders
from pilotage.testing.services import FakeService

_EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def is_ours(request: Request, path: Path) -> bool:
    """Whether a file is of the code that is rehearsed, and not of a library or of the platform."""
    frozen = request.frozen is not None and path.is_relative_to(request.frozen)
    return frozen or is_of_project(path, Path(request.root)) or path.is_relative_to(_EXAMPLES)


def load_code(request: Request) -> list[Automation]:
    """The automations of the working directory or of the release. Raises CodeDoesNotLoad (PLT-276)."""
    root = Path(request.root)
    sys.dont_write_bytecode = True
    try:
        if request.frozen is not None and request.manifest is not None:
            manifest = read_manifest(request.manifest.encode())
            return list(load(request.release, Path(request.frozen), manifest, working_directory=root).automations)
        look_first_in(working_folders(root))
        return automations_named(request.references, root / "pyproject.toml")
    except PilotageError:
        raise
    except BaseException as error:  # the border to the author's code, which may even exit
        raise CodeDoesNotLoad(
            f"The code does not load: {type(error).__name__}: {error}.",
            "Correct it; `pilotage check` says more. What happens while a module is imported meets the same walls.",
        ) from error


def the_one(automations: list[Automation], name: str) -> Automation:
    """The automation that is meant. Raises UnknownName (PLT-001) with the nearest names."""
    found = {one.name: one for one in automations}
    if name in found:
        return found[name]
    remedy = did_you_mean(name, found, f"This project has: {', '.join(found) or 'none'}.")
    raise UnknownName(f'There is no automation "{name}" here.', remedy)


def load_fakes(request: Request) -> dict[str, Client]:
    """What answers in place of each connection. Raises NotAFake (PLT-274)."""
    folders = working_folders(Path(request.root))
    return {name: _fake(name, reference, folders) for name, reference in request.fakes.items()}


def _fake(connection: str, reference: str, folders: list[Path]) -> Client:
    named = f'[tool.pilotage.fakes] {connection} = "{reference}"'
    module_name, _, attribute = reference.partition(":")
    try:
        module = _module(module_name, folders)
        found: object = getattr(module, attribute)
        service = found() if callable(found) else found
    except BaseException as error:
        raise NotAFake(
            f"What {named} names is not there: {type(error).__name__}: {error}.",
            'Name a FakeService, or a function that makes one, as "module:attribute".',
        ) from error
    if not isinstance(service, FakeService) or service.connection.name != connection:
        what = (
            f"a FakeService for {service.connection.name}"
            if isinstance(service, FakeService)
            else type(service).__name__
        )
        raise NotAFake(
            f"What {named} names is no FakeService for {connection}, but {what}.",
            f"Make it with FakeService({connection}), from pilotage.testing.",
        )
    return cast("Client", service)


def _module(name: str, folders: list[Path]) -> object:
    """A module; one that a release does not have is taken from the working directory: a fake is no part of a release."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
        for folder in folders:
            file = folder.joinpath(*name.split(".")).with_suffix(".py")
            if file.is_file() and (found := importlib.util.spec_from_file_location(name, file)) and found.loader:
                module = sys.modules[name] = importlib.util.module_from_spec(found)
                found.loader.exec_module(module)
                return module
        raise
