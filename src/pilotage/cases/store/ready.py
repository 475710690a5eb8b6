"""SQL that finds what can move: the groups of ready cases, without looking at each of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from pilotage.machinery.storage.database import Tx


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Ready cases that can move together."""

    automation: str
    release: str
    node: str | None


# From node to node by the index of ready cases: a million of them at one node are one step. (A GROUP BY reads them all, and
# SQLite takes the index of keys for it.)
_NODES = sa.text(
    """
    WITH RECURSIVE nodes(node) AS (
        SELECT min(node) FROM cases WHERE place = 'ready' AND automation = :automation AND release = :release
        UNION ALL
        SELECT (SELECT min(c.node) FROM cases c WHERE c.place = 'ready' AND c.automation = :automation
                AND c.release = :release AND c.node > nodes.node)
        FROM nodes WHERE nodes.node IS NOT NULL
    )
    SELECT node, (SELECT min(c.id) FROM cases c WHERE c.place = 'ready' AND c.automation = :automation
                  AND c.release = :release AND c.node = nodes.node) FROM nodes WHERE node IS NOT NULL
    UNION ALL
    SELECT NULL, (SELECT min(c.id) FROM cases c WHERE c.place = 'ready' AND c.automation = :automation
                  AND c.release = :release AND c.node IS NULL)
    """
)


def ready_groups(tx: Tx, served: Sequence[tuple[str, str]]) -> list[Group]:
    """Groups of ready cases of the served (automation, release) pairs; those who have waited longest first."""
    found: list[tuple[int, Group]] = []
    for automation, release in served:
        for node, first in tx.execute(_NODES, {"automation": automation, "release": release}):
            if first is not None:
                found.append((first, Group(automation=automation, release=release, node=node)))
    return [group for _, group in sorted(found, key=lambda one: one[0])]
