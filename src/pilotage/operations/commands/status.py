"""`pilotage status`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from cyclopts import Parameter

from pilotage.cases.service.spending import Spent, spent
from pilotage.cases.service.today import read_places
from pilotage.cases.store import looking, standing
from pilotage.cases.store.found import Shape
from pilotage.cases.values import Place
from pilotage.cases.values_today import Places
from pilotage.inbox import store as inbox_store
from pilotage.kernel.counted import counted
from pilotage.machinery.cli.bounds import AT_LEAST_ONE
from pilotage.machinery.cli.output import Output
from pilotage.machinery.cli.times import age
from pilotage.machinery.engine.store import Life
from pilotage.machinery.storage.database import Tx
from pilotage.operations import handing
from pilotage.operations.commands.house import House, lives_of
from pilotage.operations.connections import OtherSide, other_sides
from pilotage.operations.connections import as_data as connection_as_data
from pilotage.operations.handing import Waiting
from pilotage.operations.health import assess, needs
from pilotage.operations.sources import Watched, watched
from pilotage.operations.sources import as_data as source_as_data
from pilotage.operations.values import Need, Urgency

_MICRO = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Details:
    """What status shows beyond the Today page."""

    effects: Sequence[tuple[str, str, str, int, int | None]]
    words: Sequence[tuple[str, str, str, int]]
    waiting: Sequence[tuple[str, str | None, int]]
    dead: Sequence[tuple[str, int]]
    shapes: Sequence[Shape]
    whys: Sequence[tuple[str, str, int]]
    models: Sequence[Spent]
    handing: Sequence[Waiting]
    sources: Sequence[Watched]
    now: int


@dataclass(frozen=True)
class StatusCommand:
    """Says how it stands."""

    house: House
    out: Output

    def status(
        self,
        *,
        most: Annotated[int, Parameter(help="how many reasons of each kind to list", validator=AT_LEAST_ONE)] = 8,
    ) -> None:
        """Say how many are where, and what needs somebody."""
        with self.house.open() as platform:
            places = read_places(platform.database, tuple(platform.automations))
            living = lives_of(platform).living()
            seen = watched(platform.database, platform.automations.values())
            with platform.database.snapshot() as tx:
                details = _details(tx, platform.database.now(tx), most, living, seen)
            more = self.house.needs_of(platform)
            sides = other_sides(platform.database, platform.automations.values())
            workers = [life.executor for life in living if life.kind == "worker"]
        health = assess(places, more)
        data = {
            "condition": health.condition.value,
            "title": health.title,
            "sentence": health.sentence,
            **places_as_data(places),
            **_as_data(details),
            "connections": [connection_as_data(one) for one in sides],
            "workers": len(workers),
            "needs": [_need(one) for one in (*more, *needs(places)) if one.urgency is not Urgency.PASSING],
            "passing": [_need(one) for one in more if one.urgency is Urgency.PASSING],
        }
        if not self.out.put(data):
            self._tell(places, details, workers, more, sides)

    def _tell(
        self,
        places: Places,
        details: _Details,
        workers: Sequence[str],
        more: Sequence[Need],
        sides: Sequence[OtherSide],
    ) -> None:
        out, health = self.out, assess(places, more)
        out.line(health.title, style="bold")
        out.line(health.sentence)
        running = f"{len(workers)} {'process works' if len(workers) == 1 else 'processes work'}"
        out.line(f"{running if workers else 'No process works'} on it now.")
        self._sides(sides)
        places_table(out, places)
        if details.sources:
            rows = [(one.source, one.automation, one.looked, one.waits) for one in details.sources]
            out.table(("source", "of", "last looked into", "waits"), rows, title="Where records come from")
        if details.waiting:
            out.table(("waiting for", "cases"), [(row[1], row[2]) for row in details.waiting])
        if details.handing:
            columns = ("from", "to", "cases", "oldest", "why")
            queued = [(one.queue, one.why) for one in details.handing]
            rows = [(q.giver, q.taker, q.count, age(details.now - q.since), why) for q, why in queued]
            out.table(columns, rows, title="Waiting to be handed over")
        if details.effects:
            out.table(
                ("automation", "through", "state", "effects", "oldest change"),
                [
                    (a, c, s, n, "" if oldest is None else age(details.now - oldest))
                    for a, c, s, n, oldest in details.effects
                ],
                title="Effects",
            )
        if details.words:
            out.table(("through", "state", "effects", "what is said"), [(c, s, n, w) for c, s, w, n in details.words])
        if details.models:
            columns = ("automation", "model", "calls", "tokens in", "tokens out", "USD", "not known")
            out.table(columns, [_model(one) for one in details.models], title="Language models")
        if details.whys:
            rows = [(kind, count, why) for kind, why, count in details.whys]
            out.table(("asked of people", "cases", "why"), rows, title="With people")
        if details.shapes:
            rows = [(row.shape, row.count, row.reason) for row in details.shapes]
            out.table(("malformed records", "records", "such as"), rows, title="Quarantine")
        if details.dead:
            out.table(("dead letters", "reason"), [(n, reason) for reason, n in details.dead], title="Dead letters")
        self._needs([one for one in (*more, *needs(places)) if one.urgency is not Urgency.PASSING])

    def _sides(self, sides: Sequence[OtherSide]) -> None:
        for one in sides:
            if not one.well:
                self.out.line(f"{one.sentence}.", style="bold")

    def _needs(self, found: Sequence[Need]) -> None:
        if found:
            self.out.heading("What needs somebody")
            for one in found:
                self.out.line(f"- {one.title}. {one.why} ({one.command})")


def _details(tx: Tx, now: int, most: int, living: Sequence[Life], seen: Sequence[Watched]) -> _Details:
    return _Details(
        effects=standing.effect_states(tx),
        words=standing.effect_words(tx, most),
        waiting=looking.count_waiting(tx),
        dead=looking.count_reasons(tx, Place.DEAD_LETTER, most=most),
        shapes=looking.count_shapes(tx)[:most],
        whys=inbox_store.count_whys(tx)[:most],
        models=spent(tx),
        handing=handing.waiting(tx, now, living),
        sources=seen,
        now=now,
    )


def places_table(out: Output, places: Places) -> None:
    """Where everything is, as a table for people."""
    rows: list[tuple[object, ...]] = [
        (place.value, places.at(place).count, _old(places.at(place).oldest))
        for place in Place
        if places.at(place).count
    ]
    if places.quarantine.count:
        rows.append(("(in quarantine)", places.quarantine.count, _old(places.quarantine.oldest)))
    if not rows:
        out.line("Nothing has come in yet.")
        return
    out.table(("place", "cases", "oldest there for"), rows, title="Where everything is")
    out.line(
        f"Arrived: {places.arrived:,} = {places.accepted:,} accepted + {places.duplicates:,} duplicates "
        f"+ {places.arrived - places.accepted - places.duplicates:,} that came to quarantine"
    )


def _old(length: timedelta | None) -> str:
    return "" if length is None else age(length // _MICRO)


def places_as_data(places: Places) -> Mapping[str, object]:
    """The same as plain data."""
    return {
        "as_of": places.as_of.isoformat(),
        "arrived": places.arrived,
        "accepted": places.accepted,
        "duplicates": places.duplicates,
        "in_quarantine": places.quarantine.count,
        "places": {place.value: places.at(place).count for place in Place},
        "oldest_seconds": {
            place.value: round(here.oldest.total_seconds()) for place, here in places.places.items() if here.oldest
        },
        "effects": {state.value: here.count for state, here in places.effects.items()},
        "holds": [
            {
                "scope": one.scope,
                "reason": one.reason,
                "by": one.by,
                "on_their_way": one.on_the_way,
                "intake": one.intake,
            }
            for one in places.holds
        ],
    }


def _as_data(details: _Details) -> Mapping[str, object]:
    return {
        "effects_by_connection": [
            {"automation": a, "connection": c, "state": s, "count": n} for a, c, s, n, _ in details.effects
        ],
        "effect_words": [{"connection": c, "state": s, "words": w, "count": n} for c, s, w, n in details.words],
        "waiting_for": [{"automation": row[0], "for": row[1], "count": row[2]} for row in details.waiting],
        "dead_letter_reasons": [{"reason": reason, "count": n} for reason, n in details.dead],
        "quarantine": [
            {"automation": row.automation, "shape": row.shape, "reason": row.reason, "count": row.count}
            for row in details.shapes
        ],
        "models": [
            {
                "automation": one.automation,
                "model": one.model,
                "calls": one.calls,
                "calls_not_counted": one.uncounted,
                "judgements_without_price": one.unpriced,
                "tokens_in": one.tokens_in,
                "tokens_out": one.tokens_out,
                "money": str(one.money),
                "currency": "USD",
            }
            for one in details.models
        ],
        "handing_over": [
            {
                "from": one.queue.giver,
                "to": one.queue.taker,
                "count": one.queue.count,
                "oldest_seconds": (details.now - one.queue.since) // 1_000_000,
                "late": one.queue.late,
                "answers_for_late": one.queue.late_to,
                "why": one.why,
            }
            for one in details.handing
        ],
        "sources": [source_as_data(one) for one in details.sources],
        "with_people": [{"kind": kind, "why": why, "count": n} for kind, why, n in details.whys],
    }


def _model(one: Spent) -> tuple[object, ...]:
    unknown = [counted(one.uncounted, "call")] if one.uncounted else []
    unknown += [f"the price of {counted(one.unpriced, 'judgement')}"] if one.unpriced else []
    return (
        one.automation,
        one.model,
        one.calls,
        one.tokens_in,
        one.tokens_out,
        f"{one.money:.4f}",
        ", ".join(unknown),
    )


def _need(one: Need) -> Mapping[str, object]:
    return {"title": one.title, "why": one.why, "urgency": one.urgency.value, "command": one.command}
