"""`pilotage rehearse`."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal, Protocol, cast

from cyclopts import Parameter

from pilotage.kernel.clock import micros
from pilotage.kernel.durations import duration
from pilotage.machinery.cli.errors import WrongUsage
from pilotage.machinery.cli.exits import Exit
from pilotage.machinery.cli.output import Output
from pilotage.machinery.storage.database import Database
from pilotage.rehearsal.service import Project, Rehearsed, Wanted, rehearsed

_LISTED = 12
EVERYWHERE = ("door disarmed", "audit hook")
"""The walls that need nothing of the system."""


class House(Protocol):
    """Opens the project's database without any code."""

    def project(self) -> Project:
        """The project. Raises ProjectMissing (PLT-002)."""
        ...

    def database(self) -> AbstractContextManager[Database]:
        """Its database, with its tables, open for the block."""
        ...


@dataclass(frozen=True)
class RehearseCommand:
    """Rehearses."""

    house: House
    out: Output

    def rehearse(
        self,
        automation: Annotated[str, Parameter(help="the automation whose code is rehearsed")],
        *files: Annotated[Path, Parameter(help="CSV, JSONL or XLSX files with records")],
        cases: Annotated[int | None, Parameter(help="rehearse the last so many stored cases")] = None,
        since: Annotated[
            str | None, Parameter(help="rehearse the stored cases of this time, such as 7d, or since a day")
        ] = None,
        release: Annotated[
            str | None, Parameter(help="the code of this release; unsaid: of the working directory")
        ] = None,
        answers: Annotated[Path | None, Parameter(help="recorded answers, as lines of JSON")] = None,
        form: Annotated[Literal["csv", "jsonl", "xlsx"] | None, Parameter(help="where the name does not tell")] = None,
        delimiter: Annotated[
            str | None, Parameter(help="what separates the columns of a CSV, where it is not seen")
        ] = None,
        encoding: Annotated[str | None, Parameter(help="such as cp1252, where it is not UTF-8")] = None,
        sheet: Annotated[str | None, Parameter(help="the sheet of a workbook, where there are several")] = None,
    ) -> int:
        """Run records through an automation's code, and let nothing out.

        It runs in a process of its own that holds no credentials and has no way out. Effects are planned as always; what they
        would be answered comes from recordings or from the project's fakes, else the case stops there. Nothing is stored.
        """
        if not files and cases is None and since is None:
            raise WrongUsage(
                "Nothing says which records.",
                f"Write: pilotage rehearse {automation} FILE ..., or --cases 1000, or --since 7d",
            )
        if cases is not None and cases < 1:
            raise WrongUsage(f"--cases {cases} is no number of cases.", "Write a number from 1 on: --cases 1000")
        wanted = Wanted(
            automation=automation,
            release=release,
            files=files,
            way={"form": form, "delimiter": delimiter, "encoding": encoding, "sheet": sheet},
            cases=cases,
            since=None if since is None else _since(since),
            answers=answers,
        )
        with (
            self.out.watching() as watched,
            rehearsed(
                self.house.project(),
                self.house.database,
                wanted,
                seen=lambda what, count: watched.show(f"{count:,} {_SEEN[what]}"),
            ) as done,
        ):
            return self._say(automation, done)

    def _say(self, automation: str, done: Rehearsed) -> int:
        report = done.report
        well = is_well(report)
        if self.out.as_json:
            self.out.put({"automation": automation, "release": done.release, **report, "cases": list(done.records())})
        else:
            _Teller(self.out, report).tell(automation, done.release)
        return Exit.OK if well else Exit.NOT_WELL


_SEEN = {"arrived": "records have arrived", "moved": "batches and effects have moved"}


def is_well(report: Mapping[str, object]) -> bool:
    """Whether nothing got out and nothing tried to, as far as the two walls can tell that stand everywhere."""
    effects = cast("Mapping[str, int]", report["effects"])
    walls = cast("Sequence[Mapping[str, object]]", report["walls"])
    stands = all(wall["holds"] for wall in walls if wall["name"] in EVERYWHERE)
    return stands and not (effects["sent"] or report["tried"] or report["found_no_way"])


@dataclass(frozen=True)
class _Teller:
    out: Output
    report: Mapping[str, object]

    def tell(self, automation: str, release: str) -> None:
        """Tell the report to a person."""
        records = cast("Mapping[str, int]", self.report["records"])
        code = "the working directory" if release == "dev" else f"release {release}"
        twice = f", {records['duplicates']:,} of them duplicates" if records["duplicates"] else ""
        self.out.line(f"{records['arrived']:,} records went through {automation} on the code of {code}{twice}.")
        self._tables()
        self._walls()
        self._tried()
        effects = cast("Mapping[str, int]", self.report["effects"])
        self.out.line()
        self.out.line(f"{effects['sent']:,} of {effects['met_the_door']:,} effects sent", style="bold")

    def _tables(self) -> None:
        endings = cast("Mapping[str, int]", self.report["endings"])
        self.out.table(("ended", "records"), Counter(endings).most_common(), title="How they ended")
        self._table("Why not done", ("ended", "at", "why", "records"), "whys")
        self._table("Decisions that people would be asked", ("step", "kind", "asked", "decisions"), "decisions")
        calls = cast("Sequence[tuple[str, str, bool, str, int]]", self.report["calls"])
        rows = [
            (connection, method, "reads" if reads else "would act", by or "nothing", count)
            for connection, method, reads, by, count in calls
            if count
        ]
        if rows:
            columns = ("connection", "method", "", "answered by", "calls")
            self.out.table(columns, rows, title="Calls that met the door")

    def _table(self, title: str, columns: Sequence[str], name: str) -> None:
        rows = cast("Sequence[Sequence[object]]", self.report[name])
        if rows:
            self.out.table(columns, rows[:_LISTED], title=title)
        if len(rows) > _LISTED:
            self.out.say(f"... and {len(rows) - _LISTED:,} more; --json lists them all.")

    def _walls(self) -> None:
        self.out.heading("What held")
        for wall in cast("Sequence[Mapping[str, object]]", self.report["walls"]):
            why = f" ({wall['why']})" if wall["why"] else ""
            self.out.line(f"{wall['name']}: {'yes' if wall['holds'] else 'no'}{why}")

    def _tried(self) -> None:
        tried = cast("Sequence[Mapping[str, object]]", self.report["tried"])
        lost = cast("int | None", self.report["found_no_way"])
        if not tried and not lost:
            return
        self.out.heading("What tried to get out")
        for one in tried:
            times = "" if one["times"] == 1 else f", {one['times']:,} times"
            self.out.line(f"{one['who']} tried to {one['what']}: refused{times}.")
        if lost:
            self.out.line(
                f"A library that opens sockets in C tried to leave {lost:,} {'time' if lost == 1 else 'times'}, "
                "and found no way out."
            )


def _since(text: str) -> Callable[[int], int]:
    """The platform time of "7d" ago, or of a day or moment, in microseconds, by the platform time of now."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        length = duration(text)
        if length.working_days:
            raise WrongUsage("Working days are no age of a case.", "Write it in days: --since 7d") from None
        return lambda now: now - int(length.seconds * 1_000_000)
    then = micros(moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC))
    return lambda now: then
