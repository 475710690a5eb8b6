"""The figures of the whole platform, out of the database: right with any number of processes, and names and counts alone."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from pilotage.cases.service.spending import spent
from pilotage.cases.store import standing, tallying
from pilotage.cases.values import Place
from pilotage.connections.limiting import read as read_connections
from pilotage.connections.values import Heard
from pilotage.machinery.engine.lives import Lives
from pilotage.machinery.storage.database import Database, Tx
from pilotage.machinery.telemetry.values import Figure

_SECOND: Final = 1_000_000
_HOUR: Final = 3600 * _SECOND
_OPEN: Final = (Place.READY, Place.MOVING, Place.WAITING, Place.WITH_PEOPLE, Place.DEAD_LETTER)
_TAKEN: Final = ("accepted", "duplicates", "quarantined")


def figures(database: Database, automations: Iterable[str]) -> list[Figure]:
    """Every figure of this moment."""
    names = sorted(automations)
    with database.snapshot() as tx:
        now = database.now(tx)
        found = [*_cases(tx, now, names), *_records(tx, names), *_effects(tx), *_connections(tx, now), *_models(tx)]
    living = Lives(database).living()
    found.append(_gauge("pilotage_workers", "Processes that work.", [({}, len(living))]))
    return found


def cases_by_place(database: Database, automations: Iterable[str]) -> list[tuple[str, str, int]]:
    """How many cases of each automation are in each place, or ended there: also where there are none."""
    names = sorted(automations)
    with database.snapshot() as tx:
        return [*_open(standing.open_places(tx), names), *_ended(tx, names)]


def _ended(tx: Tx, automations: Iterable[str]) -> list[tuple[str, str, int]]:
    """Cases that ended and are not archived."""
    told = tallying.read(tx, tallying.CASE)
    return [
        (name, place, told[tallying.CASE, name, "", place]) for name in automations for place in sorted(tallying.ENDED)
    ]


def _open(opened: Iterable[tuple[str, str, int, int]], automations: Iterable[str]) -> list[tuple[str, str, int]]:
    counts = Counter({(name, place.value): 0 for name in automations for place in _OPEN})
    for automation, place, number, _ in opened:
        counts[automation, place] += number
    return [(automation, place, number) for (automation, place), number in sorted(counts.items())]


def _cases(tx: Tx, now: int, automations: Iterable[str]) -> Iterable[Figure]:
    opened = standing.open_places(tx)
    rows = [(_of(automation, place=place), number) for automation, place, number in _open(opened, automations)]
    yield _gauge("pilotage_open_cases", "Cases that have not come to an end, by the place where they are.", rows)
    ended = [(_of(automation, place=place), number) for automation, place, number in _ended(tx, automations)]
    yield _gauge("pilotage_ended_cases", "Cases that came to an end, by the place; archived ones are not in it.", ended)
    ages = [(_of(automation, place=place), max(0, now - oldest) / _SECOND) for automation, place, _, oldest in opened]
    yield _gauge("pilotage_oldest_case_seconds", "How long the oldest case of a place has been there.", ages)
    done = [
        (_of(name), sum(tallying.minutes(tx, now - _HOUR, Place.DONE.value, name).values())) for name in automations
    ]
    yield _gauge("pilotage_cases_done_last_hour", "Cases that reached the end of their process in the last hour.", done)
    kept = [(_of(name), standing.waiting_in_quarantine(tx, name)[0]) for name in automations]
    yield _gauge("pilotage_quarantine_records", "Records that wait in quarantine.", kept)


def _records(tx: Tx, automations: Iterable[str]) -> Iterable[Figure]:
    came = tallying.read(tx, tallying.SUBMISSION)
    rows = [
        (_of(name, outcome=what), came[tallying.SUBMISSION, name, "", what]) for name in automations for what in _TAKEN
    ]
    yield _counter("pilotage_records", "Records that arrived, by what became of them at once.", rows)


def _effects(tx: Tx) -> Iterable[Figure]:
    rows = [
        (_of(automation, connection=connection, state=state), number)
        for automation, connection, state, number, _ in standing.effect_states(tx)
    ]
    yield _gauge("pilotage_effects", "Effects in the ledger, by their state.", rows)


def _connections(tx: Tx, now: int) -> Iterable[Figure]:
    standings = read_connections(tx, now)
    heard: list[tuple[Mapping[str, str], float]] = []
    for name, one in standings.items():
        counted = Counter[str]()
        for hour in one.stored.heard.values():
            counted.update(hour)
        heard += [({"connection": name, "outcome": word.value}, counted[word.value]) for word in Heard]
    yield _gauge("pilotage_calls_last_day", "Calls of the last 24 hours, by what came of them.", heard)
    shut = [({"connection": name}, int(not one.stored.breaker.closed)) for name, one in standings.items()]
    yield _gauge("pilotage_connection_left_alone", "1 where the breaker leaves a connection alone.", shut)
    waits = [({"connection": name}, number) for name, (number, _) in sorted(standing.waiting_at(tx).items())]
    yield _gauge("pilotage_connection_waiting", "What waits at a connection for its turn or for an answer.", waits)


def _models(tx: Tx) -> Iterable[Figure]:
    told = spent(tx)
    calls = [(_of(one.automation, model=one.model), one.calls) for one in told]
    yield _counter("pilotage_model_calls", "Calls of models.", calls)
    tokens = [
        (_of(one.automation, model=one.model, direction=direction), number)
        for one in told
        for direction, number in (("in", one.tokens_in), ("out", one.tokens_out))
    ]
    yield _counter("pilotage_model_tokens", "Tokens that models took, as far as they say it.", tokens)
    cost = [(_of(one.automation, model=one.model), float(one.money)) for one in told]
    yield _counter("pilotage_model_cost_usd", "What models cost by the price list, as far as it is known.", cost)


def _of(automation: str, **labels: str) -> Mapping[str, str]:
    return {"automation": automation, **labels}


def _gauge(name: str, help_: str, rows: Iterable[tuple[Mapping[str, str], float]]) -> Figure:
    return Figure(name=name, help=help_, rows=tuple(rows))


def _counter(name: str, help_: str, rows: Iterable[tuple[Mapping[str, str], float]]) -> Figure:
    return Figure(name=name, help=help_, rows=tuple(rows), counts=True)
