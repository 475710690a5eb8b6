"""Limits are kept to by hosts whose clocks jump: durations by the clock that only goes on, dates by both while they disagree."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final

from hypothesis import example, given, settings
from hypothesis import strategies as st
from limited_account import Limit, limited, refused

from pilotage.authoring.limits import Quota, Rate, Window
from pilotage.connections.clocks import SETTLED, Clocks
from pilotage.connections.counting import SECOND, Flight
from pilotage.connections.limiting import Ask, Limiter
from pilotage.connections.standing import CALLS, Standing
from pilotage.kernel.clock import Beat, SystemClock
from pilotage.machinery.storage.database import Database
from pilotage.migrations import prepare
from pilotage.operations.limits import jumped

HOUR: Final = 3_600 * SECOND
DAY: Final = 24 * HOUR
WRONG: Final = 55 * 60 * SECOND
"""No wrong time stands for longer: one that stands for an hour is believed, and nobody can know better."""
BERLIN: Final = "Europe/Berlin"

CALLED = st.integers(1, 20)
LIMITS = st.one_of(
    st.builds(Rate, CALLED, per=st.sampled_from(["second", "hour"]), burst=st.integers(1, 30)),
    st.builds(Quota, CALLED, per=st.just("minute")),
    st.builds(Quota, CALLED, per=st.sampled_from(["hour", "day", "week", "month"]), zone=st.just(BERLIN)),
    st.builds(Window, CALLED, seconds=st.sampled_from([0.5, 7, 90])),
)
STARTS = st.sampled_from(
    [
        "2026-10-24T21:40",
        "2026-10-25T22:40",
        "2026-10-25T00:20",
        "2026-03-28T22:40",
        "2026-03-29T00:40",
        "2026-11-30T22:30",
    ]
)
LENGTHS = st.one_of(st.integers(SECOND, 90 * SECOND), st.integers(SECOND, 3 * HOUR), st.integers(SECOND, 40 * DAY))
SHIFTS = st.one_of(LENGTHS, LENGTHS.map(lambda one: -one))


@dataclass(frozen=True, kw_only=True)
class Act:
    """What a process does next."""

    pause: int
    error: int | None
    """The host's clock is set, so wrong; None: it is left as it is."""
    boots: bool
    """The host starts anew, and its clock is set right."""
    wanted: int
    length: int
    arrives: float
    answered: float
    seen: bool


ACTS = st.lists(
    st.builds(
        Act,
        pause=st.one_of(st.integers(0, 2 * SECOND), st.integers(0, 2 * HOUR), st.integers(0, 15 * HOUR)),
        error=st.one_of(st.none(), st.none(), st.just(0), SHIFTS),
        boots=st.integers(0, 15).map(lambda one: one == 15),
        wanted=st.integers(1, 30),
        length=st.integers(1, 60 * SECOND),
        arrives=st.floats(0, 1),
        answered=st.floats(0, 1),
        seen=st.booleans(),
    ),
    max_size=40,
)


def moment(text: str) -> int:
    """A moment in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND


@dataclass(kw_only=True)
class Host:
    """A host with its two clocks, the row that its processes share, and the other side, which has the true time."""

    limit: Limit
    now: int
    error: int = 0
    boot: int = 0
    booted: int = 0
    text: str = "{}"
    set_at: int = 0
    pending: list[tuple[int, int, Flight]] = field(default_factory=list[tuple[int, int, Flight]])
    arrived: list[float] = field(default_factory=list[float])

    def beat(self) -> Beat:
        return Beat(boot=str(self.boot), steady=self.now - self.booted, wall=self.now + self.error)

    def standing(self) -> Standing:
        return Standing.read(self.text, self.now + self.error, own=[self.limit], beat=self.beat())

    def look(self, use: Callable[[Standing], object] = lambda standing: None) -> None:
        """One transaction."""
        standing = self.standing()
        use(standing)
        if standing.changed:
            self.text = standing.text()

    def set(self, error: int) -> None:
        """Set the host's clock; within half a minute a process looks at the row, here at once."""
        if error != self.error:
            self.error, self.set_at = error, self.now
            self.look()

    def until(self, to: int) -> None:
        """Let time pass: answers come, and a wrong clock is set right."""
        while True:
            answer = min((one[0] for one in self.pending), default=to + 1)
            right = self.set_at + WRONG if self.error else to + 1
            if min(answer, right) > to:
                break
            self.now = max(self.now, min(answer, right))
            if right <= answer:
                self.set(0)
            else:
                self.answers()
        self.now = to

    def answers(self) -> None:
        for one in [one for one in self.pending if one[0] <= self.now]:
            self.pending.remove(one)
            _, count, flight = one
            self.look(lambda standing, n=count, of=flight: standing.settle(of, {CALLS: n}, {CALLS: n}))  # type: ignore[misc]

    def call(self, act: Act) -> int:
        """Take what there is room for, and send it; how many."""
        standing = self.standing()
        flight = standing.flight(act.length)
        count = standing.room(flight, wanted=act.wanted)
        standing.take(flight, {CALLS: count})
        if standing.changed:
            self.text = standing.text()
        arrival = self.now + int(act.arrives * (act.length - 1))
        self.arrived += [arrival / SECOND] * count
        if act.seen and count:
            end = self.now + act.length
            self.pending.append((arrival + int(act.answered * (end - arrival - 1)), count, flight))
        return count

    def starts_anew(self) -> None:
        self.boot, self.booted, self.error = self.boot + 1, self.now, 0
        self.pending.clear()
        self.look(lambda standing: standing.declare("here", [self.limit]))  # as a process does that starts


def run(host: Host, acts: Sequence[Act]) -> list[int]:
    """What was taken at each act."""
    taken: list[int] = []
    for act in acts:
        host.until(host.now + act.pause)
        if act.boots:
            host.starts_anew()
        if act.error is not None:
            host.set(act.error)
        taken.append(host.call(act))
    return taken


def one(pause: int, error: int | None = None, wanted: int = 30) -> Act:
    """A call that is answered at once."""
    return Act(
        pause=pause, error=error, boots=False, wanted=wanted, length=SECOND, arrives=0.0, answered=0.0, seen=True
    )


@settings(max_examples=400, deadline=None)
@example(Quota(5, per="day"), "2026-11-20T22:30", [one(0), one(SECOND, 2 * HOUR), one(SECOND, 0)])
@example(Quota(5, per="day"), "2026-11-20T23:59", [one(0, -HOUR), one(SECOND, 2 * DAY), one(HOUR), one(SECOND)])
@example(Quota(5, per="day"), "2026-11-20T22:30", [one(0), one(SECOND, 2 * HOUR), one(2_400 * SECOND)])
@example(Rate(5, per="hour", burst=5), "2026-11-20T22:30", [one(0), one(SECOND, 2 * HOUR), one(SECOND, 0)])
@example(Window(5, seconds=60), "2026-11-20T22:30", [one(0), one(SECOND, DAY), one(SECOND, -DAY), one(SECOND, 0)])
@given(LIMITS, STARTS, ACTS)
def test_never_over_on_a_host_whose_clock_jumps(limit: Limit, start: str, acts: list[Act]) -> None:
    """Set forward and back by seconds to weeks at any moment, with delays, losses and reboots: the server never counts too many."""
    host = Host(limit=limit, now=moment(start), set_at=moment(start))
    host.look(lambda standing: standing.declare("here", [limit]))
    run(host, acts)
    assert refused(limit, host.arrived) == 0


@settings(max_examples=200, deadline=None)
@example(Quota(5, per="day"), "2026-11-20T22:30", -3 * HOUR, [one(0), one(HOUR), one(HOUR), one(DAY)])
@given(LIMITS, STARTS, SHIFTS, ACTS)
def test_never_over_after_a_clock_was_set_right(limit: Limit, start: str, error: int, acts: list[Act]) -> None:
    """Where the new time is the true one, nothing that is sent after the jump is too many either."""
    host = Host(limit=limit, now=moment(start), error=error, set_at=moment(start))
    host.look(lambda standing: standing.declare("here", [limit]))
    host.error = 0
    run(host, [replace(act, error=None, boots=False) for act in acts])
    assert refused(limit, host.arrived) == 0


@settings(max_examples=200, deadline=None)
@given(LIMITS, STARTS, ACTS)
def test_a_clock_that_does_not_jump_costs_nothing(limit: Limit, start: str, acts: list[Act]) -> None:
    """As many are permitted as by one clock that is always right."""

    class OneClock(Host):
        def standing(self) -> Standing:
            return Standing.read(self.text, self.now, own=[self.limit])

    acts = [replace(act, error=None, boots=False) for act in acts]
    two, alone = Host(limit=limit, now=moment(start)), OneClock(limit=limit, now=moment(start))
    assert run(two, acts) == run(alone, acts)
    assert two.arrived == alone.arrived


@given(
    st.sampled_from([Rate(5, per="minute", burst=5), Window(5, seconds=60)]),
    st.sampled_from([-DAY, -HOUR, -5 * SECOND, 5 * SECOND, DAY]),
)
def test_what_lasts_a_minute_lasts_a_minute(limit: Limit, error: int) -> None:
    """After a jump in either direction a limit that counts durations is full again when its period is over, and not before."""
    host = Host(limit=limit, now=moment("2026-11-20T12:00"))
    assert run(host, [one(0), one(SECOND, error), one(61 * SECOND)]) == [5, 0, 5]


@given(st.sampled_from([-3 * DAY, -HOUR, 2 * HOUR, 3 * DAY]))
def test_a_new_time_is_believed_after_an_hour(error: int) -> None:
    """Then quotas are kept to by it alone, and the whole of the next day is there."""
    host = Host(limit=Quota(5, per="day"), now=moment("2026-11-20T12:00"))
    run(host, [one(0)])
    host.error = error  # it stays
    host.look()
    clocks = host.standing().stored.clocks
    assert clocks is not None
    assert not clocks.agree
    host.now += SETTLED + SECOND
    host.look(lambda standing: standing.leave_alone(0))
    standing = host.standing()
    assert standing.stored.clocks is not None
    assert standing.stored.clocks.agree
    assert standing.dated(standing.now) == host.now + error
    host.now += DAY
    standing = host.standing()
    assert standing.room(standing.flight(SECOND), wanted=30) == 5


def test_a_call_is_held_by_both_clocks_and_gives_back_when_one_was_wrong() -> None:
    """While they disagree it counts in the days of both; what is answered after the clock is back counts in its own only."""
    host = Host(limit=Quota(5, per="day"), now=moment("2026-11-20T22:30"))
    host.look(lambda standing: standing.declare("here", [host.limit]))
    host.set(2 * HOUR)
    sent = replace(one(0, wanted=3), length=60 * SECOND, arrives=0.5, answered=0.9)
    assert run(host, [sent]) == [3]
    ends = sorted(host.standing().counts["quota/day/UTC/calls"].at.items())
    assert [(end, count) for end, count in ends] == [(moment("2026-11-21T00:00"), 3), (moment("2026-11-22T00:00"), 3)]
    host.set(0)
    host.until(host.now + 60 * SECOND)
    assert host.standing().counts["quota/day/UTC/calls"].at == {moment("2026-11-21T00:00"): 3}


def test_windows_between_two_clocks_do_not_count() -> None:
    """A jump by years holds a call in the windows of both times: the row stays small, and the next window is whole."""
    host = Host(limit=Quota(5, per="minute"), now=moment("2026-11-20T22:30"))
    run(host, [one(0)])
    host.set(-20 * 365 * DAY)
    run(host, [one(60 * SECOND)])
    assert len(host.text) < 2_500
    host.now += 2 * 60 * SECOND
    standing = host.standing()
    assert standing.room(standing.flight(SECOND), wanted=30) == 5


def test_the_jump_is_said() -> None:
    """Where a quota is kept to by two clocks: by how much, since when and until when."""
    host = Host(limit=Quota(5, per="day"), now=moment("2026-11-20T12:00"))
    host.look(lambda standing: standing.declare("here", [host.limit]))
    assert jumped(host.standing()) is None
    host.set(2 * HOUR)
    host.now += 600 * SECOND
    assert jumped(host.standing()) == (
        "The clock of this machine jumped 2 h ahead by 14:00. Nobody knows which of the two times is right: quotas are kept to "
        "by both until 15:00."
    )
    host.limit = Rate(5, per="second", burst=5)
    host.text = "{}"
    host.set(0)
    assert jumped(host.standing()) is None


def test_earlier_and_later_versions_read_the_row() -> None:
    """A row without clocks is taken as it is; where a version without them has written since, they are begun anew."""
    limit, noon = Quota(5, per="day"), moment("2026-11-20T12:00")
    old = Standing.read("{}", noon, own=[limit])
    old.take(old.flight(SECOND), {CALLS: 3})
    host = Host(limit=limit, now=noon + SECOND, text=old.text())
    host.look(lambda standing: standing.take(standing.flight(SECOND), {CALLS: 1}))
    assert host.standing().counts["quota/day/UTC/calls"].at == {moment("2026-11-21T00:00"): 4}
    host.text = host.text.replace(
        f'"clock":{noon + SECOND}', f'"clock":{noon + HOUR}'
    )  # as an earlier version writes it
    host.now = noon + 2 * HOUR
    clocks = host.standing().stored.clocks
    assert clocks == Clocks(boot="0", steady=host.now, at=host.now, since=host.now)


class Lying(SystemClock):
    """The host's clock, wrong by `error`."""

    error = timedelta()
    passed = timedelta()

    def now(self) -> datetime:
        """The wrong time."""
        return super().now() + self.error + self.passed

    def beat(self) -> Beat:
        """Only one of them is wrong."""
        beat, passed = super().beat(), int(self.passed.total_seconds() * SECOND)
        wrong = int(self.error.total_seconds() * SECOND)
        return Beat(boot=beat.boot, steady=beat.steady + passed, wall=beat.wall + wrong + passed)


def test_a_rate_goes_on_after_the_clock_was_set_back_a_day(tmp_path: Path) -> None:
    """In the database of a host: permits come again within the rate's period, not after a day, and no sooner."""
    clock = Lying()
    with closing(Database(f"sqlite:///{tmp_path / 'db'}", clock=clock)) as database:
        prepare(database)
        limiter = Limiter(database=database, declared={"tickets@dev": [limited(Rate(2, per="hour", burst=2))]})

        def permitted() -> list[bool]:
            asks = [Ask(amounts={CALLS: 1})] * 3
            return [short is None for short in limiter.lend("desk", asks, [], ahead=0, longest=SECOND).answers]

        assert permitted() == [True, True, False]
        clock.error = timedelta(days=-1)
        clock.passed = timedelta(minutes=20)
        assert permitted() == [False, False, False]
        clock.passed = timedelta(minutes=70)
        assert permitted() == [True, True, False]
        clock.error = timedelta(days=30)
        assert permitted() == [False, False, False]


def test_platform_time_goes_on_within_a_process_where_the_clock_runs_backwards(tmp_path: Path) -> None:
    """It neither runs backwards nor stands still."""

    class SetBack(SystemClock):
        error = 0.0
        passed = 0.0

        def now(self) -> datetime:
            return super().now() + timedelta(seconds=self.error + self.passed)

        def monotonic(self) -> float:
            return super().monotonic() + self.passed

    with closing(Database(f"sqlite:///{tmp_path / 'db'}")) as database, database.snapshot() as tx:
        clock = database._host_clock = SetBack()  # pyright: ignore[reportPrivateUsage]
        times = [database.now(tx)]
        clock.error = -86_400.0
        for _ in range(3):
            times.append(database.now(tx))
            clock.passed += 100.0
        times.append(database.now(tx))
    assert all(earlier < later for earlier, later in pairwise(times))
    assert 300 * SECOND <= times[-1] - times[0] < 400 * SECOND


def test_both_clocks_of_this_host_are_read_at_one_moment() -> None:
    """The steady one goes on as the other does, and has one name for all processes of the host."""
    first, second = SystemClock().beat(), SystemClock().beat()
    assert first.boot == second.boot
    assert abs((second.wall - first.wall) - (second.steady - first.steady)) < SECOND // 2
