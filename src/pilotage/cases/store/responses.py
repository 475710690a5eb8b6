"""SQL of raw responses: what the other side said to calls that failed, kept for a time."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from pilotage.cases.tables import raw_responses as table
from pilotage.connections.values import RawResponse
from pilotage.kernel.ids import ids
from pilotage.machinery.storage import bulk
from pilotage.machinery.storage.database import Tx

AT_ONCE: Final = 500
"""How many go at most in one transaction."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """One response, with the call that it answers."""

    case: int
    effect: int | None
    node: str
    connection: str
    attempt: int
    response: RawResponse


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """One response as it is shown."""

    effect: int | None
    node: str
    connection: str
    attempt: int
    at: int
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    cut: bool


def keep(tx: Tx, responses: Sequence[Kept], now: int) -> None:
    """Keep what was said."""
    if not responses:
        return
    bulk.insert(
        tx,
        table,
        [
            {
                "id": number,
                "case_id": one.case,
                "effect_id": one.effect,
                "node": one.node,
                "connection": one.connection,
                "attempt": one.attempt,
                "at": now,
                "status": one.response.status,
                "headers": json.dumps(one.response.headers),
                "body": one.response.body,
                "cut": one.response.truncated,
            }
            for number, one in zip(ids.make(len(responses)), responses, strict=True)
        ],
    )


def of_case(tx: Tx, case: int) -> list[Found]:
    """What was said to this case's calls, oldest first."""
    query = sa.select(table).where(table.c.case_id == case).order_by(table.c.id)
    return [
        Found(
            effect=row.effect_id,
            node=row.node,
            connection=row.connection,
            attempt=row.attempt,
            at=row.at,
            status=row.status,
            headers=tuple((str(name), str(value)) for name, value in json.loads(row.headers)),
            body=bytes(row.body),
            cut=row.cut,
        )
        for row in tx.execute(query)
    ]


def forget(tx: Tx, cases: Iterable[int]) -> None:
    """What was said to the calls of these cases goes."""
    tx.execute(table.delete().where(bulk.among(tx, table.c.case_id, list(cases))))


def expired(tx: Tx, before: int) -> bool:
    """Whether any is older than that."""
    return tx.execute(sa.select(table.c.id).where(table.c.at < before).limit(1)).first() is not None


def expire(tx: Tx, before: int) -> int:
    """Those that are older go, some of them; how many."""
    oldest = sa.select(table.c.id).where(table.c.at < before).order_by(table.c.at).limit(AT_ONCE)
    return tx.execute(table.delete().where(table.c.id.in_(oldest))).rowcount
