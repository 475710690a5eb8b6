"""SQL of fair shares: what is ready, by step and segment, and the claiming of shares; looks that the ledger shares.

No look costs more where more waits: each goes from one value to the next through an index, and counts only as far as there
is room. What decides which index serves stands in the text, and not in a parameter.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

import sqlalchemy as sa

from pilotage.cases.shares import Group
from pilotage.machinery.storage.database import Tx

SEGMENTS: Final = 16
"""Segments that share one claim; the next claim goes on with those that follow."""

Segment = str | None
Pairs = tuple[tuple[str, str], ...]


def plan_by_index(tx: Tx) -> None:
    """Let PostgreSQL choose the index that has the order, for the rest of the transaction.

    What is ready comes and goes faster than statistics: where they say that there is little, a plan that reads all of it
    and sorts looks as cheap as one that reads what it needs.
    """
    if tx.dialect.name == "postgresql":
        tx.execute(_NO_SORT)


_NO_SORT: Final = sa.text("SET LOCAL enable_sort = off")


# -- cases ---------------------------------------------------------------------------


@lru_cache(maxsize=64)
def _groups(served: Pairs) -> tuple[sa.TextClause, dict[str, str]]:
    pairs, values = listed(served, "a", "r")
    ready = "c.place = 'ready' AND c.automation = w.automation AND c.release = w.release"
    text = f"""
        WITH RECURSIVE pairs(automation, release) AS (VALUES {pairs}),
        walk(automation, release, node) AS (
            SELECT w.automation, w.release,
                (SELECT c.node FROM cases c WHERE {ready} AND c.node IS NOT NULL ORDER BY c.node LIMIT 1)
            FROM pairs w
            UNION ALL
            SELECT w.automation, w.release,
                (SELECT c.node FROM cases c WHERE {ready} AND c.node > w.node ORDER BY c.node LIMIT 1)
            FROM walk w WHERE w.node IS NOT NULL
        )
        SELECT automation, release, node FROM walk WHERE node IS NOT NULL
        UNION ALL
        SELECT w.automation, w.release, NULL FROM pairs w
        WHERE EXISTS (SELECT 1 FROM cases c WHERE {ready} AND c.node IS NULL)
    """  # noqa: S608 - texts of our own; every value is a parameter
    return sa.text(text), values


def ready_groups(tx: Tx, served: Pairs) -> list[Group]:
    """Groups of ready cases of the served (automation, release) pairs."""
    if not served:
        return []
    plan_by_index(tx)
    text, values = _groups(served)
    return [Group(automation=a, release=r, node=n) for a, r, n in tx.execute(text, values)]


def ready_segments(tx: Tx, group: Group, *, after: Segment, most: int) -> dict[Segment, int]:
    """How many cases of each segment of the group are ready, up to `most`; segments in turn, beginning behind `after`."""
    place = "place = 'ready' AND automation = :a AND release = :r AND " + _is("node", group.node)
    values: dict[str, object] = {"a": group.automation, "r": group.release, "n": group.node}
    plan_by_index(tx)
    return in_turn(tx, "cases", place, values, after=after, most=most)


@lru_cache(maxsize=256)
def _claim(dialect: str, node: str, segments: tuple[bool, ...]) -> sa.TextClause:
    place = f"place = 'ready' AND automation = :a AND release = :r AND {node}"
    ids = _shares(dialect, "cases", place, segments)
    sets = "place = 'moving', batch = :batch, changed_at = :now, waits_for = NULL, due_at = NULL"
    return sa.text(f"UPDATE cases SET {sets} WHERE {ids}")  # noqa: S608 - texts of our own; every value is a parameter


def claim(tx: Tx, group: Group, shares: Mapping[Segment, int], *, batch: int, now: int) -> int:
    """Move so many ready cases of each segment of the group into the batch, oldest first; how many it got."""
    if not shares:
        return 0
    values: dict[str, object] = {"a": group.automation, "r": group.release, "n": group.node, "batch": batch, "now": now}
    plan_by_index(tx)
    text = _claim(tx.dialect.name, _is("node", group.node), tuple(segment is None for segment in shares))
    return tx.execute(text, values | _of_shares(shares)).rowcount


# -- both ----------------------------------------------------------------------------


def listed(rows: Sequence[Sequence[str]], *names: str) -> tuple[str, dict[str, str]]:
    """Rows of texts for VALUES, and the parameters."""
    values = {f"{name}{at}": text for at, row in enumerate(rows) for name, text in zip(names, row, strict=True)}
    marks = (", ".join(f"CAST(:{name}{at} AS TEXT)" for name in names) for at in range(len(rows)))
    return ", ".join(f"({one})" for one in marks), values


def _is(column: str, value: str | None) -> str:
    return f"{column} IS NULL" if value is None else f"{column} = :{column[0]}"


@lru_cache(maxsize=256)
def _segments(table: str, place: str) -> sa.TextClause:
    text = f"""
        WITH RECURSIVE walk(segment, turn) AS (
            SELECT (SELECT segments FROM {table} WHERE {place} AND segments > :after ORDER BY segments LIMIT 1), 1
            UNION ALL
            SELECT (SELECT segments FROM {table} WHERE {place} AND segments > w.segment ORDER BY segments LIMIT 1),
                w.turn + 1
            FROM walk w WHERE w.segment IS NOT NULL AND w.turn < :turns
        )
        SELECT w.segment, (SELECT count(*) FROM (
            SELECT 1 FROM {table} WHERE {place} AND segments = w.segment ORDER BY segments, id LIMIT :most) counted)
        FROM walk w WHERE w.segment IS NOT NULL
        UNION ALL
        SELECT NULL, (SELECT count(*) FROM (
            SELECT 1 FROM {table} WHERE {place} AND segments IS NULL ORDER BY segments, id LIMIT :most) counted)
    """  # noqa: S608 - texts of our own; every value is a parameter
    return sa.text(text)


def in_turn(
    tx: Tx, table: str, place: str, values: Mapping[str, object], *, after: Segment, most: int
) -> dict[Segment, int]:
    """How many rows there are of each segment, up to `most`: segments in turn, beginning behind `after`."""
    found: dict[Segment, int] = {}
    for start in dict.fromkeys((after or "", "")):  # behind the last one, and from the beginning again
        asked = {**values, "after": start, "turns": SEGMENTS, "most": most}
        for segment, count in tx.execute(_segments(table, place), asked):
            if count and (len(found) < SEGMENTS or segment is None):
                found.setdefault(segment, count)
        if len(found) >= SEGMENTS:
            break
    return found


def _shares(dialect: str, table: str, place: str, segments: tuple[bool, ...]) -> str:
    """The condition that a row is among the shares of its segments; `segments` says of each whether it is none.

    `ORDER BY segments, id` although there is one segment: PostgreSQL knows that order from the index also where it is NULL.
    """
    lock = " FOR UPDATE SKIP LOCKED" if dialect == "postgresql" else ""
    parts = [
        f"SELECT id FROM (SELECT id FROM {table} WHERE {place} AND segments {'IS NULL' if none else f'= :s{at}'} "  # noqa: S608
        f"ORDER BY segments, id LIMIT :m{at}{lock}) s{at}"
        for at, none in enumerate(segments)
    ]
    chosen = " UNION ALL ".join(parts)
    return f"id = ANY(ARRAY({chosen}))" if dialect == "postgresql" else f"id IN ({chosen})"


def _of_shares(shares: Mapping[Segment, int]) -> dict[str, object]:
    values: dict[str, object] = {}
    for at, (segment, most) in enumerate(shares.items()):
        values[f"m{at}"] = most
        if segment is not None:
            values[f"s{at}"] = segment
    return values
