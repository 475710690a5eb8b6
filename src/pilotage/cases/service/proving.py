"""Proving, in one snapshot of a live system, that nothing is lost and that no row contradicts another."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from pilotage.cases.store import handing, looking, tallying
from pilotage.cases.sums import proof
from pilotage.cases.values_today import Sum
from pilotage.machinery.storage.database import Database, Tx

RIGHT: Final = tallying.RIGHT
"""The invariant that counting anew mends."""

Check: TypeAlias = Callable[[Tx], Mapping[str, Sequence[Sequence[object]]]]
"""What another subject knows to be true: the name of an invariant, and the rows that break it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Broken:
    """An invariant that does not hold, with a few of the rows that break it."""

    name: str
    rows: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """What `pilotage doctor` found."""

    sums: tuple[Sum, ...]
    checked: tuple[str, ...]
    """The names of the other invariants that were looked at."""
    broken: tuple[Broken, ...]

    @property
    def holds(self) -> bool:
        """Whether both sums add up and no invariant is broken."""
        return not self.broken and not any(one.missing for one in self.sums)


def count_anew(database: Database) -> None:
    """Count what the pages read from the tallies; who writes waits until it is done."""
    with database.transaction() as tx:
        tallying.count_anew(tx)


def prove(database: Database, checks: Sequence[Check] = ()) -> Proof:
    """Both sums and every invariant that the database can show, those of `checks` among them, in one snapshot."""
    with database.snapshot() as tx:
        sums = proof(looking.tally(tx))
        found: dict[str, Sequence[Sequence[object]]] = {
            **looking.doubles(tx),
            **handing.doubts(tx),
            **tallying.doubts(tx),
        }
        for check in checks:
            found |= check(tx)
    broken = tuple(
        Broken(name=name, rows=tuple(" ".join(str(value) for value in row) for row in rows))
        for name, rows in found.items()
        if rows
    )
    return Proof(sums=sums, checked=tuple(found), broken=broken)
