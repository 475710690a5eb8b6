"""`pilotage doctor`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from pilotage.cases.service.proving import RIGHT, Proof, count_anew, prove
from pilotage.cases.values_today import Sum, Term
from pilotage.inbox import store as inbox_store
from pilotage.machinery.cli.exits import Exit
from pilotage.machinery.cli.output import Output
from pilotage.operations.commands.house import House

_SUMS = ("Every record is somewhere", "Every case is somewhere")


@dataclass(frozen=True)
class DoctorCommand:
    """Proves."""

    house: House
    out: Output

    def doctor(
        self,
        *,
        count: Annotated[bool, Parameter(negative="", help="count what has ended anew first, for the pages")] = False,
    ) -> int:
        """Prove that nothing was lost and nothing done twice.

        Both sums and every other invariant that the database can show, in one snapshot of the live system. Ends with 1
        and the discrepancy if something does not hold.
        """
        with self.house.open() as platform:
            if count:
                self.out.say("Counting everything that is stored. Nothing moves meanwhile ...")
                count_anew(platform.database)
            proof = prove(platform.database, [inbox_store.doubles, *self.house.checks()])
            more = self.house.needs_of(platform)
        data = {**_as_data(proof), "needs": [{"title": one.title, "command": one.command} for one in more]}
        if not self.out.put(data):
            self._tell(proof)
            for one in more:
                self.out.say(f"Not lost, but it stands still: {one.title}. ({one.command})")
        return Exit.OK if proof.holds else Exit.NOT_WELL

    def _tell(self, proof: Proof) -> None:
        for title, one in zip(_SUMS, proof.sums, strict=True):
            self.out.line(f"{_mark(not one.missing)}  {title}", style="bold")
            self.out.line(f"        {_side(one.left)} = {_side(one.right)}")
            if one.missing:
                self.out.line(
                    f"        {abs(one.missing):,} {'missing' if one.missing > 0 else 'too many'} on the right."
                )
        broken = {one.name: one for one in proof.broken}
        for name in proof.checked:
            self.out.line(f"{_mark(name not in broken)}  {name.capitalize()}")
            for row in broken[name].rows if name in broken else ():
                self.out.line(f"        {row}")
        if proof.holds:
            self.out.say("\nEverything holds.")
        elif set(broken) == {RIGHT} and not any(one.missing for one in proof.sums):
            self.out.say("\nNothing is lost, but pages show wrong numbers. `pilotage doctor --count` counts anew.")
        else:
            if RIGHT in broken:
                self.out.say("\nPages show wrong numbers: `pilotage doctor --count` counts anew what is stored.")
            self.out.say(
                "\nSomething does not hold. Stop new effects (`pilotage hold`), keep the database as it is, and report it."
            )


def _mark(holds: bool) -> str:  # noqa: FBT001 - private, and reads well
    return "ok    " if holds else "BROKEN"


def _side(terms: tuple[Term, ...]) -> str:
    shown = [term for term in terms if term.count] or list(terms[:1])
    return " + ".join(f"{term.count:,} {term.name}" for term in shown)


def _as_data(proof: Proof) -> Mapping[str, object]:
    return {
        "holds": proof.holds,
        "sums": [_sum(name, one) for name, one in zip(_SUMS, proof.sums, strict=True)],
        "checked": list(proof.checked),
        "broken": [{"name": one.name, "rows": list(one.rows)} for one in proof.broken],
    }


def _sum(name: str, one: Sum) -> Mapping[str, object]:
    return {
        "name": name,
        "left": {term.name: term.count for term in one.left},
        "right": {term.name: term.count for term in one.right},
        "missing": one.missing,
    }
