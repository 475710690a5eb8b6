"""What a program can check of an invoice that somebody else read, without reading it itself. Pure.

A model may copy words that are there and still give another value, or obey what stands in the document. So each value must
stand in the words that it was read from, the sum must be right, and the document must call no other amount its total.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import permutations
from typing import Final, Protocol

from tests.acceptance.bills.reading import MONTHS, SIGNS


class Fields(Protocol):
    """What was read."""

    @property
    def number(self) -> str:
        """Of the invoice."""
        ...

    @property
    def date(self) -> date:
        """Of the invoice."""
        ...

    @property
    def total(self) -> Decimal:
        """To pay."""
        ...

    @property
    def currency(self) -> str:
        """Of the total."""
        ...

    @property
    def net(self) -> Decimal | None:
        """Without tax."""
        ...

    @property
    def tax(self) -> Decimal | None:
        """On the net."""
        ...


_AMOUNT: Final = re.compile(
    r"(?<![\w.,])(?:\d{1,3}(?:[., ']\d{3})+|\d+)[.,]\d{2}(?!\w|[.,]\d)|(?<=[€$£₹])\s?\d+(?![\d.,])|(?<=\bRs )\d+(?![\d.,])"
)
_TOTAL: Final = re.compile(
    r"\btotal\b|\btotaa?l\b|\bgesamt|rechnungsbetrag|amount\s+due|balance\s+due|zu\s+zahlen|[àa]\s+payer|te\s+betalen",
    re.IGNORECASE,
)
_NO_TOTAL: Final = re.compile(
    r"sub-?\s*tota|\bht\b|excl|\bnet(?:to|\s+total)?\b|ohne|untaxed|before\s+tax", re.IGNORECASE
)
_DAY: Final = re.compile(
    r"\d{1,4}[-/.]\d{1,2}[-/.]\d{2,4}|\d{1,2}\.?\s+[^\W\d_]+\.?,?\s+\d{4}|[^\W\d_]+\.?\s+\d{1,2}\s*,\s*\d{4}"
)
_INVOICE_DAY: Final = re.compile(
    rf"(?:invoice\s+date|date\s+of\s+invoice|f ?actuur\s?datum|rechnungsdatum|date\s+de\s+(?:la\s+)?facture)[^\w\n]*(?P<day>{_DAY.pattern})",
    re.IGNORECASE,
)


def doubt(text: str, fields: Fields, quotes: Sequence[str]) -> str | None:
    """Why these fields had better be looked at by a person, as a sentence; None where nothing speaks against them."""
    return next(_doubts(text, fields, quotes), None)


def _doubts(text: str, fields: Fields, quotes: Sequence[str]) -> Iterator[str]:
    if not any(_close(fields.number) in _close(quote) for quote in quotes):
        yield f"The number {fields.number} does not stand in the words that it was read from."
    days = [readings for quote in quotes for readings in days_in(quote) if fields.date in readings]
    if not days:
        yield f"The date {fields.date} does not stand in the words that it was read from."
    elif all(len(readings) > 1 for readings in days):
        yield f"The date may be {' or '.join(str(day) for day in sorted(days[0]))}."
    if (labelled := invoice_days_in(text)) and fields.date not in set().union(*labelled):
        others = " or ".join(sorted({str(day) for readings in labelled for day in readings}))
        yield f"The date is read as {fields.date}, and the document has {others} as the invoice's."
    quoted = {amount for quote in quotes for amount in amounts_in(quote)}
    for name, amount in (("total", fields.total), ("net", fields.net), ("tax", fields.tax)):
        if amount is not None and amount not in quoted:
            yield f"The {name} {amount} does not stand in the words that it was read from."
    if fields.currency not in currencies_in(" ".join(quotes)):
        yield f"The currency {fields.currency} does not stand in the words that it was read from."
    if fields.net is not None and fields.tax is not None and fields.net + fields.tax != fields.total:
        yield f"Net {fields.net} and tax {fields.tax} make {fields.net + fields.tax}, and not the total {fields.total}."
    if others := totals_in(text) - {fields.total}:
        yield f"The total is read as {fields.total}, and the document calls {', '.join(map(str, sorted(others)))} a total."


def invoice_days_in(text: str) -> list[set[date]]:
    """What follows the words for the invoice's date, each as the days that it may be."""
    return [readings for found in _INVOICE_DAY.finditer(text) for readings in days_in(found["day"])]


def totals_in(text: str) -> set[Decimal]:
    """The last amount of every line that speaks of a total."""
    lines = [line for line in text.splitlines() if _TOTAL.search(line) and not _NO_TOTAL.search(line)]
    return {found[-1] for line in lines if (found := amounts_in(line))}


def amounts_in(text: str) -> list[Decimal]:
    """The amounts of money, in order."""
    return [_amount(found) for found in _AMOUNT.findall(text)]


def currencies_in(text: str) -> set[str]:
    """The currencies whose sign or code stands there."""
    upper = text.upper()
    return {
        code for sign, code in SIGNS.items() if re.search(rf"\b{sign}\b" if sign.isalpha() else re.escape(sign), upper)
    }


def days_in(text: str) -> Iterator[set[date]]:
    """Every date, as the days that it may be: 03/04/2026 may be two."""
    for found in _DAY.findall(text):
        words = re.findall(r"[^\W\d_]+|\d+", found.lower())
        numbers = [int(word) for word in words if word.isdigit()]
        months = [month for word in words if not word.isdigit() and (month := _month(word))]
        if len(numbers) == 3:
            readings = {day for order in _orders(found) if (day := _day(*(numbers[place] for place in order)))}
        elif months and len(numbers) == 2:
            readings = {day for one, year in permutations(numbers) if (day := _day(year, months[0], one))}
        else:
            readings = set()
        if readings:
            yield readings


def _orders(said: str) -> tuple[tuple[int, int, int], ...]:
    """Where year, month and day may stand: whoever writes dots means the day first."""
    if re.match(r"\d{4}", said):
        return ((0, 1, 2),)
    return ((2, 1, 0),) if "." in said else ((2, 1, 0), (2, 0, 1))


def _month(word: str) -> int | None:
    return next((number for number, begin in enumerate(MONTHS, 1) if word.startswith(tuple(begin.split()))), None)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year + 2000 if year < 100 else year, month, day)
    except ValueError:
        return None


def _amount(text: str) -> Decimal:
    digits = re.sub(r"\D", "", text)
    return Decimal(f"{digits[:-2]}.{digits[-2:]}") if re.search(r"[.,]\d{2}$", text) else Decimal(digits)


def _close(text: str) -> str:
    return "".join(text.casefold().split())
