"""Documents of records that arrive: their bytes are in the file store before the record is committed, and it refers to them."""

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from pilotage.authoring.documents import Document, documents_in
from pilotage.cases.arrivals import Accepted, Faulty
from pilotage.machinery.contents import store as contents_store
from pilotage.machinery.contents.errors import ContentMissing, ContentTooLarge
from pilotage.machinery.contents.files import Contents
from pilotage.machinery.contents.store import Reference
from pilotage.machinery.storage.database import Tx

CASE: Final = "case"
KEPT: Final = "document in quarantine"
"""The owners of these contents."""


def store(
    contents: Contents, accepted: Sequence[Accepted], faulty: Sequence[Faulty]
) -> tuple[list[Accepted], list[Faulty]]:
    """Put the documents of records into the file store; a record one of whose documents is nowhere is faulty."""
    good, bad = list[Accepted](), list(faulty)
    for one in accepted:
        try:
            for document in one.documents:
                _put(contents, document)
        except (ContentMissing, ContentTooLarge) as error:
            bad.append(_without(one, error))
        else:
            good.append(one)
    for one in faulty:
        for document in documents_in(one.arrival.fields):
            if document.at_hand is not None and document.size <= contents.most:
                contents.put(document.at_hand)
    return good, bad


def _put(contents: Contents, document: Document) -> None:
    if document.at_hand is not None:
        contents.put(document.at_hand)
    elif not contents.has(document.digest):
        raise contents.missing(document.digest)


def _without(one: Accepted, error: ContentMissing | ContentTooLarge) -> Faulty:
    shape = "a document that is too large" if isinstance(error, ContentTooLarge) else "a document that is not here"
    return Faulty(arrival=one.arrival, kind="malformed", field=None, reason=error.what, shape=shape, key=one.key)


def refer(tx: Tx, cases: Iterable[tuple[int, Accepted]], added: Collection[int], now: int) -> None:
    """Those of the new cases that were added need the documents of their records."""
    needed = [one for case, record in cases if case in added for one in references(CASE, case, record.documents, now)]
    contents_store.refer(tx, needed)


def references(owner: str, owner_id: int, documents: Iterable[Document], now: int) -> list[Reference]:
    """What an owner needs."""
    return [Reference(owner=owner, owner_id=owner_id, digest=one.digest, size=one.size, at=now) for one in documents]
