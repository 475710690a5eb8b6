"""The SQL of the lives of processes. Every time in it is platform time, in microseconds."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa

from pilotage.machinery.engine.tables import life
from pilotage.machinery.storage.database import Tx
from pilotage.machinery.storage.waiting import Waited

_SECOND: Final = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Life:
    """One life of one process."""

    executor: str
    host: str
    pid: int
    pid_started: int
    kind: str
    serves: tuple[str, ...]
    started_at: int
    beat_at: int
    ended_at: int | None
    taken_by: str | None
    takeovers: int
    waited: Waited = field(default_factory=Waited)
    """For SQLite's lock, in the last minutes."""


def put(tx: Tx, born: Life) -> None:
    """Write a life that has just begun."""
    tx.execute(
        life.insert().values(
            executor=born.executor,
            host=born.host,
            pid=born.pid,
            pid_started=born.pid_started,
            kind=born.kind,
            serves=list(born.serves),
            started_at=born.started_at,
            beat_at=born.beat_at,
        )
    )


def beat(tx: Tx, executor: str, now: int, waited: Waited) -> bool:
    """The life lives: what others may have taken from it while it was silent is theirs, but it is no longer over."""
    done = tx.execute(
        life.update()
        .where(life.c.executor == executor, life.c.ended_at.is_(None))
        .values(
            beat_at=now,
            taken_by=None,
            taken_at=None,
            settled_at=None,
            writes=waited.writes,
            late_writes=waited.late,
            longest_wait=int(waited.longest * _SECOND),
        )
    )
    return done.rowcount == 1


def end(tx: Tx, executor: str, now: int) -> None:
    """The life is over by its own will."""
    tx.execute(life.update().where(life.c.executor == executor, life.c.ended_at.is_(None)).values(ended_at=now))


def win(
    tx: Tx, executor: str, by: str, *, now: int, silent_before: int, dead: bool, dead_taker: str | None = None
) -> bool:
    """Give `by` the right to take over, if the life is over and no living process has that right.

    `dead`: its process is known to be gone; `dead_taker`: so is that of this one, who had the right.
    """
    over = sa.true() if dead else _over(silent_before)
    done = tx.execute(
        life.update()
        .where(life.c.executor == executor, life.c.executor != by, life.c.settled_at.is_(None))
        .where(over, sa.or_(_free(by, silent_before), life.c.taken_by == dead_taker))
        .values(taken_by=by, taken_at=now, takeovers=life.c.takeovers + 1)
    )
    return done.rowcount == 1


def settle(tx: Tx, executor: str, by: str, now: int) -> bool:
    """What the life left is back on the queues; nobody needs to take it over again."""
    done = tx.execute(life.update().where(life.c.executor == executor, life.c.taken_by == by).values(settled_at=now))
    return done.rowcount == 1


def reopen(tx: Tx, executor: str, silent_before: int) -> bool:
    """A life that was settled, and is silent, has left something after all: it may be taken over once more."""
    done = tx.execute(
        life.update()
        .where(life.c.executor == executor, life.c.settled_at.is_not(None), life.c.beat_at < silent_before)
        .values(taken_by=None, taken_at=None, settled_at=None)
    )
    return done.rowcount == 1


def silent(tx: Tx, by: str, silent_before: int) -> list[Life]:
    """Lives that are over by their own word or by their silence, and that `by` may try to win."""
    return _read(tx, life.c.executor != by, life.c.settled_at.is_(None), _over(silent_before), _free(by, silent_before))


def unsettled_on(tx: Tx, host: str, by: str) -> list[Life]:
    """Every other life of this host that nobody has settled."""
    return _read(tx, life.c.executor != by, life.c.settled_at.is_(None), life.c.host == host)


def living(tx: Tx, silent_before: int) -> list[Life]:
    """Lives that beat."""
    return _read(tx, life.c.ended_at.is_(None), life.c.beat_at >= silent_before)


def one(tx: Tx, executor: str) -> Life | None:
    """The life of this id."""
    return next(iter(_read(tx, life.c.executor == executor)), None)


def prune(tx: Tx, settled_before: int) -> int:
    """Remove lives that were settled long ago."""
    return tx.execute(life.delete().where(life.c.settled_at < settled_before)).rowcount


def _over(silent_before: int) -> sa.ColumnElement[bool]:
    return sa.or_(life.c.ended_at.is_not(None), life.c.beat_at < silent_before)


def _free(by: str, silent_before: int) -> sa.ColumnElement[bool]:
    """Nobody has the right to take over, or `by` has it already, or whoever has it is over as well."""
    taker = life.alias("taker")
    lives = sa.exists().where(
        taker.c.executor == life.c.taken_by, taker.c.ended_at.is_(None), taker.c.beat_at >= silent_before
    )
    return sa.or_(life.c.taken_by.is_(None), life.c.taken_by == by, sa.not_(lives))


def _read(tx: Tx, *conditions: sa.ColumnElement[bool]) -> list[Life]:
    rows: Sequence[sa.RowMapping] = (
        tx.execute(life.select().where(*conditions).order_by(life.c.started_at, life.c.executor)).mappings().all()
    )
    return [
        Life(
            executor=row["executor"],
            host=row["host"],
            pid=row["pid"],
            pid_started=row["pid_started"],
            kind=row["kind"],
            serves=tuple(row["serves"]),
            started_at=row["started_at"],
            beat_at=row["beat_at"],
            ended_at=row["ended_at"],
            taken_by=row["taken_by"],
            takeovers=row["takeovers"],
            waited=Waited(writes=row["writes"], late=row["late_writes"], longest=row["longest_wait"] / _SECOND),
        )
        for row in rows
    ]
