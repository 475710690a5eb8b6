"""What asking a model takes, as values."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Tokens:
    """Tokens that went in and came out."""

    inward: int = 0
    outward: int = 0
    cached: int = 0
    """Of those that went in, how many the server knew already."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Took:
    """What one call took."""

    tokens: Tokens | None
    """None: nobody knows."""
    money: Decimal | None
    """In USD; None: nobody knows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sum:
    """What several calls took together, and of how many it is not known."""

    calls: int
    uncounted: int
    inward: int
    outward: int
    money: Decimal | None
    """Of the calls that were counted; None where the price is not known."""


def total(calls: Iterable[Took]) -> Sum:
    """Several calls together."""
    took = list(calls)
    counted = [one.tokens for one in took if one.tokens is not None]
    amounts = [one.money for one in took if one.tokens is not None]
    known = [amount for amount in amounts if amount is not None]
    return Sum(
        calls=len(took),
        uncounted=len(took) - len(counted),
        inward=sum(each.inward for each in counted),
        outward=sum(each.outward for each in counted),
        money=sum(known, Decimal(0)) if len(known) == len(amounts) and amounts else None,
    )
