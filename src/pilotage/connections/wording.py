"""Limits in words, as people read them in messages, on the command line and on the page. Pure."""

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from pilotage.connections.breaker import Terms
from pilotage.connections.counting import SECOND, Form, QuotaForm, RateForm, is_money

_SPELLED: Final = {1: "second", 60: "minute", 3600: "hour", 86_400: "day"}


def in_words(form: Form) -> str:
    """A limit in a few words: "10,000 calls a day (Europe/Berlin)"."""
    match form:
        case RateForm():
            at_once = "" if form.burst == form.calls else f", {amount_in_words(form.burst, '')} at once"
            words = f"{amount_in_words(form.calls, form.unit)} a {form.per}{at_once}"
        case QuotaForm():
            words = f"{amount_in_words(form.calls, form.unit)} a {form.per} ({form.zone})"
        case _:
            length = getattr(form, "length", 0) / SECOND
            words = f"{amount_in_words(form.most, form.unit)} in any {_SPELLED.get(int(length), f'{length:g} s')}"
    return words if form.by is None else f"{words} for each {form.by}"


def form_in_a_word(form: Form) -> str:
    """The name of the form in which it counts: Rate, Quota or Window."""
    return type(form).__name__.removesuffix("Form")


def amount_in_words(amount: float, unit: str) -> str:
    """An amount with its unit; money is counted in millionths."""
    if is_money(unit):
        return f"{amount / SECOND:,.2f} {unit}"
    return f"{amount:,.0f} {unit}".strip()


def moment_in_words(moment: datetime, now: datetime, zone: str = "UTC") -> str:
    """A moment near now: "15:20", "midnight", "tomorrow at 15:20", or with its day where it is further away."""
    there, here = moment.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone))
    days = (there.date() - here.date()).days
    if there.hour == there.minute == 0 and days == 1:
        return "midnight"
    time = f"{there:%H:%M:%S}" if abs(moment - now) < timedelta(minutes=2) else f"{there:%H:%M}"
    match days:
        case 0:
            return time
        case 1:
            return f"tomorrow at {time}"
        case _:
            return f"{there.day} {there:%B} at {time}"


def terms_in_words(terms: Terms) -> str:
    """When a breaker opens: "5 or more calls of the last 2 min failed, and at least 50% of them; probed after 2 s"."""
    calls = "1 or more calls" if terms.at_least == 1 else f"{terms.at_least:,} or more calls"
    share = f"{terms.rate:.1%}".replace(".0%", "%")
    return (
        f"{calls} of the last {_length(terms.within)} failed, and at least {share} of them; "
        f"probed after {_length(terms.probe_after)}"
    )


def _length(micros: int) -> str:
    seconds = micros / SECOND
    return f"{seconds / 60:g} min" if seconds >= 60 and seconds % 60 == 0 else f"{seconds:g} s"
