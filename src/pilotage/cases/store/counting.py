"""SQL that counts for the command line: one submission's places and effects, and what goes on by itself."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from pilotage.cases.store import handing
from pilotage.cases.store.found import ShapeOfOne, Submission
from pilotage.cases.store.holding import held_effects, intake_held
from pilotage.cases.tables import case_content, cases, effects, quarantine, still_open, submissions
from pilotage.cases.values import TO_DO, EffectState, Place
from pilotage.machinery.storage import rows
from pilotage.machinery.storage.database import Tx


def places(tx: Tx, submission: int | None = None) -> list[tuple[str, str, int, int]]:
    """Cases by automation and place, of one submission or all: (automation, place, count, oldest change)."""
    c = cases.c
    query = sa.select(c.automation, c.place, sa.func.count(), sa.func.min(c.changed_at)).group_by(c.automation, c.place)
    found = tx.execute(query if submission is None else query.where(c.submission == submission))
    return [(a, p, n, oldest) for a, p, n, oldest in found]


def open_cases(tx: Tx, automation: str) -> int:
    """How many cases of an automation have not come to an end: those of people among them, dead letters not."""
    c = cases.c
    places = [Place.READY.value, Place.MOVING.value, Place.WAITING.value, Place.WITH_PEOPLE.value]
    found = tx.execute(sa.select(sa.func.count()).where(c.automation == automation, c.place.in_(places), still_open()))
    return int(found.scalar_one())


def effect_states(tx: Tx, submission: int | None = None) -> list[tuple[str, str, str, int, int]]:
    """Effects by automation, connection and state: (automation, connection, state, count, oldest change)."""
    e = effects.c
    query = sa.select(e.automation, e.connection, e.state, sa.func.count(), sa.func.min(e.changed_at)).group_by(
        e.automation, e.connection, e.state
    )
    if submission is not None:
        query = query.join(cases, cases.c.id == e.case_id).where(cases.c.submission == submission)
    return [(a, c, s, n, oldest) for a, c, s, n, oldest in tx.execute(query)]


def quarantine_of(tx: Tx, submission: int) -> list[ShapeOfOne]:
    """Records of a submission in quarantine by kind and shape, the commonest first."""
    q = quarantine.c
    query = (
        sa.select(q.kind, q.shape, sa.func.min(q.reason).label("reason"), sa.func.count().label("count"))
        .where(q.submission == submission)
        .group_by(q.kind, q.shape)
        .order_by(sa.func.count().desc())
    )
    return rows.values(ShapeOfOne, tx.execute(query))


def submission(tx: Tx, number: int) -> Submission:
    """A submission that is there."""
    query = sa.select(*rows.columns(submissions, Submission)).where(submissions.c.id == number)
    return rows.value(Submission, tx.execute(query).mappings().one())


def judged(tx: Tx, number: int) -> list[tuple[int, str, str, str | None]]:
    """The cases of a submission with what was judged: (id, key, place, judgements as JSON text)."""
    found = tx.execute(
        sa.select(cases.c.id, cases.c.key, cases.c.place, case_content.c.judgements)
        .join(case_content, case_content.c.case_id == cases.c.id)
        .where(cases.c.submission == number)
        .order_by(cases.c.id)
    )
    return [(case, key, place, judgements) for case, key, place, judgements in found]


def effect_keys(tx: Tx, number: int) -> set[str]:
    """The keys of the effects that the cases of a submission came to."""
    query = sa.select(effects.c.key).join(cases, cases.c.id == effects.c.case_id).where(cases.c.submission == number)
    return set(tx.execute(query).scalars())


@dataclass(frozen=True, kw_only=True, slots=True)
class OnItsOwn:
    """What goes on without a person, soon."""

    ready: int = 0
    moving: int = 0
    waking: int = 0
    """Waiting cases whose time comes soon."""
    sending: int = 0
    """Effects on their way, or due soon."""
    asking: int = 0
    """Effects of unknown outcome about which the other side is asked soon."""
    offered: int = 0
    """Values that are handed over to automations which have room for them."""

    @property
    def count(self) -> int:
        """All together; 0: nothing moves without time or people."""
        return self.ready + self.moving + self.waking + self.sending + self.asking + self.offered


def held_up_since(tx: Tx, since: int) -> list[tuple[str, str]]:
    """(automation, connection) of which an effect was tried since then, and our own side is why nobody could be asked."""
    e = effects.c
    found = tx.execute(
        sa.select(e.automation, e.connection)
        .where(
            e.state == sa.literal(EffectState.PLANNED.value, literal_execute=True),
            e.changed_at >= since,
            e.due_at.isnot(None),
            e.words.contains(TO_DO, autoescape=True),
        )
        .distinct()
    )
    return [(automation, connection) for automation, connection in found]


def on_its_own(
    tx: Tx,
    served: Sequence[tuple[str, str]],
    until: int,
    *,
    left_alone: Collection[str] = (),
    held_up: Collection[tuple[str, str]] = (),
) -> OnItsOwn:
    """What moves by itself up to `until`, of the served (automation, release) pairs.

    Effects that are held do not, nor those of connections that are left alone until later, nor what is held up here.
    """
    if not served:
        return OnItsOwn()
    c, e = cases.c, effects.c
    mine = sa.tuple_(c.automation, c.release).in_(list(served))
    places_ = {
        str(row[0]): int(row[1])
        for row in tx.execute(
            sa.select(c.place, sa.func.count())
            .where(mine, c.place.in_([Place.READY.value, Place.MOVING.value]), still_open())
            .group_by(c.place)
        )
    }
    waiting = sa.literal(Place.WAITING.value, literal_execute=True)
    due_cases = (
        sa.select(c.automation, c.release, sa.func.count())
        .where(c.place == waiting, c.due_at <= until)
        .group_by(c.automation, c.release)
    )
    places_[Place.WAITING.value] = sum(n for a, r, n in tx.execute(due_cases) if (a, r) in set(served))
    due = sa.or_(e.due_at.is_(None), e.due_at <= until)
    called = e.connection.not_in(sorted(left_alone))
    if held_up:
        due = sa.and_(due, sa.tuple_(e.automation, e.connection).not_in(sorted(held_up)))
    states = {
        str(row[0]): int(row[1])
        for row in tx.execute(
            sa.select(e.state, sa.func.count())
            .where(
                sa.tuple_(e.automation, e.release).in_(list(served)),
                sa.or_(
                    e.state == EffectState.SENDING.value,
                    sa.and_(e.state == EffectState.PLANNED.value, due, called, ~held_effects()),
                    sa.and_(e.state == EffectState.UNKNOWN.value, e.due_at <= until, called),
                ),
            )
            .group_by(e.state)
        )
    }
    return OnItsOwn(
        ready=places_.get(Place.READY.value, 0),
        moving=places_.get(Place.MOVING.value, 0),
        waking=places_.get(Place.WAITING.value, 0),
        asking=states.get(EffectState.UNKNOWN.value, 0),
        sending=states.get(EffectState.SENDING.value, 0) + states.get(EffectState.PLANNED.value, 0),
        offered=_goes_on(tx, {automation for automation, _ in served}),
    )


def _goes_on(tx: Tx, served: Collection[str]) -> int:
    """How many values wait for takers that may take them now: nothing holds them, and there is room."""
    waiting = handing.waiting_for(tx, sorted(served))
    bounds = handing.bounds(tx) if waiting else {}
    return sum(
        count
        for taker, count in waiting.items()
        if not intake_held(tx, taker) and (taker not in bounds or open_cases(tx, taker) < bounds[taker])
    )
