"""SQL of releases."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import sqlalchemy as sa

from pilotage.cases.tables import cases, effects, still_open
from pilotage.cases.values import EffectState, Place
from pilotage.machinery.storage.database import Tx
from pilotage.releases.tables import release_outlines, releases
from pilotage.releases.values import OpenCases, Release, State

_SERVED_PLACES = (Place.READY, Place.MOVING, Place.WAITING, Place.WITH_PEOPLE)
"""A dead letter moves only after a replay has made it ready, so it alone keeps no process running."""
_SERVED_STATES = (EffectState.PLANNED, EffectState.SENDING, EffectState.UNDOING)


def lock(tx: Tx) -> None:
    """Nobody else changes which release is current until the transaction ends; on SQLite nobody else writes anyway."""
    if tx.dialect.name == "postgresql":
        tx.execute(sa.text("LOCK TABLE releases IN SHARE ROW EXCLUSIVE MODE"))


def add(tx: Tx, release: Release, outlines: Mapping[str, object]) -> None:
    """Write a new release with the outlines of its automations."""
    tx.execute(
        releases.insert().values(
            name=release.name,
            digest=release.digest,
            automations=json.dumps(release.automations),
            made_at=release.made_at,
            made_by=release.made_by,
            known=release.known,
            note=release.note,
            artefact=release.artefact,
            python=release.python,
            state=release.state.value,
            current_since=release.current_since,
        )
    )
    for automation, outline in outlines.items():
        tx.execute(
            release_outlines.insert().values(release=release.name, automation=automation, outline=json.dumps(outline))
        )


def make_current(tx: Tx, name: str, now: int) -> None:
    """New cases begin on this release from now on."""
    tx.execute(releases.update().where(releases.c.name == name).values(state=State.CURRENT.value, current_since=now))


def retire(tx: Tx, names: Iterable[str]) -> None:
    """No new case begins on these any more."""
    tx.execute(releases.update().where(releases.c.name.in_(list(names))).values(state=State.RETIRED.value))


def by_digest(tx: Tx, digest: str) -> Release | None:
    """The release of this digest."""
    row = tx.execute(sa.select(releases).where(releases.c.digest == digest)).mappings().one_or_none()
    return None if row is None else _release(row)


def every(tx: Tx) -> list[Release]:
    """All releases, the one that became current last first."""
    rows = tx.execute(sa.select(releases).order_by(releases.c.current_since.desc(), releases.c.name))
    return [_release(row) for row in rows.mappings()]


_CURRENT: Final = (
    sa.select(releases)
    .where(releases.c.state == State.CURRENT.value)
    .order_by(releases.c.current_since.desc(), releases.c.name)
)


def current(tx: Tx) -> list[Release]:
    """The current releases, the one that became so last first."""
    return [_release(row) for row in tx.execute(_CURRENT).mappings()]


def outline(tx: Tx, release: str, automation: str) -> object | None:
    """The outline of an automation in a release, as plain data."""
    text = tx.execute(
        sa.select(release_outlines.c.outline).where(
            release_outlines.c.release == release, release_outlines.c.automation == automation
        )
    ).scalar_one_or_none()
    return None if text is None else json.loads(text)


def has_open(tx: Tx, release: str, automations: Sequence[str]) -> bool:
    """Whether a process has to serve the release: something of it may move, is on its way, or waits for an answer."""
    c, e = cases.c, effects.c
    for automation in automations:
        for place in _SERVED_PLACES:
            here = sa.and_(c.place == place.value, c.automation == automation, c.release == release, still_open())
            if tx.execute(sa.select(sa.exists().where(here))).scalar_one():
                return True
    asked = sa.and_(e.state == EffectState.UNKNOWN.value, e.due_at.is_not(None))
    return any(
        tx.execute(sa.select(sa.exists().where(state, e.release == release))).scalar_one()
        for state in (*(e.state == one.value for one in _SERVED_STATES), asked)
    )


def open_cases(tx: Tx) -> list[OpenCases]:
    """Open cases that a process has to serve, by automation and release."""
    c = cases.c
    rows = tx.execute(
        sa.select(c.automation, c.release, sa.func.count())
        .where(c.place.in_([place.value for place in _SERVED_PLACES]), still_open())
        .group_by(c.automation, c.release)
        .order_by(c.release, c.automation)
    )
    return [OpenCases(automation=a, release=r, count=n) for a, r, n in rows]


def strangers(tx: Tx, working_directory: str) -> list[Sequence[object]]:
    """Cases that have not ended and name a release that nobody has made: (release, automation, cases)."""
    c = cases.c
    rows = tx.execute(
        sa.select(c.release, c.automation, sa.func.count())
        .where(
            still_open(),
            c.release != working_directory,
            ~sa.exists().where(releases.c.name == c.release),
        )
        .group_by(c.release, c.automation)
    )
    return [tuple(row) for row in rows]


def _release(row: sa.RowMapping) -> Release:
    return Release(
        name=row["name"],
        digest=row["digest"],
        automations=tuple(json.loads(row["automations"])),
        made_at=row["made_at"],
        made_by=row["made_by"],
        known=row["known"],
        note=row["note"],
        artefact=row["artefact"],
        python=row["python"],
        state=State(row["state"]),
        current_since=row["current_since"],
    )
