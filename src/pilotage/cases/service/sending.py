"""Senders: the permission to send, what is on its way, and what became of it.

The permission is one transaction: share the gate, so that no hold can be written meanwhile, and turn the rows to
`sending` with sender, attempt and a send-by time. Calls are made only after its commit. Results are written in groups, in
the same transaction as the next permission.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from pilotage.cases.outcomes import Away, Confirmed, Next, NotDone, follows
from pilotage.cases.ports import Decisions
from pilotage.cases.retry import SECOND
from pilotage.cases.service import documents
from pilotage.cases.service.jobs import Apart, Finished, Job
from pilotage.cases.service.losing import Losing
from pilotage.cases.service.permits import Due, Permits
from pilotage.cases.service.repeats import without_excess
from pilotage.cases.service.saving import wake_parents
from pilotage.cases.service.served import Served
from pilotage.cases.service.telling import question, tell
from pilotage.cases.store import holding, ledger, moving, responses, tallying
from pilotage.cases.store.ledger import Turn
from pilotage.cases.store.responses import Kept
from pilotage.cases.store.tallying import Changes
from pilotage.cases.values import Place
from pilotage.cases.walk import budget_of
from pilotage.connections import giving_way
from pilotage.connections.counting import Flight
from pilotage.connections.limiting import ANSWER_SOON, Limiter, settle
from pilotage.connections.standing import CALLS, Standing
from pilotage.connections.watching import Watch
from pilotage.kernel.clock import Clock
from pilotage.machinery.storage.database import Database, Tx

SEND_WITHIN: Final = 5 * SECOND
"""How long after its permission an effect may still be sent."""
AT_ONCE: Final = 32
"""How many calls of one connection a process has on their way."""
LOOK: Final = 2 * SECOND
"""How often a process looks whether another one has found that a connection works again."""


def _answered(jobs: Sequence[Job]) -> Counter[tuple[str, Flight, str | None]]:
    return Counter((job.effect.connection, job.flight, job.effect.segments) for job in jobs if job.flight is not None)


def _looks_again(standing: Standing, free_at: int | None, now: int) -> int:
    """When to look for room again, in platform time."""
    soon = now + ANSWER_SOON
    return soon if free_at is None else max(standing.on_platform(free_at), soon)


@dataclass(kw_only=True)
class Sending:
    """The ledger's side of sending, for one process."""

    database: Database
    served: Served
    decisions: Decisions
    sender: str
    clock: Clock
    limiter: Limiter
    watch: Watch
    chance: Random = field(default_factory=Random)
    at_once: int = AT_ONCE
    pauses: dict[str, int] = field(default_factory=dict[str, int])
    """Connections at which nothing may be sent until then (platform time): they said so, or their limits do."""
    after_record: Callable[[Sequence[int]], None] = lambda cases: None
    _in_hand: set[int] = field(default_factory=set[int])
    """Effects whose permission came back to this process and whose outcome is not written yet."""
    _asked_for_rest: dict[str, int] = field(default_factory=dict[str, int])
    permits: Permits = field(init=False)

    def __post_init__(self) -> None:
        self.permits = Permits(served=self.served)

    def has_work(self) -> bool:
        """Whether anything is due; reads only."""
        with self.database.snapshot() as tx:
            now = self.database.now(tx)
            return bool(self.permits.look(tx, now, self._open(now), most=1))

    def _open(self, now: int) -> Callable[[str], bool]:
        return lambda connection: self.pauses.get(connection, 0) <= now

    def turn(self, finished: Sequence[Finished], busy: Mapping[str, int], *, taking: bool = True) -> list[Job]:
        """Write what became of finished jobs, and take permission for more: one transaction.

        `busy` is how many calls of each connection are on their way.
        """
        before = self.clock.monotonic()
        jobs: list[tuple[int, bool]] = []
        flights: dict[str, Flight] = {}
        with self.database.transaction() as tx:
            holding.share_gate(tx)
            now = self.database.now(tx)
            woken = self._record(tx, finished, now)
            send_by = now + SEND_WITHIN
            dues = self.permits.look(tx, now, self._open(now), most=self.at_once) if taking else []
            acted = [one.job for one in finished if one.job.flight is not None]
            names = {one.job.effect.connection for one in finished} | {due.connection for due in dues}
            standings = self.limiter.lock(tx, names, now)
            settle(standings, _answered(acted))
            self._left_alone(standings, now)
            self.watch.write_into(standings)
            probes = {name for name, standing in standings.items() if not standing.stored.breaker.closed}
            for due in dues:
                flight = standings[due.connection].flight(SEND_WITHIN + self._longest(due.connection))
                room = self.at_once - busy.get(due.connection, 0)
                jobs += self._take(tx, due, standings[due.connection], room=room, flight=flight, send_by=send_by)
                flights[due.connection] = flight
            self.limiter.write(tx, standings)
            loaded = {effect.id: effect for effect in ledger.load(tx, [effect for effect, _ in jobs])}
        self._in_hand.difference_update([one.job.effect.id for one in finished])
        self._in_hand.update(loaded)
        self.after_record(woken)
        return [
            Job(
                effect=loaded[effect],
                asking=asking,
                send_by=before + SEND_WITHIN / SECOND,
                settled_at=send_by + self._longest(loaded[effect].connection),
                flight=None if asking else flights[loaded[effect].connection],
                probe=loaded[effect].connection in probes,
            )
            for effect, asking in sorted(jobs)  # oldest first
        ]

    def _take(
        self, tx: Tx, due: Due, standing: Standing, *, room: int, flight: Flight, send_by: int
    ) -> list[tuple[int, bool]]:
        """Permits within the connection's limits. Where it has none left, it is left alone until it has some."""
        now = send_by - SEND_WITHIN
        waiting = min(room, sum(line.count for line in due.lines))
        kind = giving_way.acts(min((line.priority for line in due.lines), default=giving_way.USUAL))
        allowed = standing.allowed(kind, standing.room(flight, wanted=max(waiting, 0)))
        apart = Apart(standing=standing, flight=flight) if standing.apart else None
        taken = self.permits.take(
            tx,
            due,
            room=standing.let_through(max(room, 0)),
            sending=allowed,
            sender=self.sender,
            now=now,
            send_by=send_by,
            apart=apart,
        )
        taken = without_excess(tx, standing, taken, flight if apart else None, self.chance)
        acts = sum(not asking for _, asking in taken)
        if apart is None:
            standing.take(flight, {CALLS: acts})
        if standing.stored.breaker.closed:
            standing.noted(kind, wanted=min(waiting, allowed) if apart else waiting, got=acts, flight=flight)
        if standing.closed:  # neither acts nor questions go before the time that the other side named
            self.pauses[due.connection] = _looks_again(standing, standing.opens(), now)
        elif not standing.stored.breaker.closed:
            if taken:
                standing.probing(flight.until)
            self.pauses[due.connection] = min(standing.on_platform(standing.stored.breaker.until), now + LOOK)
        elif apart is not None and waiting > acts and acts < allowed:
            free = None if acts else apart.free_at
            self.pauses[due.connection] = _looks_again(standing, free, now)
        elif waiting > acts and allowed < waiting:
            free = standing.free_at(flight, {CALLS: standing.worth(waiting - acts)})
            self.pauses[due.connection] = _looks_again(standing, free, now)
        return taken

    def _left_alone(self, standings: Mapping[str, Standing], now: int) -> None:
        """Where the other side asked to be left alone, everybody leaves it alone."""
        for name, until in self._asked_for_rest.items():
            if name in standings and until > now:
                standings[name].leave_alone(until - standings[name].on_platform(0))
        self._asked_for_rest.clear()

    def _longest(self, connection: str) -> int:
        """How long a call of this connection may last, in microseconds: the longest that any automation declares."""
        declared = (one for automation in self.served.automations.values() for one in automation.connections)
        return max(
            (int(one.timeout.seconds * SECOND) for one in declared if one.name == connection), default=10 * SECOND
        )

    def until_open(self) -> float:
        """Seconds until the first connection that is left alone may be looked at again."""
        if not self.pauses:
            return float("inf")
        with self.database.snapshot() as tx:
            now = self.database.now(tx)
        self.pauses = {name: until for name, until in self.pauses.items() if until > now}
        return min((until - now for until in self.pauses.values()), default=0) / SECOND

    def _record(self, tx: Tx, finished: Sequence[Finished], now: int) -> list[int]:
        """Write outcomes, grouped by what follows from them; the cases that went on."""
        self._keep_responses(tx, finished, now)
        groups: dict[tuple[Next, bool, int, str, str, str], list[Finished]] = {}
        expected = self._expected(tx, finished, now)
        for one in finished:
            what = self._follows(one, expected.get(one.job.effect.connection), now)
            effect = one.job.effect
            if isinstance(one.outcome, NotDone) and one.outcome.throttled and what.due_at is not None:
                self.pauses[effect.connection] = max(self.pauses.get(effect.connection, 0), what.due_at)
                if one.outcome.asked:
                    self._asked_for_rest[effect.connection] = self.pauses[effect.connection]
            count = effect.asked if one.job.asking else effect.attempt
            key = (what, one.job.asking, count, effect.automation, effect.release, effect.node)
            groups.setdefault(key, []).append(one)
        woken: list[int] = []
        changes: Changes = Counter()
        for (what, asking, count, automation, _, _), members in groups.items():
            turn = Turn(
                state=what.state, words=what.words, due_at=what.due_at, failures=what.failures, doubtful=what.doubtful
            )
            own = ledger.settle(
                tx,
                [one.job.effect.id for one in members],
                turn,
                sender=self.sender,
                asking=asking,
                count=count,
                now=now,
            )
            mine = [one for one in members if one.job.effect.id in own]
            confirmed = [(one.job.effect.case, one.outcome) for one in mine if isinstance(one.outcome, Confirmed)]
            documents.refer_given(tx, [(case, given) for case, one in confirmed for given in one.documents], now)
            states = ((automation, one.job.effect.connection, what.state.value) for one in mine)
            changes.update(tallying.of_effects(states))
            done, on = self._move_cases(tx, what, mine, now)
            changes[tallying.CASE, automation, "", Place.DONE.value] += done
            woken += on
        tallying.add(tx, changes, now)
        return woken

    def _keep_responses(self, tx: Tx, finished: Sequence[Finished], now: int) -> None:
        kept = [
            Kept(
                case=one.job.effect.case,
                effect=one.job.effect.id,
                node=one.job.effect.node,
                connection=one.job.effect.connection,
                attempt=one.job.effect.attempt,
                response=one.response,
            )
            for one in finished
            if one.response is not None
        ]
        responses.keep(tx, kept, now)

    def _expected(self, tx: Tx, finished: Sequence[Finished], now: int) -> dict[str, Standing]:
        """How the connections whose other side failed will stand, as far as can be told without locking their rows."""
        names = {one.job.effect.connection for one in finished if getattr(one.outcome, "failing", False)}
        found = self.limiter.peek(tx, names, now) if names else {}
        return {name: self.watch.expected(name, standing) for name, standing in found.items()}

    def _follows(self, one: Finished, standing: Standing | None, now: int) -> Next:
        """What follows from an outcome. Nobody is given up because of a connection from which nobody has an answer."""
        effect = one.job.effect
        budget = budget_of(self.served.node(effect.automation, effect.release, effect.node))

        def what(away: Away | None) -> Next:
            return follows(
                effect,
                one.outcome,
                now=now,
                settled_at=one.job.settled_at,
                budget=budget,
                chance=self.chance,
                away=away,
            )

        if standing is None:
            return what(None)
        breaker = standing.stored.breaker
        if not breaker.closed:
            # who probed in vain lets another one probe the next time
            return what(Away(until=standing.on_platform(breaker.until) + (LOOK if one.job.probe else 0)))
        found = what(None)
        if found.case in {"dead", "person"} and breaker.nobody_answers(standing.now):
            waits = what(Away(until=now + LOOK))
            if waits.case == "stays":
                self.watch.give_up_on(effect.connection)
                return waits
        return found

    def _move_cases(self, tx: Tx, what: Next, members: Sequence[Finished], now: int) -> tuple[int, list[int]]:
        """The cases of effects that have all ended in the same way go on, stay, or go to people.

        How many are done, and which went on.
        """
        if not members:
            return 0, []
        effect = members[0].job.effect
        node = self.served.node(effect.automation, effect.release, effect.node)
        case_ids = [one.job.effect.case for one in members]
        moved: set[int] = set()
        if what.case == "on":
            ledger.add_results(
                tx,
                [
                    {
                        "effect_id": one.job.effect.id,
                        "case_id": one.job.effect.case,
                        "node": node.name,
                        "result": one.outcome.result,
                    }
                    for one in members
                    if isinstance(one.outcome, Confirmed)
                ],
            )
            place = Place.DONE if node.next is None else Place.READY
            moved = moving.after_effect(tx, case_ids, now=now, place=place, node=node.next, stays=False)
            if place is Place.DONE:
                wake_parents(tx, [one.job.effect.case for one in members if one.job.effect.parent is not None], now)
        elif what.case == "dead":
            reason = f"{node.name}: {what.words}"
            moved = moving.after_effect(tx, case_ids, now=now, place=Place.DEAD_LETTER, reason=reason)
        elif what.case == "person":
            moved = moving.after_effect(tx, case_ids, now=now, place=Place.WITH_PEOPLE, reason=what.words)
            self.decisions.ask(
                tx,
                [question(self.served, one, what.words or "") for one in members if one.job.effect.case in moved],
                now,
            )
        tell(tx, what, members, now)
        if what.case != "on":
            return 0, []
        return (len(moved), []) if node.next is None else (0, sorted(moved))

    def lose(self, gone: Callable[[Sequence[str]], set[str]]) -> int:
        """Effects on their way whose sender is gone are unknown; how many became so. See `losing`."""
        losing = Losing(database=self.database, served=self.served, decisions=self.decisions, sender=self.sender)
        return losing.lose(gone, self._in_hand)
