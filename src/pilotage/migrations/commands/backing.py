"""`pilotage backup` and `pilotage restore`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from pilotage.inbox import store as inbox_store
from pilotage.kernel.clock import SystemClock
from pilotage.machinery.cli.exits import Exit
from pilotage.machinery.cli.output import Output
from pilotage.machinery.cli.person import KNOWN, shell_user
from pilotage.machinery.contents.files import Contents
from pilotage.migrations import backing
from pilotage.migrations.backing import BackedUp
from pilotage.migrations.commands.carrying import own_version
from pilotage.migrations.house import House


@dataclass(frozen=True)
class BackingCommands:
    """Backs a platform up, and puts it back."""

    house: House
    out: Output

    def backup(self, file: Annotated[Path, Parameter(help="a file that is not there yet")]) -> int:
        """Write a backup of a SQLite platform while it works.

        The database of one moment and the artefacts of releases are in it, proven to be sound; secrets are not. For
        PostgreSQL it says which command of `pg_dump` to use.
        """
        project = self.house.project()
        with self.house.database() as database, self.out.watching() as watched:
            watched.show("copying the database")
            done = backing.backup(
                database,
                file.absolute(),
                environment=project.environment,
                folder=project.folder,
                contents=Contents(project.contents_folder),
                version=own_version(),
                checks=[inbox_store.doubles, *self.house.checks()],
            )
        said = f"The backup is in {file}. It shows {done.written_at}. Neither secrets nor keys are in it in plain: keep .pilotage/keys apart."
        return self._tell(done, said, "Try `pilotage restore` with it somewhere else once.")

    def restore(
        self,
        file: Annotated[Path, Parameter(help="what `pilotage backup` wrote")],
        *,
        over: Annotated[bool, Parameter(help="also where a database with rows is: it is kept aside")] = False,
    ) -> int:
        """Put a backup in the place of the SQLite database, under a hold of everything.

        What went out after the backup is not in it: look at the other side before `pilotage resume`.
        """
        project = self.house.project()
        with self.out.watching() as watched:
            watched.show("restoring the database")
            done = backing.restore(
                project.database_url,
                file.absolute(),
                environment=project.environment,
                folder=project.folder,
                contents=Contents(project.contents_folder),
                over=over,
                by=shell_user(),
                known=KNOWN,
                clock=SystemClock(),
                checks=[inbox_store.doubles, *self.house.checks()],
            )
        return self._tell(
            done,
            f"The database is that of {done.written_at}.",
            "It is held: no effect goes out. What was sent, taken in or decided after that time is unknown here; see what "
            "the other side has, then `pilotage resume`.",
        )

    def _tell(self, done: BackedUp, said: str, then: str) -> int:
        if not self.out.put(_as_data(done)):
            self.out.line(said)
            self.out.table(("place", "cases"), list(done.places.items()))
            if done.aside is not None:
                self.out.say(f"What was there before is {done.aside}.")
            for release in done.missing:
                self.out.say(f"The artefact of {release} is not in it: its cases stand still until it is put back.")
            if done.missing_contents:
                self.out.say(f"{done.missing_contents:,} contents that something refers to are not there.")
            self.out.say(f"Both sums hold. {then}" if done.holds else "The sums do not hold: see `pilotage doctor`.")
        return Exit.OK if done.holds else Exit.NOT_WELL


def _as_data(done: BackedUp) -> Mapping[str, object]:
    return {
        "file": str(done.file),
        "written_at": done.written_at,
        "places": done.places,
        "missing_artefacts": list(done.missing),
        "missing_contents": done.missing_contents,
        "kept_aside": None if done.aside is None else str(done.aside),
        "holds": done.holds,
    }
