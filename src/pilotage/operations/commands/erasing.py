"""`pilotage erase`."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from pilotage.kernel.ids import shown
from pilotage.machinery.cli.errors import WrongUsage
from pilotage.machinery.cli.exits import Exit
from pilotage.machinery.cli.output import Output
from pilotage.machinery.cli.person import KNOWN, shell_user
from pilotage.machinery.contents.files import Contents
from pilotage.operations import erasing
from pilotage.operations.commands.archiving import House


@dataclass(frozen=True)
class EraseCommand:
    """Erases."""

    house: House
    out: Output

    def erase(
        self,
        automation: Annotated[str, Parameter(help="the automation that it was submitted to")],
        key: Annotated[str, Parameter(help="the record's key")],
        *,
        reason: Annotated[str, Parameter(help="why; it stays in the timeline, so name nobody in it")],
        archive: Annotated[
            tuple[Path, ...], Parameter(help="an archive that it may be in; more than one may be given")
        ] = (),
        yes: Annotated[bool, Parameter(help="do not ask")] = False,
    ) -> int:
        """Erase what is personal of one record, everywhere and for ever.

        The record, what steps and services gave, judgements, decisions' contents, and originals in quarantine go, also of
        its items. The key, digests, outcomes and times stay, and the sums hold. Backups and exports keep what they hold.
        """
        if not yes and not self._sure(automation, key):
            self.out.say("Nothing was erased.")
            return Exit.REFUSED
        with self.house.database() as database:
            done = erasing.erase(
                database,
                automation,
                key,
                archives=[file.absolute() for file in archive],
                contents=Contents(self.house.project().contents_folder),
                by=shell_user(),
                known=KNOWN,
                reason=reason,
            )
        data = {
            "erased": [shown("C", case) for case in done.cases],
            "quarantined": done.quarantined,
            "contents": done.contents,
            "contents_left": done.contents_left,
            "elsewhere": [{"automation": name, "case": shown("C", case)} for name, case in done.elsewhere],
            "archive": None if done.archive is None else str(done.archive),
        }
        if not self.out.put(data):
            items = f", with {len(done.cases) - 1:,} items" if len(done.cases) > 1 else ""
            self.out.line(f'Erased: what "{key}" of {automation} held{items}.')
            if done.contents or done.contents_left:
                self.out.say(
                    f"{done.contents:,} documents went with it; {done.contents_left:,} are needed by others, or came "
                    "within the last minutes and go within the hour."
                )
            if done.elsewhere:
                named = ", ".join(f"{name} {shown('C', case)}" for name, case in done.elsewhere)
                self.out.say(f"It was handed over, and is a record of its own there, to be erased as well: {named}.")
            self.out.say("Backups, exports and copies of archives that were written before still hold it.")
        return Exit.OK

    def _sure(self, automation: str, key: str) -> bool:
        if not sys.stdin.isatty():
            raise WrongUsage("What is erased cannot be brought back, and nobody can be asked.", "Give --yes as well.")
        self.out.say(f'What "{key}" of {automation} held will be gone for ever. Type the key to erase it:')
        return sys.stdin.readline().rstrip("\n") == key
