"""Sorting records that arrive: accepted, a duplicate, a conflict, or malformed. Pure."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from pilotage.authoring.automation import Automation


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """A record before it is checked: its fields (or a typed record), or why there are none."""

    fields: object
    """A mapping, or a record of the contract; None for what could not be read."""
    original: bytes | None = None
    """The bytes as they came; None: the fields as JSON stand for them."""
    digest: str | None = None
    whole: bool = True
    number: int | None = None
    start: int | None = None
    end: int | None = None
    reason: str | None = None
    shape: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """A record that keeps its contract."""

    arrival: Arrival
    key: str
    text: str
    """The record as JSON, in the form of its contract."""
    digest: str
    segments: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Faulty:
    """A record that is no case: why, and by which shape same faults are grouped."""

    arrival: Arrival
    kind: str
    field: str | None
    reason: str
    shape: str
    key: str | None = None
    beside: int | None = None


@dataclass(kw_only=True, slots=True)
class Sorted:
    """A block of records, sorted."""

    accepted: list[Accepted] = field(default_factory=list[Accepted])
    faulty: list[Faulty] = field(default_factory=list[Faulty])
    duplicates: int = 0


def check(automation: Automation, arrivals: Iterable[Arrival]) -> tuple[list[Accepted], list[Faulty]]:
    """Check records against the contract; each good one with its key and segments."""
    accepted: list[Accepted] = []
    faulty: list[Faulty] = []
    for arrival in arrivals:
        if arrival.reason is not None:
            faulty.append(
                Faulty(
                    arrival=arrival,
                    kind="unreadable",
                    field=None,
                    reason=arrival.reason,
                    shape=arrival.shape or "unreadable",
                )
            )
            continue
        try:
            one = _accept(automation, arrival)
        except ValidationError as error:
            faulty.append(_malformed(arrival, error))
        except Exception as error:  # noqa: BLE001 - key= and segments= are the author's code: their failure is this record's
            reason = f"Its key or segment could not be made: {type(error).__name__}: {error}"
            faulty.append(
                Faulty(
                    arrival=arrival, kind="malformed", field=None, reason=reason, shape=f"key: {type(error).__name__}"
                )
            )
        else:
            accepted.append(one)
    return accepted, faulty


def _accept(automation: Automation, arrival: Arrival) -> Accepted:
    codec = automation.plan.record
    if isinstance(arrival.fields, BaseModel):
        record: object = arrival.fields
    else:
        record = codec.decode(arrival.fields)
    text = to_json(codec.encode(record)).decode()
    key = cast("object", automation.key_of(record))  # the author's function may give anything
    if not isinstance(key, str) or not key:
        msg = f"key= gave {key!r}; a key is a text that is not empty"
        raise ValueError(msg)
    return Accepted(
        arrival=arrival,
        key=key,
        text=text,
        digest=hashlib.blake2b(text.encode(), digest_size=16).hexdigest(),
        segments=segments_text(automation.segments_of(record)),
    )


def segments_text(segments: Mapping[str, str]) -> str | None:
    """Segments as one text in which each stands between bars: |client=charity|product=loan|."""
    if not segments:
        return None
    return "|" + "|".join(f"{name}={value}".replace("|", "/") for name, value in sorted(segments.items())) + "|"


def _malformed(arrival: Arrival, error: ValidationError) -> Faulty:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or None
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return Faulty(
        arrival=arrival,
        kind="malformed",
        field=where,
        reason=f"{where or 'The record'}: {first['msg']}{more}",
        shape=f"{where or 'record'}: {first['type']}",
    )


def sort(
    accepted: Sequence[Accepted], faulty: Sequence[Faulty], known: Mapping[str, tuple[int, str]], faults: set[str]
) -> Sorted:
    """Tell new records from duplicates and conflicts, among themselves and with what is `known` (key -> case, digest).

    The same key with the same content is a duplicate; with other content it is a conflict and never dropped. A broken
    record that waits in quarantine already (`faults`: digests of original bytes) is a duplicate too.
    """
    result = Sorted()
    seen: dict[str, str] = {}
    for one in accepted:
        earlier = known.get(one.key)
        digest = seen.get(one.key) if earlier is None else earlier[1]
        if digest is None:
            seen[one.key] = one.digest
            result.accepted.append(one)
        elif digest == one.digest:
            result.duplicates += 1
        else:
            fault = Faulty(
                arrival=one.arrival,
                kind="conflict",
                field=None,
                key=one.key,
                beside=earlier[0] if earlier else None,
                reason=f'The key "{one.key}" came before with other content.',
                shape="conflict: same key, other content",
            )
            _add_fault(result, fault, faults)
    for fault in faulty:
        _add_fault(result, fault, faults)
    return result


def _add_fault(result: Sorted, fault: Faulty, faults: set[str]) -> None:
    digest = digest_of(fault.arrival)
    if digest in faults:
        result.duplicates += 1
    else:
        faults.add(digest)
        result.faulty.append(fault)


def original_of(arrival: Arrival) -> bytes:
    """The bytes as they came, or the fields as JSON."""
    return arrival.original if arrival.original is not None else to_json(arrival.fields, fallback=repr)


def digest_of(arrival: Arrival) -> str:
    """A digest of the original bytes."""
    return arrival.digest or hashlib.sha256(original_of(arrival)).hexdigest()
