"""SQL of intake: submissions, new cases, quarantine."""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import sqlalchemy as sa

from pilotage.cases.store import tallying
from pilotage.cases.tables import (
    archived_keys,
    case_content,
    cases,
    quarantine,
    quarantine_content,
    submissions,
    timeline,
)
from pilotage.machinery.storage import bulk
from pilotage.machinery.storage.database import Tx


@lru_cache(maxsize=2)
def _known_keys(dialect: str) -> sa.CompoundSelect[str, int, str]:
    c, a, automation = cases.c, archived_keys.c, sa.bindparam("automation", type_=sa.Text)
    # in one statement, so that a case that is being archived is seen on one side or the other
    return sa.union_all(
        sa.select(c.key, c.id, c.digest).where(c.automation == automation, bulk.within(dialect, c.key, "keys")),
        sa.select(a.key, a.case_id, a.digest).where(a.automation == automation, bulk.within(dialect, a.key, "keys")),
    )


def known_keys(tx: Tx, automation: str, keys: Sequence[str]) -> dict[str, tuple[int, str]]:
    """Which of the keys exist, in the tables or in an archive: key -> (case, digest of its content)."""
    dialect = tx.dialect.name
    rows = tx.execute(_known_keys(dialect), {"automation": automation, "keys": bulk.listed(dialect, keys)})
    return {key: (case, digest) for key, case, digest in rows.all()}


def known_faults(tx: Tx, automation: str, digests: Sequence[str], *, settled: bool = False) -> set[str]:
    """Which original bytes stand in quarantine already, still waiting for somebody; or also those that left it."""
    return set(
        tx.execute(
            sa.select(quarantine.c.digest).where(
                quarantine.c.automation == automation,
                sa.true() if settled else quarantine.c.state == "waiting",
                bulk.among_texts(tx, quarantine.c.digest, digests),
            )
        ).scalars()
    )


def add_cases(tx: Tx, rows: Sequence[bulk.Row]) -> set[int]:
    """Insert new cases; the ids of those whose key nobody else took meanwhile."""
    return bulk.insert_new(tx, cases, rows, unique=("automation", "key"))


def add_contents(tx: Tx, rows: Sequence[bulk.Row]) -> None:
    """Insert the records of new cases."""
    bulk.insert(tx, case_content, rows)


def tell(tx: Tx, rows: Sequence[bulk.Row]) -> None:
    """Add to the timelines of cases."""
    bulk.insert(tx, timeline, rows)


def add_quarantined(tx: Tx, rows: Sequence[bulk.Row], contents: Sequence[bulk.Row]) -> None:
    """Insert records that are no cases, with their original bytes apart."""
    bulk.insert(tx, quarantine, rows)
    bulk.insert(tx, quarantine_content, contents)


def find_submission(tx: Tx, automation: str, fingerprint: str) -> sa.Row[int, int, int, bool] | None:
    """An earlier submission of the same file that was not finished: (id, next_byte, next_number, finished)."""
    return tx.execute(
        sa.select(submissions.c.id, submissions.c.next_byte, submissions.c.next_number, submissions.c.finished)
        .where(
            submissions.c.automation == automation,
            submissions.c.fingerprint == fingerprint,
            sa.not_(submissions.c.finished),
        )
        .order_by(submissions.c.id.desc())
        .limit(1)
    ).one_or_none()


def begin_submission(tx: Tx, row: bulk.Row) -> None:
    """Insert a submission."""
    bulk.insert(tx, submissions, [row])


_COUNT: Final = (
    submissions.update()
    .where(submissions.c.id == sa.bindparam("submission"))
    .values(
        arrived=submissions.c.arrived + sa.bindparam("more_arrived"),
        accepted=submissions.c.accepted + sa.bindparam("more_accepted"),
        duplicates=submissions.c.duplicates + sa.bindparam("more_duplicates"),
        quarantined=submissions.c.quarantined + sa.bindparam("more_quarantined"),
        changed_at=sa.bindparam("now"),
        next_byte=sa.func.coalesce(sa.bindparam("to_byte", type_=sa.BigInteger), submissions.c.next_byte),
        next_number=sa.func.coalesce(sa.bindparam("to_number", type_=sa.BigInteger), submissions.c.next_number),
        finished=sa.func.coalesce(sa.bindparam("ends", type_=sa.Boolean), submissions.c.finished),
    )
)


def count_submission(
    tx: Tx,
    submission: int,
    *,
    now: int,
    arrived: int,
    accepted: int,
    duplicates: int,
    quarantined: int,
    next_byte: int | None = None,
    next_number: int | None = None,
    finished: bool | None = None,
) -> None:
    """Add the counts of a block, in the transaction that stores the block."""
    values = {
        "submission": submission,
        "now": now,
        "more_arrived": arrived,
        "more_accepted": accepted,
        "more_duplicates": duplicates,
        "more_quarantined": quarantined,
        "to_byte": next_byte,
        "to_number": next_number,
        "ends": finished,
    }
    tx.execute(_COUNT, values)


def settle_quarantined(tx: Tx, record: int, *, state: str, case: int | None, by: str, why: str, now: int) -> int:
    """A record leaves quarantine; 1 if it was waiting there."""
    automations = (
        tx.execute(
            quarantine.update()
            .where(quarantine.c.id == record, quarantine.c.state == "waiting")
            .values(state=state, case_id=case, settled_at=now, settled_by=by, settled_why=why)
            .returning(quarantine.c.automation)
        )
        .scalars()
        .all()
    )
    tallying.add(tx, Counter((tallying.QUARANTINE, automation, "", state) for automation in automations), now)
    return len(automations)


def unfinished_of(tx: Tx, automation: str, source: str) -> sa.Row[int, str | None, int, int] | None:
    """The last submission of this source that was not finished: (id, fingerprint, next_byte, arrived)."""
    s = submissions.c
    return tx.execute(
        sa.select(s.id, s.fingerprint, s.next_byte, s.arrived)
        .where(s.automation == automation, s.source == source, sa.not_(s.finished))
        .order_by(s.id.desc())
        .limit(1)
    ).one_or_none()
