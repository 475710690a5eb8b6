"""`pilotage archive`."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Protocol

from cyclopts import Parameter

from pilotage.kernel.counted import counted
from pilotage.kernel.durations import duration
from pilotage.machinery.cli.errors import WrongUsage
from pilotage.machinery.cli.output import Output
from pilotage.machinery.cli.person import KNOWN, shell_user
from pilotage.machinery.storage.database import Database
from pilotage.operations import archiving
from pilotage.operations.commands.house import Project


class House(Protocol):
    """Opens the project's database without any code."""

    def project(self) -> Project:
        """The project. Raises ProjectMissing (PLT-002)."""
        ...

    def database(self) -> AbstractContextManager[Database]:
        """Its database, with its tables, open for the block."""
        ...


@dataclass(frozen=True)
class ArchiveCommand:
    """Takes ended cases out, and puts them back."""

    house: House
    out: Output

    def archive(
        self,
        file: Annotated[Path, Parameter(help="a file that is not there yet, such as 2026.jsonl.gz; or an archive")],
        *,
        older_than: Annotated[str | None, Parameter(help="how long ago they ended at least, such as 90d")] = None,
        automation: Annotated[str | None, Parameter(help="cases of this automation alone")] = None,
        restore: Annotated[bool, Parameter(help="put the cases of the archive back")] = False,
    ) -> None:
        """Take ended cases out of the database into a file, or put them back.

        Done and withdrawn cases go with everything of theirs; their keys stay known, and the sums count them. A command
        that was stopped goes on when it is given again.
        """
        file = file.absolute()
        if restore:
            self._restore(file)
            return
        if older_than is None:
            raise WrongUsage("Nothing says which cases.", "Write: pilotage archive FILE --older-than 90d")
        length = duration(older_than)
        if length.working_days:
            raise WrongUsage("Working days are no age of a case.", "Write it in days: --older-than 90d")
        project = self.house.project()
        with self.house.database() as database, self.out.watching() as watched:
            done = archiving.archive(
                database,
                file,
                older_than=length.seconds,
                automation=automation,
                environment=project.environment,
                by=shell_user(),
                known=KNOWN,
                seen=watched.show,
            )
        data = {"file": str(file), "archived": done.cases if done else 0, "in_file": done.whole if done else 0}
        if self.out.put(data):
            return
        if done is None:
            self.out.line(f"No case ended more than {older_than} ago; no file was written.")
            return
        again = "It went on where it was stopped. " if done.resumed else ""
        self.out.line(f"{again}{counted(done.whole, 'case is', 'cases are')} in {file}, and no longer in the database.")
        self.out.say("Keep the file: it is the one place where they are. `pilotage archive --restore` puts them back.")

    def _restore(self, file: Path) -> None:
        with self.house.database() as database, self.out.watching() as watched:
            done = archiving.restore(database, file, seen=watched.show, by=shell_user(), known=KNOWN)
        if not self.out.put({"file": str(file), "restored": done.cases}):
            self.out.line(f"{counted(done.cases, 'case is', 'cases are')} back in the database.")
            self.out.say("The file is no longer needed.")
