"""What the audit trail is told of what people do with cases and records, in the transaction in which they do it.

It names ids alone. Reasons, keys and values stand with the case, where they can be erased; the trail never loses a row.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from pilotage.kernel.ids import shown
from pilotage.machinery.events.recording import record
from pilotage.machinery.events.values import Detail, Event
from pilotage.machinery.storage.database import Tx

_ONE_BY_ONE: Final = 100
"""Up to so many at once have a row each; more of them are one row that counts them: each has its own timeline."""
_KINDS: Final = {"C": "case", "Q": "record", "E": "effect"}


def recount(
    tx: Tx,
    now: int,
    numbers: Sequence[int],
    *,
    letter: str,
    kind: str,
    said: str,
    by: str,
    known: str,
    details: Mapping[str, Detail] | None = None,
) -> None:
    """Write down that somebody did this to these: `said` is the end of a sentence that begins with the id."""
    thing, more = _KINDS[letter], dict(details or {})
    if len(numbers) <= _ONE_BY_ONE:
        named = [(f"{thing} {shown(letter, one)}", shown(letter, one), more) for one in numbers]
    else:
        first, last = shown(letter, min(numbers)), shown(letter, max(numbers))
        count = {"count": len(numbers), "first": first, "last": last}
        named = [(f"{thing}s", f"each of {len(numbers):,} {thing}s from {first} to {last}", more | count)]
    events = [
        Event(kind=kind, subject=subject, said=f"{who} {said}", by=by, known=known, details=about)
        for subject, who, about in named
    ]
    record(tx, now, *events)
