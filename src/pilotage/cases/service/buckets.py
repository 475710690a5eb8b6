"""Objects of buckets as sources: each version of each object is taken once, and noted with the records that it gave."""

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final, cast
from xml.etree import ElementTree

from pilotage.authoring.documents import Document
from pilotage.authoring.objects import TABLES, Objects, StoredObject
from pilotage.authoring.ports import Call
from pilotage.cases.arrivals import Arrival
from pilotage.cases.errors import SubmissionChanged, TakesNoDocument
from pilotage.cases.reading.errors import SourceError
from pilotage.cases.service.intake import Intake
from pilotage.cases.service.outside import Outside
from pilotage.cases.service.submitting import submit_file
from pilotage.cases.service.submitting_documents import as_document, document_field
from pilotage.cases.service.visiting import Away, Over, Visit
from pilotage.cases.store import sources
from pilotage.connections.values import Heard
from pilotage.kernel.errors import PilotageError
from pilotage.kernel.foreign import RAISED
from pilotage.machinery.storage.database import Tx

_TOGETHER: Final = 1000
"""Objects of one page of a list."""
_NAMED: Final = 3
"""Objects that could not be read are named up to this number."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Listed:
    key: str
    version: str
    size: int


class _NotNow(Exception):
    """One object cannot be read at this moment, although its bucket answers."""

    def __init__(self, key: str, away: Away, /) -> None:
        super().__init__(key)
        self.key = key
        self.away = away


@dataclass(kw_only=True, slots=True)
class _Unread:
    """The objects that could not be read in a visit: they are not noted as taken, so that the next look tries them again."""

    first: list[_NotNow] = field(default_factory=list[_NotNow])
    more: int = 0

    def add(self, one: _NotNow) -> None:
        """One more."""
        if len(self.first) < _NAMED:
            self.first.append(one)
        else:
            self.more += 1

    def said(self) -> Away:
        """Which, and why."""
        each = " ".join(f"The object {one.key} could not be read: {one.away.words}" for one in self.first)
        more = f" And {self.more:,} more." if self.more else ""
        words = f"{each}{more} Each look tries again, and takes the others."
        return Away(words, failing=self.first[0].away.failing)


@dataclass(frozen=True, kw_only=True)
class Buckets:
    """Reads the buckets of one process's automations."""

    intake: Intake
    outside: Outside
    page: int = _TOGETHER

    def take(self, visit: Visit) -> int:
        """Take in what is new; how many objects were taken. Raises Away, and Over where it is no longer our turn."""
        source, taken, after = cast("Objects", visit.source), 0, visit.standing.position or ""
        unread = _Unread()
        while visit.goes_on():
            listed, more = self._listed(visit, source, after)
            for one in self._new(visit, listed):
                if not visit.goes_on():
                    return taken
                try:
                    taken += self._taken(visit, source, one)
                except _NotNow as error:
                    unread.add(error)
                    visit.noted = unread.said()
            after = listed[-1].key if more and listed else ""
            with visit.database.transaction() as tx:
                visit.remember(tx, after)
            if not after:
                break
        return taken

    def _listed(self, visit: Visit, source: Objects, after: str) -> tuple[list[_Listed], bool]:
        params = {"list-type": "2", "prefix": source.prefix, "max-keys": str(self.page)}
        if after:
            params["start-after"] = after
        call = Call(method="GET", path="/", params=params, raw=True)
        return _read_list(cast("bytes", self.outside.ask(visit, source.bucket, call)))

    def _new(self, visit: Visit, listed: Sequence[_Listed]) -> list[_Listed]:
        """Those that were not taken in this version; what only stands for a folder is none."""
        found = [one for one in listed if not one.key.endswith("/")]
        if not found:
            return []
        with visit.database.snapshot() as tx:
            known = sources.items(tx, visit.automation.name, visit.source.name, [one.key for one in found])
        return [one for one in found if known.get(one.key) != one.version]

    def _taken(self, visit: Visit, source: Objects, one: _Listed) -> int:
        if one.size > source.bucket.largest:
            words = (
                f"The object has {one.size:,} bytes, and {source.bucket.name} reads {source.bucket.largest:,} at most."
            )
            self._keep(visit, one, [_broken(one, words, "object: too large")])
            return 1
        data = self._read(visit, source, one)
        if data is None:
            return 0
        if isinstance(data, Away):
            words = f"The object {one.key} is broken. {data.words}"
            self._keep(visit, one, [_broken(one, words, "object: unreadable")])
        elif source.record is None and PurePosixPath(one.key).suffix.lower() in TABLES:
            self._table(visit, one, data)
        else:
            self._keep(visit, one, self._arrivals(visit, source, one, data))
        return 1

    def _read(self, visit: Visit, source: Objects, one: _Listed) -> bytes | Away | None:
        """Its bytes; what is broken in them; or None where it is gone or another one by now.

        Raises _NotNow where it alone cannot be read at this moment: what it holds may be sound.
        """
        call = Call(method="GET", path=source.bucket.path(one.key), raw=True, absent_is_none=True)
        try:
            data = cast("bytes | None", self.outside.ask(visit, source.bucket, call))
        except Away as away:
            if away.failing is Heard.DIFFERS:
                return away
            if away.failing is Heard.THROTTLED:
                raise
            self._listed(visit, source, one.key)  # whether it is the bucket that fails: that is another matter
            raise _NotNow(one.key, away) from away
        return data if data is not None and len(data) == one.size else None

    def _table(self, visit: Visit, one: _Listed, data: bytes) -> None:
        """Its rows, block by block as those of a file; it goes on behind the last block that was committed."""
        with tempfile.TemporaryDirectory(prefix="pilotage-object-") as folder:
            file = Path(folder) / PurePosixPath(one.key).name.replace("\\", "_")
            file.write_bytes(data)
            submit = partial(
                submit_file,
                self.intake,
                visit.automation,
                file,
                named=f"objects {visit.source.name}: {one.key}",
                ended=partial(self._note, visit, one),
            )
            try:
                try:
                    submit()
                except SubmissionChanged:
                    submit(anew=True)
            except SourceError as error:
                self._keep(visit, one, [_broken(one, f"{one.key}: {error.what}", "object: no table", data)])

    def _arrivals(self, visit: Visit, source: Objects, one: _Listed, data: bytes) -> list[Arrival]:
        document = Document.of(data, name=PurePosixPath(one.key).name.replace("\\", "_"))
        try:
            if source.record is None:
                return [as_document(visit.automation, document_field(visit.automation), document)]
            made = source.record(StoredObject(key=one.key, version=one.version, document=document))
        except TakesNoDocument as error:
            return [_broken(one, f"{one.key}: {error.what}", "object: no record", data)]
        except RAISED as error:  # record= is the author's code: its failure is this object's
            said = error.what if isinstance(error, PilotageError) else f"{type(error).__name__}: {error}"
            return [_broken(one, f"No record could be made of {one.key}: {said}", "object: no record", data)]
        return [] if made is None else [Arrival(fields=made, original=data, digest=_digest(one))]

    def _keep(self, visit: Visit, one: _Listed, arrivals: Sequence[Arrival]) -> None:
        """What it gave, and that it was taken, in one transaction."""
        submission = (
            self.intake.begin(visit.automation, f"objects {visit.source.name}: {one.key}") if arrivals else None
        )
        block = self.intake.prepared(visit.automation, arrivals)
        with visit.database.transaction() as tx:
            self._note(visit, one, tx)
            taken = None if submission is None else self.intake.store(tx, block, submission)
        if taken is not None and submission is not None:
            self.intake.stored(block, taken)
            self.intake.finish(submission)

    @staticmethod
    def _note(visit: Visit, one: _Listed, tx: Tx) -> None:
        if not sources.holds(tx, visit.automation.name, visit.source.name, holder=visit.holder):
            raise Over
        now = visit.database.now(tx)
        sources.note(tx, visit.automation.name, visit.source.name, item=one.key, version=one.version, now=now)


def _read_list(body: bytes) -> tuple[list[_Listed], bool]:
    """The objects of a page, and whether there are more. Raises Away for what is no list."""
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 - expat refuses entities that grow
    except ElementTree.ParseError:
        root = ElementTree.Element("nothing")
    space = root.tag.partition("}")[0] + "}" if root.tag.startswith("{") else ""
    if root.tag != f"{space}ListBucketResult":
        raise Away("It answered with something that is no list of objects.", failing=Heard.DIFFERS)
    listed = [
        _Listed(
            key=one.findtext(f"{space}Key") or "",
            version=(one.findtext(f"{space}ETag") or "").strip('"'),
            size=int(one.findtext(f"{space}Size") or 0),
        )
        for one in root.iterfind(f"{space}Contents")
    ]
    return listed, (root.findtext(f"{space}IsTruncated") or "").lower() == "true"


def _digest(one: _Listed) -> str:
    return hashlib.sha256(f"{one.key}\0{one.version}".encode()).hexdigest()


def _broken(one: _Listed, reason: str, shape: str, data: bytes = b"") -> Arrival:
    return Arrival(fields=None, original=data, digest=_digest(one), whole=bool(data), reason=reason, shape=shape)
