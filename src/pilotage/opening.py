"""From a project on disk to its platform, open for a block: its database, its code, and both together.

Nothing is found by being imported: `[tool.pilotage]` of a project's `pyproject.toml` names its automations.
"""

from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

from pilotage.app import Platform
from pilotage.audit.service import key_file
from pilotage.authoring.automation import Automation
from pilotage.kernel.errors import PilotageError
from pilotage.machinery.storage.database import Database
from pilotage.migrations import prepare
from pilotage.migrations.emptied import refuse_emptied
from pilotage.project import Project, find_project
from pilotage.releases import service as releases
from pilotage.releases.artefact import Artefacts
from pilotage.releases.loading import Loaded, load_project
from pilotage.releases.values import WORKING_DIRECTORY


def load_automations(project: Project) -> list[Automation]:
    """Import what the project names. Raises UnknownName (PLT-001) and ProjectDoesNotLoad (PLT-614)."""
    return load_project(project.automations, project.root)


@contextmanager
def open_database(project: Project) -> Generator[Database]:
    """The project's database with its tables, open for the block; nobody's code is loaded."""
    beside = (key_file(project.folder, project.environment), project.contents_folder)
    refuse_emptied(project.database_url, beside)
    with closing(Database(project.database_url)) as database:
        prepare(database)
        yield database


@contextmanager
def open_platform(start: Path | None = None, *, release: str | None = None) -> Generator[Platform]:
    """The platform of the project here, open for the block.

    It has the code of the current release, or of the working directory where there is no release yet, or of the
    `release` that is named ("dev": the working directory). A current release that cannot be loaded here is an error for
    those who need its code alone.
    """
    project = find_project(start)
    with open_database(project) as database:
        loaded, problem = _load(project, database, release)
    platform = Platform(project, loaded.automations, release=loaded.release, folder=loaded.folder, unloaded=problem)
    try:
        yield platform
    finally:
        platform.close()


def _load(project: Project, database: Database, named: str | None) -> tuple[Loaded, PilotageError | None]:
    current = releases.current(database) if named is None else None
    if named == WORKING_DIRECTORY or (named is None and current is None):
        automations = tuple(load_automations(project))
        return Loaded(release=WORKING_DIRECTORY, automations=automations, folder=project.root), None
    name = current.name if current is not None else str(named)
    try:
        return releases.load_release(database, Artefacts(folder=project.folder / "releases"), project.root, name), None
    except PilotageError as error:
        if named is not None:
            raise
        return Loaded(release=name, automations=(), folder=project.root), error
