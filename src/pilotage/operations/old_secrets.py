"""What needs somebody because a secret is too old, ends soon, or is at its end."""

from collections.abc import Iterable
from datetime import timedelta

from pilotage.credentials.ageing import Age
from pilotage.credentials.service.looking import Told
from pilotage.operations.values import Condition, Need, Urgency

_DAY = 86_400_000_000


def needs(told: Iterable[Told]) -> list[Need]:
    """One for each secret that is not young; of one whose age nobody knows, nothing can be said."""
    return [_need(one) for one in told if one.standing.age in {Age.SOON, Age.OLD, Age.EXPIRED}]


def _need(one: Told) -> Need:
    left = one.standing.left or 0
    days = abs(left) // _DAY
    span = f"{days} {'day' if days == 1 else 'days'}" if days else "less than a day"
    match one.standing.age:
        case Age.EXPIRED:
            title, why = f"The secret {one.name} has ended", f"{span} ago. Calls with it fail."
        case Age.OLD:
            title, why = (
                f"The secret {one.name} is older than it may be",
                f"Since {span}. Whoever has learned it can still use it.",
            )
        case _:
            title, why = (
                f"The secret {one.name} has to be replaced soon",
                f"In {span} it ends, or is older than it may be.",
            )
    held = f" {len(one.held)} hold it now." if one.held else ""
    return Need(
        condition=Condition.WELL if one.standing.age is Age.SOON else Condition.ATTENTION,
        urgency=Urgency.WORK if one.standing.age is Age.SOON else Urgency.TROUBLE,
        title=title,
        why=why + held,
        command=f"pilotage secret rotate {one.name}",
        oldest=None if left > 0 else timedelta(microseconds=-left),
    )
