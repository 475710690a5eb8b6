"""SQL for the page and `status`: what is open is counted in the index of open cases, what is not is read from the tallies.

So a page asks as much as there is to do, however much has been done.
"""

from collections.abc import Iterable
from typing import NamedTuple

import sqlalchemy as sa

from pilotage.cases.store import tallying
from pilotage.cases.sums import Tally
from pilotage.cases.tables import archive_runs, cases, effects, quarantine, still_open
from pilotage.cases.values import TO_DO, EffectState, HandOverState, Place, connection_waited_for, waiting_for
from pilotage.machinery.storage.database import Tx


def open_places(tx: Tx) -> list[tuple[str, str, int, int]]:
    """Open cases by automation and place: (automation, place, count, oldest change)."""
    c = cases.c
    found = tx.execute(
        sa.select(c.automation, c.place, sa.func.count(), sa.func.min(c.changed_at))
        .where(still_open())
        .group_by(c.place, c.automation)
    )
    return [(a, p, n, oldest) for a, p, n, oldest in found]


def places_of(tx: Tx, automation: str) -> dict[Place, int]:
    """How many cases of one automation are in each place."""
    c = cases.c
    opened = tx.execute(
        sa.select(c.place, sa.func.count()).where(c.automation == automation, still_open()).group_by(c.place)
    )
    found = {Place(place): int(number) for place, number in opened}
    told = tallying.read(tx, tallying.CASE)
    return found | {Place(place): told[tallying.CASE, automation, "", place] for place in tallying.ENDED}


def effect_states(tx: Tx) -> list[tuple[str, str, str, int, int | None]]:
    """Effects by automation, connection and state, with the oldest change of those from which more may become."""
    e = effects.c
    rows: list[tuple[str, str, str, int, int | None]] = []
    for state in sorted(tallying.UNTOLD):
        found = tx.execute(
            sa.select(e.automation, e.connection, sa.func.count(), sa.func.min(e.changed_at))
            .where(e.state == sa.literal(state, literal_execute=True))
            .group_by(e.automation, e.connection)
        )
        rows += [(automation, connection, state, n, oldest) for automation, connection, n, oldest in found]
    told = tallying.read(tx, tallying.EFFECT)
    rows += [(automation, through, state, n, None) for (_, automation, through, state), n in told.items() if n]
    return sorted(rows, key=lambda row: row[:3])


def unknown_effects(tx: Tx) -> list[tuple[bool, Place, int, int, int]]:
    """Effects of unknown outcome: whether the other side is still asked, where their cases are, how many, since when, one case."""
    e, c = effects.c, cases.c
    asked = e.due_at.isnot(None)
    found = tx.execute(
        sa.select(asked, c.place, sa.func.count(), sa.func.min(e.changed_at), sa.func.min(e.case_id))
        .join(cases, c.id == e.case_id)
        .where(e.state == sa.literal(EffectState.UNKNOWN.value, literal_execute=True))
        .group_by(asked, c.place)
    )
    return [(bool(asks), Place(place), count, oldest, case) for asks, place, count, oldest, case in found]


def waiting_at(tx: Tx) -> dict[str, tuple[int, int | None]]:
    """What waits at each connection for its turn or for an answer: how many, and since when the oldest does.

    Effects that are planned, or of which the other side is still to be asked, and cases whose step waits for it.
    """
    e, c = effects.c, cases.c
    found: dict[str, tuple[int, int | None]] = {}
    for state in (EffectState.PLANNED, EffectState.UNKNOWN):
        query = sa.select(e.connection, sa.func.count(), sa.func.min(e.planned_at)).where(
            e.state == sa.literal(state.value, literal_execute=True)
        )
        if state is EffectState.UNKNOWN:
            query = query.where(e.due_at.isnot(None))  # else a person is asked
        _add(found, ((name, count, oldest) for name, count, oldest in tx.execute(query.group_by(e.connection))))
    named = c.waits_for.startswith(waiting_for(""), autoescape=True)
    waiting = tx.execute(
        sa.select(c.waits_for, sa.func.count(), sa.func.min(c.changed_at))
        .where(c.place == sa.literal(Place.WAITING.value, literal_execute=True), still_open(), named)
        .group_by(c.waits_for)
    )
    _add(found, ((connection_waited_for(what) or "", count, oldest) for what, count, oldest in waiting))
    return found


class HeldUp(NamedTuple):
    """Planned effects, or cases before a step that reads, for which no call can be made because of our own side."""

    connection: str
    words: str
    """Why not, and what to do."""
    number: int
    """How many of the automation wait there."""
    what: str = "effect"
    """"effect" or "case"."""


def held_up(tx: Tx) -> list[HeldUp]:
    """Where our own side is the reason that effects or cases wait, by connection and reason, the most first.

    Only the effects that were tried have the reason; the others of their automation there wait behind them.
    """
    found = _effects_held_up(tx) + _cases_held_up(tx)
    return sorted(found, key=lambda one: (-one.number, one))


def _cases_held_up(tx: Tx) -> list[HeldUp]:
    c = cases.c
    found = tx.execute(
        sa.select(c.waits_for, c.reason, sa.func.count())
        .where(
            c.place == sa.literal(Place.WAITING.value, literal_execute=True),
            still_open(),
            c.waits_for.startswith(waiting_for(""), autoescape=True),
            c.reason.contains(TO_DO, autoescape=True),
        )
        .group_by(c.waits_for, c.reason)
    )
    return [HeldUp(connection_waited_for(what) or "", words, number, "case") for what, words, number in found]


def _effects_held_up(tx: Tx) -> list[HeldUp]:
    e = effects.c
    ours = sa.case((e.words.contains(TO_DO, autoescape=True), e.words))
    found = tx.execute(
        sa.select(e.connection, sa.func.max(ours), sa.func.count())
        .where(e.state == sa.literal(EffectState.PLANNED.value, literal_execute=True))
        .group_by(e.connection, e.automation)
        .having(sa.func.max(ours).isnot(None))
    )
    together: dict[tuple[str, str], int] = {}
    for connection, words, number in found:
        together[connection, words] = together.get((connection, words), 0) + number
    return [HeldUp(*of, number) for of, number in together.items()]


def _add(found: dict[str, tuple[int, int | None]], rows: Iterable[tuple[str, int, int]]) -> None:
    for connection, count, oldest in rows:
        before, since = found.get(connection, (0, None))
        found[connection] = before + count, oldest if since is None else min(since, oldest)


def waiting_in_quarantine(tx: Tx, automation: str | None = None) -> tuple[int, int | None]:
    """How many records, of one automation or all, wait in quarantine, and since when the oldest does."""
    q = quarantine.c
    query = sa.select(sa.func.count(), sa.func.min(q.at)).where(q.state == sa.literal("waiting", literal_execute=True))
    if automation is not None:
        query = query.where(q.automation == automation)
    count, oldest = tx.execute(query).one()
    return int(count), oldest


def tally(tx: Tx, opened: list[tuple[str, str, int, int]], in_quarantine: int) -> Tally:
    """What the two sums are made of, with the tallies for what has ended: `doctor` counts all of it."""
    cases_, came = tallying.words(tx, tallying.CASE), tallying.words(tx, tallying.SUBMISSION)
    kept = tallying.words(tx, tallying.QUARANTINE)
    places = {Place(place): cases_[place] for place in tallying.ENDED if cases_[place]}
    for _, place, number, _ in opened:
        places[Place(place)] = places.get(Place(place), 0) + number
    out, passed = archived(tx), tallying.words(tx, tallying.HAND_OVER)
    return Tally(
        arrived=came["arrived"],
        accepted=came["accepted"],
        duplicates=came["duplicates"],
        in_quarantine=in_quarantine,
        released=kept["released"],
        discarded=kept["discarded"],
        born=cases_[tallying.BORN] + out.born,
        taken_over=passed[HandOverState.TAKEN] + out.taken,
        had_already=passed[HandOverState.DUPLICATE],
        not_fitting=passed[HandOverState.QUARANTINED],
        archived=out.cases,
        places=places,
    )


class Archived(NamedTuple):
    """What is in archives, and not in the tables."""

    cases: int
    born: int
    """Items of a for-each among them."""
    taken: int
    """Hand-overs of theirs that made cases of other automations."""


def archived(tx: Tx) -> Archived:
    """The files of all runs together."""
    r = archive_runs.c
    sums = [sa.func.coalesce(sa.func.sum(column), 0) for column in (r.cases, r.born, r.taken)]
    return Archived._make(int(number) for number in tx.execute(sa.select(*sums)).one())


def flow(tx: Tx, since: int) -> tuple[dict[int, int], dict[int, int]]:
    """Records that came in and cases that were done in each minute since then: minute -> count."""
    return tallying.minutes(tx, since, tallying.ARRIVED), tallying.minutes(tx, since, Place.DONE.value)


def effect_words(tx: Tx, most: int = 8, recent: int = 1_000) -> list[tuple[str, str, str, int]]:
    """What is said of effects that are not confirmed: (connection, state, words, count), the commonest first.

    Of refused effects the newest `recent` are looked at.
    """
    e = effects.c
    counted: dict[tuple[str, str, str], int] = {}
    for state in (EffectState.PLANNED, EffectState.UNKNOWN, EffectState.REFUSED):
        chosen = sa.select(e.connection, e.words).where(
            e.state == sa.literal(state.value, literal_execute=True), e.words.isnot(None)
        )
        if state is EffectState.REFUSED:
            chosen = chosen.order_by(e.changed_at.desc()).limit(recent)
        these = chosen.subquery()
        found = tx.execute(
            sa.select(these.c.connection, these.c.words, sa.func.count()).group_by(these.c.connection, these.c.words)
        )
        for connection, words, number in found:
            counted[connection, state.value, words] = number
    commonest = sorted(counted.items(), key=lambda one: -one[1])[:most]
    return [(connection, state, words, number) for (connection, state, words), number in commonest]
