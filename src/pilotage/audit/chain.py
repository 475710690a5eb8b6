"""The chain: each link is a digest of the link before it, its own place and the digest of what was done."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Final

from pilotage.audit.values import Entry, Head

FIRST: Final = "0" * 64
"""What stands before the first link."""


def digest(entry: Entry) -> str:
    """The digest of an act's contents."""
    content = [entry.id, entry.at, entry.kind, entry.subject, entry.said, entry.by, entry.known, entry.details]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def link(before: str, number: int, content: str) -> str:
    """The link behind `before`, for the act of this number and digest."""
    return hashlib.sha256(f"{before}:{number}:{content}".encode()).hexdigest()


def doubts(sealed: Iterable[Entry], heads: Iterable[Head], *, until: int | None = None) -> Iterator[str]:
    """What does not fit, in words; `sealed` in the order of their numbers, `heads` too.

    Everything behind the first break is compared with the link that is written, so that one altered row is one doubt.
    """
    wanted = {head.number: head for head in heads}
    before, number = FIRST, 0
    for entry in sealed:
        number += 1
        if entry.number != number:
            yield f"act {number} is missing: act {entry.number} follows act {number - 1}"
            number = entry.number or number
        elif link(before, number, entry.digest or "") != entry.link:
            yield f"act {number} ({entry.kind}) is not linked to the one before it"
        if digest(entry) != entry.digest:
            yield f"act {number} ({entry.kind}, {entry.subject}) was altered"
        head = wanted.pop(number, None)
        if head is not None and head.link != entry.link:
            yield f"act {number} is not what the signed head of that number says"
        before = entry.link or ""
    last = max(wanted, default=0) if until is None else max(until, *wanted, 0)
    if last > number:
        yield f"acts {number + 1} to {last} are missing at the end"
    elif wanted:
        yield f"signed heads without an act: {', '.join(map(str, sorted(wanted)))}"
