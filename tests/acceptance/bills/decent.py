"""A model's server that answers as a decent model would: it reads what it is sent, and guesses where it is not clear.

Its ways of reading are its own, so that the checks of the automation are not asked about themselves.
"""

import re
from collections.abc import Callable
from typing import Final

from pilotage.testing import Question

Answer = dict[str, dict[str, object]]
Wrongly = Callable[[Answer, str], object]
"""What a model that goes astray makes of a right answer to this text."""

_NUMBER: Final = re.compile(
    r"(?:invoice|f ?actuur|rechnungs?|facture)[ -]*(?:number|num[ée]ro|nummer|nr\.?|no\.?|n°|id)?[ :#]*"
    r"(?P<value>[A-Z]*[\w/-]*\d[\w/-]*)|^# (?P<alone>\w+)$",
    re.IGNORECASE | re.MULTILINE,
)
_DATE: Final = re.compile(
    r"(?:date|datum|du)[^\w\n]*(?:of issue|de facture|factuur)?(?:[^\w\n]*|.*\n)"
    r"(?P<value>\d{4}-\d\d-\d\d|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}|\d{1,2}\.? [a-zéû]+ \d{4}|[a-z]+ \d{1,2} ?, ?\d{4})",
    re.IGNORECASE,
)
_MONEY: Final = re.compile(r"\d[\d.,]*[.,]\d\d(?!\d)|(?<=Rs )\d+")
_KINDS: Final = {
    "net": re.compile(
        r"sub-?total\b|total ht|totaal excl|exclusief btw|netto|(?:betrag|total).{0,5}ohne mwst", re.IGNORECASE
    ),
    "tax": re.compile(r"^(?:vat|tax|btw|tva|mwst|zzgl)\b", re.IGNORECASE),
    "total": re.compile(
        r"^(?:factuur )?(?:grand )?(?:total|totaal|gesamt)(?!.*(?:\bht\b|excl|ohne))|amount due|balance due|zu zahlen|[àa] payer",
        re.IGNORECASE,
    ),
}
_MONTHS: Final = [
    "jan",
    "feb|fév",
    "mar|mär|maa",
    "apr|avr",
    "may|mai|mei",
    "jun|juin",
    "jul|juil",
    "aug|aoû",
    "sep",
    "oct|okt",
    "nov",
    "dec|dez|déc",
]


def decent(wrongly: dict[str, Wrongly] | None = None) -> Callable[[Question], object]:
    """Says what it reads; where a text holds one of these words, what a model makes of it that goes astray."""

    def says(question: Question) -> object:
        text = question.data["text"]
        answer = right(text)
        return next((made(answer, text) for word, made in (wrongly or {}).items() if word in text), answer)

    return says


def right(text: str) -> Answer:
    """The answer, in the asked form."""
    value: dict[str, object] = dict.fromkeys(("number", "date", "total", "currency", "net", "tax"))
    quotes = dict(value)
    if number := _NUMBER.search(text):
        value["number"], quotes["number"] = number["value"] or number["alone"], number[0]
    if day := _DATE.search(text):
        value["date"], quotes["date"] = _iso(day["value"]), day[0]
    for name, kind in _KINDS.items():
        lines = [line for line in text.splitlines() if kind.search(line) and _MONEY.search(line)]
        if lines:
            said = _MONEY.findall(lines[-1])
            value[name], quotes[name] = _plain(said[-1] if name != "net" else said[0]), lines[-1]
    for sign, code in (("€", "EUR"), ("EUR", "EUR"), ("$", "USD"), ("USD", "USD"), ("Rs", "INR")):
        if sign in text and value["currency"] is None:
            line = next(line for line in text.splitlines() if sign in line)
            value["currency"], quotes["currency"] = code, line
    return {"value": value, "quotes": quotes}


def _plain(text: str) -> str:
    digits = re.sub(r"\D", "", text)
    return f"{digits[:-2]}.{digits[-2:]}" if re.search(r"[.,]\d\d$", text) else digits


def _iso(text: str) -> str:
    words = re.findall(r"[^\W\d_]+|\d+", text.lower())
    if len(words[0]) == 4 and words[0].isdigit():
        return text
    if words[0].isalpha():
        words = [words[1], words[0], words[2]]
    day, month, year = words
    if not month.isdigit():
        month = str(next((n for n, names in enumerate(_MONTHS, 1) if month.startswith(tuple(names.split("|")))), 0))
    if int(month) > 12:
        day, month = month, day
    return f"{year}-{int(month):02}-{int(day):02}"
