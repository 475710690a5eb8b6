"""SQL of references to contents."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import sqlalchemy as sa

from pilotage.machinery.contents.tables import content_references
from pilotage.machinery.storage import bulk
from pilotage.machinery.storage.database import Tx

_r = content_references.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """An owner and one of its contents."""

    owner: str
    """What kind of thing: "case", "quarantine", "response"."""
    owner_id: int
    digest: str
    size: int
    at: int
    expires_at: int | None = None
    """Platform time from which on the owner needs it no more; None: as long as the owner is there."""


def refer(tx: Tx, references: Sequence[Reference]) -> None:
    """Remember that owners need contents, which are in the file store already. Saying it again changes nothing."""
    rows = {(one.owner, one.owner_id, one.digest): asdict(one) for one in references}
    bulk.insert(tx, content_references, list(rows.values()), tail="ON CONFLICT DO NOTHING")


def release(tx: Tx, owner: str, ids: Sequence[int]) -> set[str]:
    """These owners need their contents no more: the digests that they had."""
    found = tx.execute(
        content_references.delete().where(_r.owner == owner, bulk.among(tx, _r.owner_id, ids)).returning(_r.digest)
    )
    return set(found.scalars())


def of(tx: Tx, owner: str, owner_id: int) -> list[str]:
    """The contents of one owner."""
    return list(tx.execute(sa.select(_r.digest).where(_r.owner == owner, _r.owner_id == owner_id)).scalars())


def referred(tx: Tx, digests: Sequence[str]) -> set[str]:
    """Which of the contents somebody needs."""
    return set(tx.execute(sa.select(_r.digest).where(bulk.among_texts(tx, _r.digest, digests)).distinct()).scalars())


def expire(tx: Tx, *, now: int, most: int) -> int:
    """Forget references whose time is over; how many."""
    over = sa.select(_r.owner, _r.owner_id, _r.digest).where(_r.expires_at <= now).limit(most)
    gone = [tuple(row) for row in tx.execute(over)]
    if gone:
        tx.execute(content_references.delete().where(sa.tuple_(_r.owner, _r.owner_id, _r.digest).in_(gone)))
    return len(gone)


def every(tx: Tx) -> Iterator[tuple[str, int]]:
    """Every content that somebody needs, with its size, in the order of their digests."""
    query = sa.select(_r.digest, sa.func.max(_r.size)).group_by(_r.digest).order_by(_r.digest)
    for digest, size in tx.execute(query.execution_options(yield_per=1000)):
        yield digest, int(size)


def owners(tx: Tx, digest: str) -> list[tuple[str, int]]:
    """Who needs a content."""
    query = sa.select(_r.owner, _r.owner_id).where(_r.digest == digest).order_by(_r.owner, _r.owner_id)
    return [(owner, number) for owner, number in tx.execute(query)]
