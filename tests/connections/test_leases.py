"""Reading calls, model calls and permits keep to the limits too, by small leases: no call waits for a transaction of its own."""

import asyncio
import threading
from collections.abc import Generator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from limited_account import Counted, Found, Server, asked, limited
from sqlalchemy.exc import OperationalError

from pilotage.authoring.limits import Quota, Rate, Window
from pilotage.authoring.ports import Call
from pilotage.connections.caller import ConnectionCaller
from pilotage.connections.errors import NoRoom, TooHeavy
from pilotage.connections.limiting import read
from pilotage.connections.opening import Connections
from pilotage.connections.standing import CALLS
from pilotage.connections.values import EffectGuard, Standing
from pilotage.kernel.clock import ManualClock, SystemClock
from pilotage.machinery.net.departure import Departure
from pilotage.machinery.net.messages import Answer, Outgoing
from pilotage.machinery.storage.database import Database, Tx

GET = Call(method="GET", path="/found", expect=Found)
NOW = datetime(2026, 10, 5, 9, tzinfo=UTC)


def asking(**changes: object) -> Call:
    """A call that asks a model."""
    fields: dict[str, object] = {"method": "POST", "path": "/chat", "body": {}, "expect": Found, "reads": True}
    return Call(**(fields | changes))  # type: ignore[arg-type]


def left(url: str, key: str) -> int:
    """What a limit has left now, as everybody sees it."""
    with closing(Database(url)) as database, database.snapshot() as tx:
        standing = read(tx, database.now(tx))["desk"]
    return next(one.left for one in standing.used() if one.form.key == key)


@pytest.mark.parametrize("limit", [Rate(100, per="second", burst=10), Window(60, seconds=0.5)], ids=["rate", "window"])
def test_reading_calls_keep_to_the_limit(database_url: str, limit: Rate | Window) -> None:
    """A hundred calls at once go through one after the other, never more than the server allows."""
    server = Server([limit], SystemClock(), takes=0.005)

    async def use(connections: Connections, limiter: Counted) -> int:
        caller = connections.caller(step="look", through=["desk"])
        await asyncio.gather(*(caller.call("desk", GET) for _ in range(100)))
        return limiter.lent  # type: ignore[attr-defined]

    asked(database_url, limited(limit), use, server=server)
    assert len(server.arrived) == 100
    assert server.over == 0


def test_calls_that_follow_one_another_share_a_transaction(database_url: str) -> None:
    """A step that looks up one thing after the other is lent some ahead; what it does not take goes back."""

    async def use(connections: Connections, limiter: Counted) -> int:
        caller = connections.caller(step="look", through=["desk"])
        for _ in range(200):
            await caller.call("desk", GET)
        return limiter.lent  # type: ignore[attr-defined]

    assert asked(database_url, limited(Quota(10_000, per="month")), use) < 60
    assert left(database_url, "quota/month/UTC/calls") == 9_800


def test_a_connection_without_limits_costs_nothing(database_url: str) -> None:
    """No transaction is made for it."""

    async def use(connections: Connections, limiter: Counted) -> int:
        await connections.caller(step="look", through=["desk"]).call("desk", GET)
        return limiter.lent  # type: ignore[attr-defined]

    assert asked(database_url, limited(), use) == 0


def test_a_budget_that_is_gone_says_so_and_when_it_is_back(database_url: str) -> None:
    """5 USD a day: the call that would go beyond fails at once, by name, and is not sent."""
    server = Server([], SystemClock())

    async def use(connections: Connections, limiter: Counted) -> list[NoRoom]:
        caller = connections.caller(step="sort", through=["desk"])
        call = asking(reserve={"USD": 2.0}, wait_at_most=0)
        failures: list[NoRoom] = []
        for _ in range(5):
            try:
                await caller.call("desk", call)
            except NoRoom as failure:
                failures.append(failure)
        assert limiter.lent <= 5  # type: ignore[attr-defined]  # what is known is not looked up again
        return failures

    clock = ManualClock(NOW)
    failures = asked(database_url, limited(Quota(5, per="day", of="USD")), use, server=server, clock=clock)
    assert len(server.arrived) == 2
    assert [(one.unit, one.free_at, one.retry_after) for one in failures] == [
        ("USD", datetime(2026, 10, 6, tzinfo=UTC), 15 * 3600.0)
    ] * 3
    assert "5.00 USD a day" in failures[0].what
    assert "midnight" in failures[0].what


def test_what_was_not_used_of_a_reserve_comes_back(database_url: str) -> None:
    """Reserved at the upper bound, settled at what the answer says; without a word all of it is used."""

    async def use(connections: Connections, limiter: Counted) -> None:
        caller = connections.caller(step="sort", through=["desk"])
        await caller.call("desk", asking(reserve={"tokens": 600}, used=lambda answer: {"tokens": 40}))
        await caller.call("desk", asking(reserve={"tokens": 300}))
        async with caller.permit("desk", 2, {"tokens": 500}) as permit:
            permit.used({"tokens": 7})

    limits = (Quota(1_000, per="month", of="tokens"), Quota(10, per="month"))
    asked(database_url, limited(*limits), use)
    assert left(database_url, "quota/month/UTC/tokens") == 1_000 - 40 - 300 - 7
    assert left(database_url, "quota/month/UTC/calls") == 10 - 1 - 1 - 2


def test_what_came_back_is_settled_once_though_nobody_heard_of_the_commit(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection is lost behind it: settled again, what was not used would come back twice, and be there for a breach."""
    cuts, cut_off = list[str](), threading.Event()

    async def use(connections: Connections, limiter: Counted) -> None:
        transaction = limiter.database.transaction

        @contextmanager
        def cut() -> Generator[Tx]:
            with transaction() as tx:
                yield tx
            if cuts:
                cut_off.set()
                raise OperationalError(cuts.pop(), {}, Exception("the connection was lost"))

        def used(answer: object) -> dict[str, float]:
            cuts.append("COMMIT")
            return {"tokens": 500}

        monkeypatch.setattr(limiter.database, "transaction", cut)
        caller = connections.caller(step="sort", through=["desk"])
        await caller.call("desk", asking(reserve={"tokens": 600}, used=used))
        assert await asyncio.to_thread(cut_off.wait, 30)
        await caller.call("desk", asking(reserve={"tokens": 300}))

    asked(database_url, limited(Quota(1_000, per="month", of="tokens")), use)
    assert left(database_url, "quota/month/UTC/tokens") == 1_000 - 500 - 300


def test_what_can_never_be_given_is_refused(database_url: str) -> None:
    """A call that asks for more than the limit holds waits for nothing."""

    async def use(connections: Connections, limiter: Counted) -> None:
        async with connections.caller(step="look", through=["desk"]).permit("desk", 11, {}):
            pass

    with pytest.raises(TooHeavy, match="11 of calls"):
        asked(database_url, limited(Rate(100, per="second", burst=10)), use)


def test_who_would_wait_longer_than_its_call_may_take_is_told(database_url: str) -> None:
    """The limit has room in an hour, and the call has two seconds."""

    async def use(connections: Connections, limiter: Counted) -> None:
        caller = connections.caller(step="look", through=["desk"])
        await caller.call("desk", GET)
        await caller.call("desk", GET)

    with pytest.raises(NoRoom) as told:
        asked(database_url, limited(Rate(1, per="hour", burst=1)), use)
    assert 3_500 < (told.value.retry_after or 0) <= 3_600


def test_a_process_that_stood_still_calls_with_a_fresh_permit(database_url: str) -> None:
    """A permit is good for some seconds of the monotonic clock; what it held comes back as unused."""

    class Standing(ManualClock):
        still = 0

        def monotonic(self) -> float:
            return super().monotonic() + self.still

    clock = Standing(NOW)

    class Late(Server):
        async def send(self, request: Outgoing, leaving: Departure) -> Answer:
            if not self.arrived and not clock.still:
                clock.still = 60  # stopped between the permit and the socket
            return await super().send(request, leaving)

    server = Late([], clock)

    async def use(connections: Connections, limiter: Counted) -> None:
        await connections.caller(step="look", through=["desk"]).call("desk", GET)

    asked(database_url, limited(Quota(10, per="month")), use, server=server, clock=clock)
    assert len(server.arrived) == 1
    with closing(Database(database_url, clock=clock)) as database, database.snapshot() as tx:
        (used,) = read(tx, database.now(tx))["desk"].used()
    assert used.left == 9


def test_an_act_that_reads_first_takes_a_permit_for_it(database_url: str) -> None:
    """Whatever is sent counts; the act's own call was permitted with the effect."""

    async def use(connections: Connections, limiter: Counted) -> None:
        guard = EffectGuard(key="k", attempt=1, send_by=None)
        caller = connections.caller(step="assign", through=["desk"], guard=guard)
        await caller.call("desk", GET)
        await caller.call("desk", asking(reads=False))

    asked(database_url, limited(Quota(10, per="month")), use)
    assert left(database_url, "quota/month/UTC/calls") == 9


def test_lost_permits_count_as_used(database_url: str) -> None:
    """A process that ended without a word costs room, never a breach."""
    clock = ManualClock(NOW)

    async def use(connections: Connections, limiter: Counted) -> None:
        caller = connections.caller(step="look", through=["desk"])
        await caller.call("desk", GET)
        del connections._leases  # type: ignore[attr-defined]  # it is gone before it could settle
        connections._leases = None

    asked(database_url, limited(Rate(1, per="minute", burst=3)), use, clock=clock)
    for later, room in ((1, 2), (8, 2), (30, 2), (69, 3)):
        moment = ManualClock(NOW + timedelta(seconds=later))
        with closing(Database(database_url, clock=moment)) as database, database.snapshot() as tx:
            standing = read(tx, database.now(tx))["desk"]
        flight = standing.flight(0)
        form = standing.forms[0]
        assert form.room(standing.counts[form.key], flight) == room, later
    assert CALLS == "calls"


def acting(connections: Connections) -> ConnectionCaller:
    """An effect whose call takes a permit of its own, so that it waits for the limits before it leaves."""
    guard = EffectGuard(key="dev/tickets/1/assign", attempt=1, send_by=None, counted=False)
    return connections.caller(step="assign", through=["desk"], guard=guard)


def test_two_acts_that_wait_for_room_together_are_one(database_url: str) -> None:
    """Both begin before either has its permit: one goes, the other is refused, and one call is counted."""
    act = Call(method="POST", path="/acts", body={}, expect=Found)
    server = Server([], SystemClock())

    async def use(connections: Connections, limiter: Counted) -> list[object]:
        caller = acting(connections)
        both = await asyncio.gather(*(caller.call("desk", act) for _ in range(2)), return_exceptions=True)
        assert caller.standing is Standing.ANSWERED
        return list(both)

    both = asked(database_url, limited(Quota(10, per="month")), use, server=server)
    assert sorted(type(one).__name__ for one in both) == ["Found", "SecondCall"]
    assert len(server.arrived) == 1
    assert left(database_url, "quota/month/UTC/calls") == 9


def test_two_permits_to_act_that_wait_together_are_one(database_url: str) -> None:
    """A client that is not ours acts once too."""

    async def use(connections: Connections, limiter: Counted) -> list[object]:
        caller, inside = acting(connections), []

        async def act() -> None:
            async with caller.permit("desk", 1, {}):
                inside.append(1)

        both = await asyncio.gather(act(), act(), return_exceptions=True)
        assert len(inside) == 1
        return list(both)

    both = asked(database_url, limited(Quota(10, per="month")), use)
    assert sorted(type(one).__name__ for one in both) == ["NoneType", "SecondCall"]


def test_an_act_that_found_no_room_may_be_tried_again(database_url: str) -> None:
    """Nothing left, so it was not the step's one act."""
    act = Call(method="POST", path="/acts", body={}, expect=Found)

    async def use(connections: Connections, limiter: Counted) -> Standing:
        caller = acting(connections)
        with pytest.raises(NoRoom):
            await caller.call("desk", Call(method="POST", path="/acts", body={}, reserve={"USD": 2}, wait_at_most=0))
        assert caller.standing is Standing.NOTHING
        await caller.call("desk", act)
        return caller.standing

    limits = (Quota(2, per="day", of="USD"), Quota(10, per="month"))

    async def spent_before(connections: Connections, limiter: Counted) -> Standing:
        await connections.caller(step="look", through=["desk"]).call("desk", asking(reserve={"USD": 1}))
        return await use(connections, limiter)

    assert asked(database_url, limited(*limits), spent_before) is Standing.ANSWERED


def test_an_act_that_a_step_left_behind_does_not_go(database_url: str) -> None:
    """The step ends while its call still waits for room: it is known that nothing was sent, and nothing is."""
    act = Call(method="POST", path="/acts", body={}, expect=Found)
    server = Server([], SystemClock())

    async def use(connections: Connections, limiter: Counted) -> object:
        caller = acting(connections)
        left_behind = asyncio.create_task(caller.call("desk", act))
        not_begun = asyncio.create_task(acting_late(caller))
        await asyncio.sleep(0)
        assert caller.end() is Standing.NOTHING
        ended = await asyncio.gather(left_behind, not_begun, return_exceptions=True)
        assert caller.standing is Standing.NOTHING
        return [type(one).__name__ for one in ended]

    async def acting_late(caller: ConnectionCaller) -> None:
        await asyncio.sleep(0.01)
        await caller.call("desk", act)

    assert asked(database_url, limited(Quota(10, per="month")), use, server=server) == ["UsedOutside", "UsedOutside"]
    assert not server.arrived
    assert left(database_url, "quota/month/UTC/calls") == 10
