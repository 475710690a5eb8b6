"""Sorting records that arrive: accepted, a duplicate, a conflict, or malformed. Pure."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from pilotage.authoring.automation import Automation
from pilotage.authoring.documents import Document, documents_in
from pilotage.authoring.plan import Codec
from pilotage.kernel.foreign import RAISED
from pilotage.kernel.writable import is_writable


class Arrival(NamedTuple):
    """A record before it is checked: its fields (or a typed record), or why there are none. One is made for every record."""

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


class Accepted(NamedTuple):
    """A record that keeps its contract."""

    arrival: Arrival
    key: str
    text: str
    """The record as JSON, in the form of its contract."""
    digest: str
    segments: str | None
    documents: tuple[Document, ...] = ()


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
    repeated: list[tuple[Arrival, str | None]] = field(default_factory=list[tuple[Arrival, str | None]])
    """Duplicates, each with the key under which it is here; None: it waits in quarantine already."""

    @property
    def duplicates(self) -> int:
        """How many came before."""
        return len(self.repeated)


def check(automation: Automation, arrivals: Iterable[Arrival]) -> tuple[list[Accepted], list[Faulty]]:
    """Check records against the contract; each good one with its key and segments."""
    accepted: list[Accepted] = []
    faulty: list[Faulty] = []
    readable: list[Arrival] = []
    for arrival in arrivals:
        if arrival.reason is None:
            readable.append(arrival)
        else:
            shape = arrival.shape or "unreadable"
            faulty.append(Faulty(arrival=arrival, kind="unreadable", field=None, reason=arrival.reason, shape=shape))
    for arrival, typed in zip(readable, _typed(automation, readable), strict=True):
        if isinstance(typed, Faulty):
            faulty.append(typed)
            continue
        record, plain = typed
        try:
            accepted.append(_accept(automation, arrival, record, plain))
        except RAISED as error:  # key= and segments= are the author's code: their failure is this record's
            faulty.append(_without_key(arrival, error))
    return accepted, faulty


_Typed: TypeAlias = tuple[object, object]
"""A record, typed and as plain data."""


def _typed(automation: Automation, arrivals: Sequence[Arrival]) -> list[_Typed | Faulty]:
    """Each record as its contract has it: all that fit at once, and each of the others alone, to say what is wrong."""
    codec = automation.plan.record
    fits = [not isinstance(arrival.fields, BaseModel) for arrival in arrivals]
    together: Iterator[_Typed] = iter(())
    try:
        fields = [arrival.fields for arrival, fit in zip(arrivals, fits, strict=True) if fit]
        try:
            records = codec.decode_all(fields)
        except ValidationError as error:
            unfit = {
                one["loc"][0] for one in error.errors(include_url=False, include_input=False, include_context=False)
            }
            places = [place for place, fit in enumerate(fits) if fit]
            for number in unfit:
                fits[places[cast("int", number)]] = False
            records = codec.decode_all([one for number, one in enumerate(fields) if number not in unfit])
        together = iter(list(zip(records, codec.encode_all(records), strict=True)))
    except RAISED:  # whatever it is, it is one record's, and found when each stands alone
        fits = [False] * len(arrivals)
    return [
        next(together) if fit else _typed_alone(codec, arrival) for arrival, fit in zip(arrivals, fits, strict=True)
    ]


def _typed_alone(codec: Codec, arrival: Arrival) -> _Typed | Faulty:
    try:
        fields = arrival.fields
        record = fields if isinstance(fields, BaseModel) else codec.decode(fields)
        return record, codec.encode(record)
    except ValidationError as error:
        return _malformed(arrival, error)
    except RAISED as error:  # a validator is the author's code: its failure is this record's
        return _without_key(arrival, error)


def _without_key(arrival: Arrival, error: BaseException) -> Faulty:
    reason = f"Its key or segment could not be made: {type(error).__name__}: {error}"
    return Faulty(arrival=arrival, kind="malformed", field=None, reason=reason, shape=f"key: {type(error).__name__}")


def _accept(automation: Automation, arrival: Arrival, record: object, plain: object) -> Accepted:
    text = to_json(plain).decode()
    key = cast("object", automation.key_of(record))  # the author's function may give anything
    if not isinstance(key, str) or not key:
        msg = f"key= gave {key!r}; a key is a text that is not empty"
        raise ValueError(msg)
    segments = segments_text(automation.segments_of(record))
    if not is_writable(key) or not is_writable(segments or ""):
        msg = "it holds a character that no database holds"
        raise ValueError(msg)
    return Accepted(
        arrival=arrival,
        key=key,
        text=text,
        digest=hashlib.blake2b(text.encode(), digest_size=16).hexdigest(),
        segments=segments,
        documents=tuple(documents_in(record)) if automation.holds_documents else (),
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
            result.repeated.append((one.arrival, one.key))
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
        result.repeated.append((fault.arrival, None))
    else:
        faults.add(digest)
        result.faulty.append(fault)


def original_of(arrival: Arrival) -> bytes:
    """The bytes as they came, or the fields as JSON."""
    return arrival.original if arrival.original is not None else to_json(arrival.fields, fallback=repr)


def digest_of(arrival: Arrival) -> str:
    """A digest of the original bytes."""
    return arrival.digest or hashlib.sha256(original_of(arrival)).hexdigest()
