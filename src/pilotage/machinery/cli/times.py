"""Times, ages and ids as they stand in a terminal and in JSON."""

from datetime import UTC

from pilotage.kernel.clock import from_micros


def iso(at: int | None) -> str | None:
    """A stored time for a program: 2026-11-23T16:40:12.345678Z."""
    return None if at is None else from_micros(at).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def when(at: int, now: int | None = None) -> str:
    """A stored time for a person, in UTC; the day is left out when it is today."""
    moment = from_micros(at)
    today = now is not None and from_micros(now).date() == moment.date()
    return moment.astimezone(UTC).strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M:%S")


def age(micros: int) -> str:
    """How long something has lasted, in the one unit that matters: 3 s, 5 min, 2 h, 4 days."""
    seconds = max(0, micros // 1_000_000)
    for unit, size in (("days", 2 * 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // (86_400 if unit == 'days' else size)} {unit}"
    return f"{seconds} s"


def until(due: int, now: int) -> str:
    """How far away a time is: "in 5 min", or "5 min ago"."""
    return f"in {age(due - now)}" if due >= now else f"{age(now - due)} ago"
