"""`pilotage export` and `pilotage import`."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from pilotage.cases.service.proving import Proof, prove
from pilotage.inbox import store as inbox_store
from pilotage.kernel.counted import counted
from pilotage.machinery.cli.exits import Exit
from pilotage.machinery.cli.output import Output
from pilotage.machinery.contents.files import Contents
from pilotage.migrations import carrying
from pilotage.migrations.carrying import Carried
from pilotage.migrations.house import House


def own_version() -> str:
    """The version of Pilotage, for whoever reads a file later."""
    try:
        return version("pilotage")
    except PackageNotFoundError:
        return "(not installed)"


@dataclass(frozen=True)
class CarryingCommands:
    """Takes a platform from one database to another."""

    house: House
    out: Output

    def export(self, file: Annotated[Path, Parameter(help="a file that is not there yet")]) -> int:
        """Write the whole platform into one file, from SQLite or PostgreSQL.

        Nothing may work on it meanwhile. The artefacts of releases are in the file, secrets are not. Afterwards work on the
        old database or on the new one, never on both: each would do the same outward acts.
        """
        project = self.house.project()
        with self.house.database() as database, self.out.watching() as watched:
            proof = prove(database, [inbox_store.doubles, *self.house.checks()])
            done = carrying.export(
                database,
                file.absolute(),
                environment=project.environment,
                folder=project.folder,
                contents=Contents(project.contents_folder),
                version=own_version(),
                seen=watched.show,
            )
        return self._tell(done, proof, f"The platform is in {file}.", "Read it in with `pilotage import`.")

    def import_(self, file: Annotated[Path, Parameter(help="what `pilotage export` wrote")]) -> int:
        """Read a whole platform into the empty database that PILOTAGE_DATABASE_URL names.

        All of it or nothing: a file that was altered or cut off leaves the database as it was.
        """
        project = self.house.project()
        with self.house.database() as database, self.out.watching() as watched:
            done = carrying.take(
                database,
                file.absolute(),
                environment=project.environment,
                folder=project.folder,
                contents=Contents(project.contents_folder),
                seen=watched.show,
            )
            proof = prove(database, [inbox_store.doubles, *self.house.checks()])
        return self._tell(
            done, proof, f"The platform of {file} is in this database.", "Never let anything work on the old one again."
        )

    def _tell(self, done: Carried, proof: Proof, said: str, then: str) -> int:
        if not self.out.put(_as_data(done, proof)):
            self.out.line(said)
            self.out.table(("place", "cases"), list(done.places.items()))
            self.out.table(("table", "rows"), [(name, rows) for name, rows in done.rows.items() if rows])
            if done.dissolved:
                self.out.say(
                    f"{counted(done.dissolved, 'case was', 'cases were')} in a batch, and ready again in the file."
                )
            for release in done.missing:
                self.out.say(f"The artefact of {release} is not there: its cases stand still until it is put back.")
            if done.missing_contents:
                self.out.say(f"{counted(done.missing_contents, 'content')} to which something refers: not there.")
            self.out.say(f"Both sums hold. {then}" if proof.holds else "The sums do not hold: see `pilotage doctor`.")
        return Exit.OK if proof.holds else Exit.NOT_WELL


def _as_data(done: Carried, proof: Proof) -> Mapping[str, object]:
    return {
        "file": str(done.file),
        "places": done.places,
        "rows": done.rows,
        "dissolved": done.dissolved,
        "missing_artefacts": list(done.missing),
        "missing_contents": done.missing_contents,
        "holds": proof.holds,
    }
