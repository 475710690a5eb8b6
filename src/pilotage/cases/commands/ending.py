"""`pilotage withdraw` and `pilotage replay`."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from pilotage.cases.commands.house import House, Platform
from pilotage.cases.commands.submitting import in_words
from pilotage.cases.errors import NothingToReplay
from pilotage.cases.service.ending import withdraw
from pilotage.cases.service.finding import numbers
from pilotage.cases.service.replaying import Replayed, fates, replay
from pilotage.cases.service.settling import wait_until_still
from pilotage.cases.store import looking
from pilotage.kernel.errors import UnknownName
from pilotage.kernel.ids import shown
from pilotage.machinery.cli.bounds import NOT_NEGATIVE
from pilotage.machinery.cli.errors import WrongUsage
from pilotage.machinery.cli.exits import Exit
from pilotage.machinery.cli.names import did_you_mean
from pilotage.machinery.cli.output import Output
from pilotage.machinery.cli.person import KNOWN, shell_user

_LISTED = 20

Cases = Annotated[str, Parameter(help="ids (C-...) or keys of records")]


@dataclass(frozen=True)
class EndingCommands:
    """What people do with cases as a whole."""

    house: House
    out: Output

    def withdraw(
        self,
        *cases: Cases,
        reason: Annotated[str, Parameter(help="why; it stays in the case's timeline")],
        automation: Annotated[str | None, Parameter(help="where several automations have a key")] = None,
    ) -> None:
        """End open cases by a person's act.

        What is planned is not sent any more. What was sent stays sent, and in the ledger.
        """
        if not cases:
            raise WrongUsage("No case is named.", 'Write: pilotage withdraw C-... --reason "..."')
        with self.house.open() as platform:
            chosen = numbers(platform.database, cases, automation)
            ended = withdraw(platform.database, platform.inbox, chosen, by=shell_user(), known=KNOWN, reason=reason)
        left = [shown("C", case) for case in chosen if case not in ended]
        if not self.out.put({"withdrawn": [shown("C", case) for case in ended], "had_ended": left}):
            self.out.line(f"Withdrawn: {', '.join(shown('C', case) for case in ended)}.")
            if left:
                self.out.say(f"Had ended already: {', '.join(left)}.")

    def replay(
        self,
        *cases: Cases,
        reason: Annotated[str, Parameter(help="why, such as what was mended")],
        all_: Annotated[bool, Parameter(name="--all", help="every dead letter")] = False,
        automation: Annotated[str | None, Parameter(help="dead letters of this automation")] = None,
        step: Annotated[str | None, Parameter(help="dead letters that failed at this step")] = None,
        reason_contains: Annotated[str | None, Parameter(help="dead letters whose reason has these words")] = None,
        from_start: Annotated[bool, Parameter(help="from the first step, and not from the one that failed")] = False,
        within: Annotated[
            float, Parameter(help="seconds to wait for what becomes of them", validator=NOT_NEGATIVE)
        ] = 120.0,
    ) -> int:
        """Run dead letters again, and say what became of each.

        Nothing that was done outside is repeated: the ledger knows it. Ends with 1 if one failed again.
        """
        if not (cases or all_ or automation or step or reason_contains):
            raise WrongUsage(
                "Nothing says which dead letters to replay.",
                "Name cases (C-...), or say --automation, --step, --reason-contains or --all.",
            )
        with self.house.open() as platform:
            if cases:
                chosen = numbers(platform.database, cases, automation)
            else:
                chosen = self._chosen(platform, automation, step, reason_contains)
            with platform.working():
                revived = _revive(platform, chosen, from_start=from_start, reason=reason)
                with self.out.watching() as watched:
                    wait_until_still(
                        platform.database,
                        platform.pairs(),
                        within=within,
                        seen=lambda left: watched.show(in_words(left)),
                    )
                became = fates(platform.database, revived)
        return self._tell(became)

    def _chosen(self, platform: Platform, automation: str | None, step: str | None, words: str | None) -> list[int]:
        if automation is not None:
            platform.automation(automation)
        with platform.database.snapshot() as tx:
            found = looking.dead_letters(tx, automation, node=step, reason=words)
            everything = found or looking.dead_letters(tx, automation)
        if found:
            return [row.id for row in found]
        steps = sorted({str(row.node) for row in everything})
        if step is not None and everything and step not in steps:
            raise UnknownName(
                f'No dead letter failed at "{step}".', did_you_mean(step, steps, f"They failed at: {', '.join(steps)}.")
            )
        if not everything:
            raise NothingToReplay("There are no dead letters.", "Nothing needs to be replayed.")
        raise NothingToReplay(
            f"None of the {len(everything):,} dead letters is meant.", "`pilotage status` says what their reasons are."
        )

    def _tell(self, became: Sequence[Replayed]) -> int:
        counts = Counter(one.fate for one in became)
        failed = [one for one in became if one.fate == "failed again"]
        data = {
            "replayed": len(became),
            **{name.replace(" ", "_"): counts.get(name, 0) for name in _FATES},
            "cases": [
                {"case": shown("C", one.case), "key": one.key, "fate": one.fate, "reason": one.reason} for one in became
            ],
        }
        if not self.out.put(data):
            self.out.table(("became of them", "cases"), [(name, counts[name]) for name in _FATES if counts.get(name)])
            rows = [(shown("C", one.case), one.key, one.fate, one.reason) for one in became if one.fate != "succeeded"]
            if rows:
                self.out.table(("case", "key", "became", "why"), rows[:_LISTED], title="Not done")
            if len(rows) > _LISTED:
                self.out.say(f"... and {len(rows) - _LISTED:,} more; --json lists them all.")
            if counts.get("still running"):
                self.out.say("What is still running goes on with `pilotage run`; `pilotage case` says where it is.")
        return Exit.NOT_WELL if failed else Exit.OK


_FATES = ("succeeded", "failed again", "with people", "still running", "withdrawn")


def _revive(platform: Platform, cases: Sequence[int], *, from_start: bool, reason: str) -> list[int]:
    """Make them ready again, in groups that begin at the same step."""
    if not from_start:
        return replay(
            platform.database, cases, first=None, from_start=False, by=shell_user(), known=KNOWN, reason=reason
        )
    groups: dict[str | None, list[int]] = {}
    with platform.database.snapshot() as tx:
        for case in cases:
            row = looking.case_by_id(tx, case)
            if row is not None:
                groups.setdefault(platform.first_of(row.automation, row.release, row.node), []).append(case)
    revived: list[int] = []
    for first, members in groups.items():
        revived += replay(
            platform.database, members, first=first, from_start=True, by=shell_user(), known=KNOWN, reason=reason
        )
    return revived
