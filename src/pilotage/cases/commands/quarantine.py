"""`pilotage quarantine`, and its `show`, `release` and `discard`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter
from pydantic_core import from_json

from pilotage.cases.commands.house import House, Platform
from pilotage.cases.commands.looking import text_of
from pilotage.cases.errors import NoSuchRecord
from pilotage.cases.service import correcting
from pilotage.cases.store import looking
from pilotage.cases.store.found import QuarantinedWhole
from pilotage.kernel.errors import UnknownName
from pilotage.kernel.ids import read, shown
from pilotage.machinery.cli.bounds import AT_LEAST_ONE
from pilotage.machinery.cli.data import is_object
from pilotage.machinery.cli.errors import WrongUsage
from pilotage.machinery.cli.names import did_you_mean
from pilotage.machinery.cli.output import Output
from pilotage.machinery.cli.person import KNOWN, shell_user
from pilotage.machinery.cli.times import age, iso, when

_SHOWN = 2_000
"""Bytes of an original that are printed for people; --json has all of them that are kept."""

Reason = Annotated[str, Parameter(help="why; it stays with the record")]
Records = Annotated[str, Parameter(help="records (Q-...)")]


@dataclass(frozen=True)
class QuarantineCommands:
    """Records that are no cases yet."""

    house: House
    out: Output

    def quarantine(
        self,
        *,
        automation: Annotated[str | None, Parameter(help="of this automation alone")] = None,
        shape: Annotated[str | None, Parameter(help="list the records of this kind of fault")] = None,
        most: Annotated[int, Parameter(help="how many records to list", validator=AT_LEAST_ONE)] = 20,
    ) -> None:
        """List the records in quarantine by the kind of their fault."""
        with self.house.open() as platform:
            if automation is not None:
                platform.automation(automation)
            if shape is None:
                self._shapes(platform, automation)
            else:
                self._records(platform, automation, shape, most)

    def _shapes(self, platform: Platform, automation: str | None) -> None:
        with platform.database.snapshot() as tx:
            now = platform.database.now(tx)
            found = looking.count_shapes(tx, automation)
        data = [
            {
                "automation": row.automation,
                "shape": row.shape,
                "kind": row.kind,
                "count": row.count,
                "example": shown("Q", row.first),
                "reason": row.reason,
                "oldest": iso(row.oldest),
            }
            for row in found
        ]
        if self.out.put({"waiting": sum(row.count for row in found), "shapes": data}):
            return
        if not found:
            self.out.line("Quarantine is empty.")
            return
        self.out.table(
            ("records", "automation", "kind", "what is wrong", "for", "one of them"),
            [
                (row.count, row.automation, row.shape, row.reason, age(now - row.oldest), shown("Q", row.first))
                for row in found
            ],
        )
        first = shown("Q", found[0].first)
        self.out.say(f"\nLook at one:       pilotage quarantine show {first}")
        self.out.say(f'List one kind:     pilotage quarantine --shape "{found[0].shape}"')
        self.out.say(f'Correct and let in: pilotage quarantine release {first} --set FIELD=VALUE --reason "..."')

    def _records(self, platform: Platform, automation: str | None, shape: str, most: int) -> None:
        with platform.database.snapshot() as tx:
            rows = looking.quarantined_of(tx, automation=automation, shape=shape, most=most)
            known = [row.shape for row in looking.count_shapes(tx, automation)]
        if not rows:
            raise UnknownName(
                f'Nothing in quarantine has the fault "{shape}".', did_you_mean(shape, known, _listed(known))
            )
        data = [
            {
                "record": shown("Q", row.id),
                "automation": row.automation,
                "line": row.number,
                "field": row.field,
                "reason": row.reason,
                "at": iso(row.at),
            }
            for row in rows
        ]
        if not self.out.put({"shape": shape, "records": data}):
            columns = ("record", "line", "field", "what is wrong", "since (UTC)")
            self.out.table(columns, [(shown("Q", r.id), r.number, r.field, r.reason, when(r.at)) for r in rows])

    def show(self, record: Annotated[str, Parameter(help="the record (Q-...)")]) -> None:
        """Show one record in quarantine with its original bytes."""
        with self.house.open() as platform, platform.database.snapshot() as tx:
            row = _find(platform, record, looking.quarantined(tx, _number(record)))
            original = correcting.original_of(platform.contents, tx, row)
        fields: object = from_json(row.fields) if row.fields else None
        data = {
            "record": shown("Q", row.id),
            "automation": row.automation,
            "state": row.state,
            "kind": row.kind,
            "field": row.field,
            "reason": row.reason,
            "shape": row.shape,
            "line": row.number,
            "start": row.start,
            "end": row.end,
            "key": row.key,
            "beside": shown("C", row.beside) if row.beside is not None else None,
            "fields": fields,
            "original": original.decode("utf-8", "backslashreplace"),
            "whole": row.whole,
            "digest": row.digest,
            "at": iso(row.at),
            "case": shown("C", row.case_id) if row.case_id is not None else None,
            "settled_by": row.settled_by,
            "settled_why": row.settled_why,
        }
        if self.out.put(data):
            return
        self.out.line(f"{data['record']}  {row.automation}: {row.state}", style="bold")
        self.out.line(row.reason)
        where = f"Line {row.number:,}. " if row.number is not None else ""
        if not row.whole and row.start is not None and row.end is not None:
            where += f"In its source it is bytes {row.start:,} to {row.end - 1:,}. "
        beside = f" Beside {shown('C', row.beside)}." if row.beside is not None else ""
        self.out.line(f"{where}Came at {when(row.at)} UTC.{beside}")
        if is_object(fields):
            self.out.table(
                ("field", "value"), [(name, text_of(value)) for name, value in fields.items()], title="Fields"
            )
        self.out.heading("Original" if row.whole else f"Original (its first {len(original):,} bytes)")
        self.out.line(original[:_SHOWN].decode("utf-8", "backslashreplace").rstrip("\n"))
        if len(original) > _SHOWN:
            self.out.say(f"({len(original) - _SHOWN:,} more bytes: --json has them)")

    def release(
        self,
        record: Annotated[str, Parameter(help="the record (Q-...)")],
        *,
        reason: Reason,
        set_: Annotated[
            list[str] | None, Parameter(name="--set", help="FIELD=VALUE in the place of its own; again for more")
        ] = None,
    ) -> None:
        """Correct a record in quarantine and let it in as a case.

        A VALUE is text, and read as the contract wants it; a list, an object and null are written as JSON.
        """
        corrected = _corrected(set_ or [])
        with self.house.open() as platform:
            with platform.database.snapshot() as tx:
                row = _find(platform, record, looking.quarantined(tx, _number(record)))
            automation = platform.automation(row.automation)
            done = correcting.release(
                platform.database,
                platform.intake,
                automation,
                row.id,
                corrected,
                by=shell_user(),
                known=KNOWN,
                reason=reason,
            )
        case = shown("C", done.case)
        data = {"record": shown("Q", done.record), "case": case, "of_corrections_alone": done.of_corrections_alone}
        if not self.out.put(data):
            self.out.line(f"{shown('Q', done.record)} is {case} now.")
            if done.of_corrections_alone:
                self.out.say(
                    "Nothing of what came could be read as a record: the case has what --set says, and no more. The original "
                    f"stays: `pilotage quarantine show {shown('Q', done.record)}`."
                )
            self.out.say(f"`pilotage run` works on it; `pilotage case {case}` tells its way.")

    def discard(self, *records: Records, reason: Reason) -> None:
        """Say that records in quarantine are nothing."""
        if not records:
            raise WrongUsage("No record is named.", 'Write: pilotage quarantine discard Q-... --reason "..."')
        with self.house.open() as platform:
            with platform.database.snapshot() as tx:
                rows = [_find(platform, one, looking.quarantined(tx, _number(one))) for one in records]
            count = correcting.discard(
                platform.database, [row.id for row in rows], by=shell_user(), known=KNOWN, reason=reason
            )
        if not self.out.put({"discarded": count}):
            self.out.line(f"{count:,} {'record is' if count == 1 else 'records are'} discarded.")


def _number(record: str) -> int:
    return read("Q", record) or 0


def _find(platform: Platform, record: str, row: QuarantinedWhole | None) -> QuarantinedWhole:
    if row is not None:
        return row
    with platform.database.snapshot() as tx:
        near = [shown("Q", one.id) for one in looking.quarantined_of(tx, most=200)]
    remedy = did_you_mean(record, near, "`pilotage quarantine` lists those that wait.")
    raise NoSuchRecord(f"There is no record {record} in quarantine.", remedy)


def _corrected(pairs: Sequence[str]) -> dict[str, object]:
    corrected: dict[str, object] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise WrongUsage(f'"{pair}" sets nothing.', "Write: --set FIELD=VALUE")
        corrected[name.strip()] = plain_or_json(value) if value.startswith(("{", "[")) or value == "null" else value
    return corrected


def _listed(names: Sequence[str]) -> str:
    return f"There is: {', '.join(names)}." if names else "Quarantine is empty."


def plain_or_json(text: str) -> object:
    """JSON where the text is some, else the text."""
    try:
        return json.loads(text)
    except ValueError:
        return text
