"""Reading an invoice by its labels, in four languages; what is missing or ambiguous is said and not guessed. Pure."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final


class NotUnderstood(Exception):
    """Why the text is not understood, as a sentence."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """The fields of an invoice, each with the words that say it."""

    number: str
    date: date
    total: Decimal
    currency: str
    quotes: tuple[str, ...]


_NUMBER: Final = re.compile(
    r"(?:invoice\s*(?:number|no\.?|nr\.?|id|#)|factuur\s*(?:nummer|nr\.?)|rechnungs?\s*-?\s*(?:nummer|nr\.?)"
    r"|(?:num[ée]ro|n[°ºo]\.?)\s*(?:de\s*)?facture|facture\s*(?:num[ée]ro|n[°ºo]\.?))\s*[:#]?\s*(?P<value>[#A-Z0-9][\w/#.-]*\d[\w/-]*)",
    re.IGNORECASE,
)
_DATE: Final = re.compile(
    r"(?:invoice\s*date|date\s*of\s*invoice|factuurdatum|rechnungsdatum|date\s*de\s*(?:la\s*)?facture|\bdatum|\bdate)"
    r"\s*(?:of\s*issue\s*)?[:.]?\s*(?P<value>\d{1,4}[-/. ]\d{1,2}[-/. ]\d{2,4}|\d{1,2}\.?\s+[a-zéû]+\.?,?\s+\d{4}|[a-z]+\s+\d{1,2}\s*,\s*\d{4})",
    re.IGNORECASE,
)
_TOTAL: Final = re.compile(
    r"(?:grand\s*total|total\s*(?:amount|due|to\s*pay|ttc|incl\.?[^\n\d]*)?|amount\s*(?:due|payable)|totaal(?:\s*te\s*betalen|bedrag|\s*incl\.?[^\n\d]*)?"
    r"|gesamt(?:betrag|summe)?|rechnungsbetrag|zu\s*zahlen|montant\s*(?:total|ttc)|net\s*[àa]\s*payer)"
    r"[^\n\d€$£₹-]{0,40}(?P<value>(?:[€$£₹]|EUR|USD|GBP|INR|Rs\.?)?\s*\d[\d.,' ]*\d|\d)\s*(?P<after>€|EUR|USD|GBP|INR)?",
    re.IGNORECASE,
)
_STRONG: Final = re.compile(r"grand|due|pay|ttc|incl|betalen|gesamt|rechnungsbetrag|zahlen", re.IGNORECASE)
_NET: Final = re.compile(r"sub\s*-?\s*total|excl|netto|\bht\b|before\s*tax|untaxed", re.IGNORECASE)
SIGNS: Final = {
    "€": "EUR",
    "EUR": "EUR",
    "USD": "USD",
    "$": "USD",
    "£": "GBP",
    "GBP": "GBP",
    "₹": "INR",
    "INR": "INR",
    "RS": "INR",
}
MONTHS: Final = (
    *("jan", "feb fév", "mar maa mär mrt", "apr avr", "may mai mei", "jun juin"),
    *("jul juil", "aug aoû", "sep", "oct okt", "nov", "dec dez déc"),
)
"""How the months begin in English, Dutch, German and French."""


def read(text: str) -> Found:
    """The fields. Raises NotUnderstood."""
    number = _only("invoice number", {one["value"].rstrip(".-"): one[0] for one in _NUMBER.finditer(text)})
    day = _only("date", {_day(one["value"]): one[0] for one in _DATE.finditer(text)})
    total, words = _total(text)
    currency = _currency(text, words)
    return Found(number=number[0], date=day[0], total=total, currency=currency, quotes=(number[1], day[1], words))


def _only(what: str, found: dict) -> tuple:
    if not found:
        raise NotUnderstood(f"No {what} is labelled as one.")
    if len(found) > 1:
        raise NotUnderstood(f"There is more than one {what}: {', '.join(str(one) for one in list(found)[:3])}.")
    return next(iter(found.items()))


def _day(text: str) -> date:
    words = re.findall(r"[^\W\d_]+|\d+", text.lower())
    if len(words) != 3:
        raise NotUnderstood(f'"{text}" is no date.')
    named = [word for word in words if not word.isdigit()]
    try:
        if named:
            month = _month(named[0])
            day, year = sorted(int(word) for word in words if word.isdigit())
        elif len(words[0]) == 4:
            year, month, day = map(int, words)
        else:
            day, month, year = map(int, words)
            if "/" in text and day != month and day <= 12 and month <= 12:
                raise NotUnderstood(f'"{text}" may be day/month or month/day.')
            if month > 12:
                day, month = month, day
        return date(year + 2000 if year < 100 else year, month, day)
    except (KeyError, ValueError) as error:
        raise NotUnderstood(f'"{text}" is no date.') from error


def _month(word: str) -> int:
    """The number of a month. Raises KeyError."""
    for number, beginnings in enumerate(MONTHS, 1):
        if word.startswith(tuple(beginnings.split())):
            return number
    raise KeyError(word)


def _total(text: str) -> tuple[Decimal, str]:
    found: list[tuple[bool, Decimal, str]] = []
    for line in text.splitlines():
        found += [
            (bool(_STRONG.search(one[0])), _amount(one["value"]), one[0])
            for one in _TOTAL.finditer(line)
            if not _NET.search(line[: one.end()])
        ]
    strong = {amount: words for is_strong, amount, words in found if is_strong}
    every = strong or {amount: words for _, amount, words in found}
    return _only("total", every)


def _amount(text: str) -> Decimal:
    digits = re.sub(r"[^\d.,]", "", text).strip(".,")
    if match := re.fullmatch(r"(.*?)[.,](\d{2})", digits):
        return Decimal(f"{re.sub(r'[.,]', '', match[1]) or 0}.{match[2]}")
    if re.fullmatch(r"\d+", digits) or re.fullmatch(r"\d{1,3}([.,]\d{3})+", digits):
        return Decimal(re.sub(r"[.,]", "", digits))
    raise NotUnderstood(f'"{text.strip()}" is no amount.')


def _currency(text: str, words: str) -> str:
    for part in (words, text):
        upper = part.upper()
        found = {
            code
            for sign, code in SIGNS.items()
            if (sign in upper if not sign.isalpha() else re.search(rf"\b{sign}\b", upper))
        }
        if len(found) == 1:
            return found.pop()
    raise NotUnderstood("The currency is not clear.")
