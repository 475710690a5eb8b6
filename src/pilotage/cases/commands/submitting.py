"""`pilotage submit`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from pilotage.cases.commands.house import House, Platform
from pilotage.cases.errors import IntakePaused
from pilotage.cases.service.held_up import held_up_in_words
from pilotage.cases.service.intake import Receipt
from pilotage.cases.service.settling import on_its_own, wait_until_still
from pilotage.cases.service.submitting import Submitted, Way, submit_file
from pilotage.cases.service.submitting_documents import DOCUMENTS, submit_document
from pilotage.cases.store.counting import OnItsOwn
from pilotage.kernel.counted import counted
from pilotage.kernel.errors import PilotageError
from pilotage.kernel.ids import shown
from pilotage.machinery.cli.calling import as_json, told
from pilotage.machinery.cli.exits import Exit
from pilotage.machinery.cli.output import Output, Watched
from pilotage.machinery.engine.lives import Lives


@dataclass(frozen=True, kw_only=True)
class _Done:
    taken: list[Submitted] = field(default_factory=list[Submitted])
    failed: list[tuple[Path, PilotageError]] = field(default_factory=list[tuple[Path, PilotageError]])


@dataclass(frozen=True)
class SubmitCommand:
    """Takes files in."""

    house: House
    out: Output

    def submit(
        self,
        automation: Annotated[str, Parameter(help="the automation that takes the records")],
        *files: Annotated[Path, Parameter(help="CSV, JSONL or XLSX files, or documents")],
        work: Annotated[bool, Parameter(help="work in this process until nothing moves by itself any more")] = False,
        anew: Annotated[
            bool, Parameter(help="begin at the beginning, also where an earlier reading was interrupted")
        ] = False,
        form: Annotated[Literal["csv", "jsonl", "xlsx"] | None, Parameter(help="where the name does not tell")] = None,
        delimiter: Annotated[
            str | None, Parameter(help="what separates the columns of a CSV, where it is not seen")
        ] = None,
        encoding: Annotated[str | None, Parameter(help="such as cp1252, where it is not UTF-8")] = None,
        sheet: Annotated[str | None, Parameter(help="the sheet of a workbook, where there are several")] = None,
    ) -> int:
        """Take the records of files in: CSV, JSONL or XLSX.

        A PDF, a picture or a page is a record of its own.

        A record that breaks its contract waits in quarantine, the others go on. The same file again changes nothing; after
        an interruption it goes on where it stopped.
        """
        if not files:
            from pilotage.machinery.cli.errors import WrongUsage  # noqa: PLC0415 - for an error alone

            raise WrongUsage("No file is named.", f"Write: pilotage submit {automation} FILE ...")
        way = Way(form=form, delimiter=delimiter, encoding=encoding, sheet=sheet)
        held_up: list[str] = []
        with self.house.open() as platform:
            platform.automation(automation)
            if not work:
                done = self._take(platform, automation, files, way, anew=anew)
            else:
                with platform.working():
                    done = self._take(platform, automation, files, way, anew=anew)
                    with self.out.watching() as watched:
                        wait_until_still(
                            platform.database, platform.pairs(), seen=lambda left: watched.show(in_words(left))
                        )
                held_up = held_up_in_words(platform.database)
        code = self._say(automation, done, worked=work)
        for words in held_up:
            self.out.say(words, style="bold")
        return code

    def _take(self, platform: Platform, automation: str, files: Sequence[Path], way: Way, *, anew: bool) -> _Done:
        done = _Done()
        for file in files:
            try:
                with self.out.watching() as watched:
                    show = partial(_show, watched, file)
                    found = platform.automation(automation)
                    wait = partial(_pause, platform, watched)
                    if file.suffix.lower() in DOCUMENTS and way.form is None:
                        taken = submit_document(platform.intake, found, file)
                    else:
                        taken = submit_file(platform.intake, found, file, way=way, anew=anew, seen=show, paused=wait)
                    done.taken.append(taken)
            except PilotageError as error:
                done.failed.append((file, error))
        return done

    def _say(self, automation: str, done: _Done, *, worked: bool) -> int:
        whole = _together([one.receipt for one in done.taken])
        said = {
            "automation": automation,
            **_counts(whole),
            "files": [_as_data(one) for one in done.taken],
            "failed": [{"file": str(file), "error": as_json(error)} for file, error in done.failed],
        }
        if not self.out.put(said):
            self._tell(done.taken, whole)
            for _, error in done.failed:
                told(error, self.out)
            if worked:
                self.out.say("Nothing moves by itself any more; `pilotage status` says how many are where.")
            elif done.taken:
                self.out.say(
                    "`pilotage run` works on them until nothing moves any more; `pilotage serve` shows it, too."
                )
        return Exit.REFUSED if done.failed else Exit.OK

    def _tell(self, taken: list[Submitted], whole: Receipt) -> None:
        if not taken:
            return
        columns = ("file", "arrived", "accepted", "duplicates", "quarantined")
        rows = [(one.file.name, *_numbers(one.receipt)) for one in taken]
        self.out.table(columns, [*rows, ("together", *_numbers(whole))] if len(taken) > 1 else rows)
        for one in taken:
            if one.resumed_at:
                self.out.say(f"{one.file.name}: went on at byte {one.resumed_at:,}, where it had been interrupted.")
        if whole.quarantined:
            self.out.say("`pilotage quarantine` says what is wrong with the quarantined records.")
        if whole.duplicates:
            self.out.say("Duplicates are records that are here already, with the same key and the same content.")


def in_words(left: OnItsOwn) -> str:
    """What still moves, for the line that a person watches."""
    parts = {
        "ready": left.ready,
        "moving": left.moving,
        "waiting for another attempt": left.waking,
        "effects going out": left.sending,
        "effects asked about": left.asking,
        "being handed over": left.offered,
    }
    return ", ".join(f"{number:,} {name}" for name, number in parts.items() if number) or "nothing moves"


def _show(watched: Watched, file: Path, receipt: Receipt, done: int, total: int) -> None:
    words = f"{file.name}: {counted(receipt.arrived, 'record')}, {counted(receipt.duplicates, 'duplicate')}, {receipt.quarantined:,} quarantined"
    watched.show(words, done, total or None)


def _pause(platform: Platform, watched: Watched, full: IntakePaused) -> bool:
    """Wait for room for as long as somebody makes some: then cases move by themselves."""
    watched.show(full.what)
    return bool(Lives(platform.database).living()) and bool(on_its_own(platform.database, platform.pairs()).count)


def _together(receipts: list[Receipt]) -> Receipt:
    whole = Receipt(submission=0)
    for receipt in receipts:
        whole = whole.plus(receipt)
    return whole


def _numbers(receipt: Receipt) -> tuple[int, int, int, int]:
    return receipt.arrived, receipt.accepted, receipt.duplicates, receipt.quarantined


def _counts(receipt: Receipt) -> Mapping[str, int]:
    return dict(zip(("arrived", "accepted", "duplicates", "quarantined"), _numbers(receipt), strict=True))


def _as_data(one: Submitted) -> Mapping[str, object]:
    return {
        "file": str(one.file),
        "submission": shown("S", one.receipt.submission),
        **_counts(one.receipt),
        "blank_lines": one.blank,
        "resumed_at_byte": one.resumed_at,
    }
