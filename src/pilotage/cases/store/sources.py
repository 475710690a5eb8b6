"""SQL of the places outside that are watched: one process at a time looks, by the database's clock."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from pilotage.cases.tables import intake_sources, source_items
from pilotage.machinery.storage import bulk, rows
from pilotage.machinery.storage.database import Tx

_s = intake_sources.c
_i = source_items.c


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceStanding:
    """How a place outside stands."""

    automation: str
    source: str
    looked_at: int | None
    failures: int
    down_since: int | None
    words: str | None
    failing: str | None
    """In which word it fails, or is waited for: down, refused us, throttled, answers differently."""
    position: str | None
    """How far it was read, as whoever reads it has written it down."""
    next_at: int
    held_until: int


def take(
    tx: Tx, automation: str, source: str, *, holder: str, now: int, until: int, early: bool = False
) -> SourceStanding | None:
    """Look there alone until then; None where somebody else does, or nobody is to look yet."""
    fresh = {"automation": automation, "source": source, "held_until": 0, "next_at": 0, "failures": 0}
    bulk.insert(tx, intake_sources, [fresh], tail="ON CONFLICT DO NOTHING")
    free = sa.or_(_s.held_until <= now, _s.holder == holder)
    found = tx.execute(
        intake_sources.update()
        .where(_s.automation == automation, _s.source == source, free, sa.true() if early else _s.next_at <= now)
        .values(holder=holder, held_until=until)
        .returning(*rows.columns(intake_sources, SourceStanding))
    )
    return rows.value_or_none(SourceStanding, found)


def make_due(tx: Tx, automations: Collection[str], now: int) -> None:
    """Have the sources of these automations looked into now, however long they were to be left alone."""
    theirs = sa.and_(bulk.among_texts(tx, _s.automation, sorted(automations)), _s.next_at > now, _s.held_until <= now)
    tx.execute(intake_sources.update().where(theirs).values(next_at=now))


def keep(tx: Tx, automation: str, source: str, *, holder: str, until: int) -> bool:
    """Go on looking there alone; False where somebody else does by now."""
    mine = sa.and_(_s.automation == automation, _s.source == source, _s.holder == holder)
    return bool(tx.execute(intake_sources.update().where(mine).values(held_until=until)).rowcount)


def leave(
    tx: Tx,
    automation: str,
    source: str,
    *,
    holder: str,
    now: int,
    next_at: int,
    failures: int,
    down_since: int | None,
    words: str | None,
    failing: str | None,
) -> None:
    """Say how it stands, and let somebody look again from then on."""
    mine = sa.and_(_s.automation == automation, _s.source == source, _s.holder == holder)
    tx.execute(
        intake_sources.update()
        .where(mine)
        .values(
            held_until=0,
            looked_at=now,
            next_at=next_at,
            failures=failures,
            down_since=down_since,
            words=words,
            failing=failing,
        )
    )


def move(tx: Tx, automation: str, source: str, *, holder: str, position: str) -> bool:
    """Write down how far it was read; False where somebody else looks there by now."""
    mine = sa.and_(_s.automation == automation, _s.source == source, _s.holder == holder)
    return bool(tx.execute(intake_sources.update().where(mine).values(position=position)).rowcount)


def standing(tx: Tx) -> Sequence[SourceStanding]:
    """Every place that was looked at."""
    query = sa.select(*rows.columns(intake_sources, SourceStanding)).order_by(_s.automation, _s.source)
    return rows.values(SourceStanding, tx.execute(query))


def holds(tx: Tx, automation: str, source: str, *, holder: str) -> bool:
    """Whether this process looks there, until the transaction ends."""
    mine = sa.select(_s.source).where(_s.automation == automation, _s.source == source, _s.holder == holder)
    return tx.execute(mine.with_for_update()).first() is not None


def items(tx: Tx, automation: str, source: str, names: Sequence[str]) -> dict[str, str]:
    """Which of these were taken, each with its version."""
    query = sa.select(_i.item, _i.version).where(
        _i.automation == automation, _i.source == source, bulk.among_texts(tx, _i.item, names)
    )
    return {row.item: row.version for row in tx.execute(query)}


def note(tx: Tx, automation: str, source: str, *, item: str, version: str, now: int) -> None:
    """It was taken in this version."""
    mine = sa.and_(_i.automation == automation, _i.source == source, _i.item == item)
    if not tx.execute(source_items.update().where(mine).values(version=version, at=now)).rowcount:
        row = {"automation": automation, "source": source, "item": item, "version": version, "at": now}
        bulk.insert(tx, source_items, [row])


def say_ready(tx: Tx, automation: str, source: str, *, now: int, failing: str | None, words: str | None) -> None:
    """Say whether a source that nobody looks into, because others call it, can take anything."""
    fresh = {"automation": automation, "source": source, "held_until": 0, "next_at": 0, "failures": 0}
    bulk.insert(tx, intake_sources, [fresh], tail="ON CONFLICT DO NOTHING")
    since = sa.null() if words is None else sa.func.coalesce(_s.down_since, now)
    mine = sa.and_(_s.automation == automation, _s.source == source)
    tx.execute(intake_sources.update().where(mine).values(down_since=since, words=words, failing=failing))
