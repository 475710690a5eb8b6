"""The two sums that hold at all times: no record and no case is lost. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pilotage.cases.values import Place
from pilotage.cases.values_today import Sum, Term


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """Everything that the sums are made of, read in one snapshot."""

    arrived: int = 0
    accepted: int = 0
    duplicates: int = 0
    in_quarantine: int = 0
    released: int = 0
    discarded: int = 0
    born: int = 0
    """Cases that a for-each gave birth to."""
    taken_over: int = 0
    """Cases that were handed over to here."""
    had_already: int = 0
    """Values that were handed over to here, and were here already."""
    not_fitting: int = 0
    """Values that were handed over to here, and came to quarantine."""
    archived: int = 0
    """Ended cases that were taken out into archives."""
    places: Mapping[Place, int] = field(default_factory=dict[Place, int])


def proof(tally: Tally) -> tuple[Sum, Sum]:
    """What came in against what became of it; and the cases that exist against where they are."""
    handed_over = tally.taken_over + tally.had_already + tally.not_fitting
    by_hand_over = (Term(name="came by a hand-over", count=handed_over),) if handed_over else ()
    taken_over = Term(name="handed over to here", count=tally.taken_over)
    records = Sum(
        left=(Term(name="arrived", count=tally.arrived), *by_hand_over),
        right=(
            Term(name="accepted", count=tally.accepted),
            *((taken_over,) if by_hand_over else ()),
            Term(name="duplicates", count=tally.duplicates + tally.had_already),
            Term(name="in quarantine", count=tally.in_quarantine),
            Term(name="released from quarantine", count=tally.released),
            Term(name="discarded by a person", count=tally.discarded),
        ),
    )
    cases = Sum(
        left=(
            Term(name="accepted", count=tally.accepted),
            Term(name="released from quarantine", count=tally.released),
            Term(name="born of a for-each", count=tally.born),
            taken_over,
        ),
        right=(
            *(Term(name=place.value, count=tally.places.get(place, 0)) for place in Place),
            Term(name="archived", count=tally.archived),
        ),
    )
    return records, cases
