"""Documents of records and of what steps give: their bytes are in the file store before a case is committed that refers to them."""

from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import Final

from pydantic import PydanticUserError

from pilotage.authoring.codecs import ContractCodec
from pilotage.authoring.documents import Document, documents_in, may_hold_documents
from pilotage.authoring.plan import Codec, Plan
from pilotage.cases import leaving
from pilotage.cases.arrivals import Accepted, Faulty
from pilotage.cases.values import LiveCase
from pilotage.cases.walking import Walked
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


def store_given(contents: Contents, plan: Plan, walked: Walked) -> list[tuple[int, Document]]:
    """Put the documents into the file store that steps gave or propose since the last checkpoint: those that each case needs.

    A case that came to a document which is too large is a dead letter.
    """
    nodes = [name for name, node in plan.nodes.items() if may_hold(node.codec)]
    if not nodes:
        return []
    needed = list[tuple[int, Document]]()
    for place, one in enumerate(walked.left):
        try:
            needed += _store_given(contents, one.case, nodes)
        except ContentTooLarge as error:
            walked.left[place] = leaving.dead(one.case, one.node or "", error.what)
    for case in list(walked.moving):
        try:
            needed += _store_given(contents, case, nodes)
        except ContentTooLarge as error:
            walked.moving.remove(case)
            walked.left.append(leaving.dead(case, case.node or "", error.what))
    return needed


def _store_given(contents: Contents, case: LiveCase, nodes: Sequence[str]) -> list[tuple[int, Document]]:
    given = [case.values[name] for name in nodes if name in case.fresh and name in case.values]
    return [(case.id, document) for document in put_all(contents, [*given, case.proposed])]


def put_all(contents: Contents, value: object) -> tuple[Document, ...]:
    """Put the documents of a value into the file store, as far as they are at hand; all of them.

    Raises ContentTooLarge (PLT-342).
    """
    found = tuple(documents_in(value))
    for document in found:
        if document.at_hand is not None:
            contents.put(document.at_hand)
    return found


@cache
def may_hold(codec: Codec | None) -> bool:
    """Whether values of this contract may hold documents."""
    if not isinstance(codec, ContractCodec):
        return False
    try:
        return may_hold_documents(codec.schema())
    except PydanticUserError:  # a contract that no schema describes: each value is looked at
        return True


def refer_given(tx: Tx, given: Iterable[tuple[int, Document]], now: int) -> None:
    """These cases need the documents that their steps gave."""
    needed = [one for case, document in given for one in references(CASE, case, [document], now)]
    if needed:
        contents_store.refer(tx, needed)
