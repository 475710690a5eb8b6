"""Hand-overs between automations: one transaction ends the giver's case and makes the taker's; nothing is lost or doubled."""

# A test may look inside.
# pyright: reportPrivateUsage=false

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import sqlalchemy as sa

from pilotage.cases.service import correcting, ending, holding, replaying
from pilotage.cases.service.proving import prove
from pilotage.cases.service.settling import on_its_own
from pilotage.cases.store import handing, looking
from pilotage.cases.tables import hand_over_content
from pilotage.kernel.ids import read, shown
from pilotage.machinery.engine.store import Life
from pilotage.operations import handing as waiting_room
from pilotage.testing import CaseView, Place, Platform
from tests.cases import pipeline
from tests.cases.pipeline import Called, Raw, desk, ingest, marketing, outreach, route, routed, scoring

Opened = Callable[..., Platform]
WARM = Raw(id="warm", email=" Ann@Example.ORG", balance=50)


@pytest.fixture
def opened(database_url: str) -> Iterator[Opened]:
    """Opens a platform with some of the automations; several stand for several projects. Afterwards its proof holds."""
    with ExitStack() as stack:
        made: list[Platform] = []

        def make(*automations: Any, now: str = "2026-03-02T09:00+00:00") -> Platform:
            made.append(stack.enter_context(Platform(*automations, now=now, database_url=database_url)))
            return made[-1]

        yield make
        for platform in made:
            proof = prove(platform.inner.database)
            assert proof.holds, proof


def case(platform: Platform, automation: Any, key: str) -> CaseView:
    """The case of this key."""
    return CaseView(platform, automation, key, None)


def number(view: CaseView) -> int:
    """The number behind a shown id."""
    return read(view.id[0], view.id) or 0


def states(platform: Platform) -> dict[str, int]:
    """How many hand-overs are in each state."""
    with platform.inner.database.snapshot() as tx:
        return dict(handing.states(tx))


def needs(platform: Platform) -> list[str]:
    """What is late, in words."""
    return [f"{need.title}. {need.why}" for need in waiting_room.needs(platform.inner.database, [])]


def test_a_case_ends_and_is_a_case_of_the_next_automation(opened: Opened) -> None:
    """The giver's case is handed over, the taker's goes its way, and each says in plain words where the other is."""
    platform = opened(ingest, scoring(), route, outreach)
    given = platform.submit(ingest, WARM)
    platform.settle()
    score = case(platform, scoring(), "warm")
    assert (given.place, score.place) == (Place.HANDED_OVER, Place.HANDED_OVER)
    assert given.timeline[-1] == f"It was handed over to score as {score.id}."
    assert score.timeline[0] == f"It was handed over by ingest, where it is {given.id}."
    assert case(platform, outreach, "warm").output(pipeline.letter) == pipeline.Sent(text="Dear ann@example.org")
    with platform.inner.database.snapshot() as tx:
        assert tx.execute(sa.select(sa.func.count()).select_from(hand_over_content)).scalar_one() == 0


def test_a_path_goes_on_behind_a_hand_over(opened: Opened) -> None:
    """Where steps follow, the case goes on once its value was taken, and is done at its own end."""
    platform = opened(ingest, scoring(), route)
    platform.submit(ingest, WARM)
    platform.settle()
    waits = case(platform, route, "warm")
    assert waits.place is Place.WAITING
    other = opened(outreach)
    other.settle()
    assert waits.place is Place.READY
    platform.settle()
    assert waits.place is Place.DONE
    assert waits.output(routed) == pipeline.Routed(id="warm", to=pipeline.Interest.WARM, reached=None)


def test_a_person_takes_a_hand_over_and_fills_in_the_result(opened: Opened) -> None:
    """A hand-over to a role is a decision; what is filled in is the value that later steps use."""
    platform = opened(ingest, scoring(), route)
    platform.submit(ingest, Raw(id="hot", email="h@x.org", balance=500))
    platform.settle()
    hot = case(platform, route, "hot")
    assert (hot.place, hot.decision.kind, hot.decision.asked) == (Place.WITH_PEOPLE, "hand-over", desk)
    platform.clock.forward("5h")
    platform.settle()
    assert hot.decision.asked == pipeline.sales
    hot.decision.settle(Called(reached=True), by=pipeline.sales, reason="I called.")
    platform.settle()
    assert hot.place is Place.DONE
    assert hot.output(routed).reached


def test_what_does_not_keep_the_contract_comes_to_the_takers_quarantine(opened: Opened) -> None:
    """With field, reason and what was sent; the giver has handed it over, and the taker's people can let it in."""
    platform = opened(ingest, scoring(), route)
    given = platform.submit(ingest, Raw(id="debts", email="d@x.org", balance=-5000))
    platform.settle()
    assert given.place is Place.HANDED_OVER
    with platform.inner.database.snapshot() as tx:
        (kept,) = looking.quarantined_of(tx, automation="score")
        whole = looking.quarantined(tx, kept.id)
    assert whole is not None
    assert (kept.field, whole.original) == ("balance", b'{"id":"debts","email":"d@x.org","balance":-5000}')
    assert given.timeline[-1] == f"It was handed over to score, where it is {shown('Q', kept.id)} in quarantine."
    assert prove(platform.inner.database).holds
    inner = platform.inner
    correcting.release(
        inner.database, inner.intake, inner.automation("score"), kept.id, {"balance": 0}, by="me", reason="paid"
    )
    platform.settle()
    assert case(platform, scoring(), "debts").place is Place.HANDED_OVER


def test_another_version_comes_to_quarantine(opened: Opened) -> None:
    """What was agreed for one version is not taken as if it were another, whatever it looks like."""
    platform = opened(ingest, scoring(version=2), route)
    given = platform.submit(ingest, WARM)
    platform.settle()
    assert given.place is Place.HANDED_OVER
    with platform.inner.database.snapshot() as tx:
        (kept,) = looking.quarantined_of(tx, automation="score")
    assert kept.reason == "It was sent for version 1 of score, which is at version 2."


def test_what_the_taker_has_already_is_a_duplicate(opened: Opened) -> None:
    """The taker's key makes a second arrival harmless, whoever sent the first; other content under it is a conflict."""
    platform = opened(ingest, scoring(), route)
    platform.submit(scoring(), {"id": "warm", "email": "ann@example.org", "balance": 50})
    platform.submit(scoring(), {"id": "other", "email": "ann@example.org", "balance": 50})
    given = platform.submit(ingest, WARM)
    other = platform.submit(ingest, Raw(id="other", email="bob@example.org", balance=50))
    platform.settle()
    assert (given.place, other.place) == (Place.HANDED_OVER, Place.HANDED_OVER)
    had = case(platform, scoring(), "warm")
    assert given.timeline[-1] == f"It was handed over to score, which had it already as {had.id}."
    assert states(platform)["duplicate"] == states(platform)["quarantined"] == 1
    with platform.inner.database.snapshot() as tx:
        (kept,) = looking.quarantined_of(tx, automation="score")
    assert (kept.kind, kept.beside) == ("conflict", number(case(platform, scoring(), "other")))


def test_a_replay_hands_over_once(opened: Opened) -> None:
    """A case that comes to its hand-over again with the same value goes on: the taker has it."""
    platform = opened(route, outreach)
    platform.replace(routed, _breaks)
    broken = platform.submit(route, {"id": "a", "email": "a@x.org", "interest": "warm"})
    platform.settle()
    assert broken.place is Place.DEAD
    platform.replace(routed, routed.function)
    _again(platform, broken)
    assert broken.place is Place.DONE
    assert states(platform) == {"taken": 1}
    assert any("it was not handed over again" in line for line in broken.timeline)


def test_a_replay_with_another_value_is_a_conflict(opened: Opened) -> None:
    """The taker's people see both; nothing is overwritten, nothing is dropped, and no second case is made."""
    platform = opened(route, outreach)
    platform.replace(routed, _breaks)
    broken = platform.submit(route, {"id": "a", "email": "a@x.org", "interest": "warm"})
    platform.settle()
    platform.replace(routed, routed.function)
    platform.replace(pipeline.invitation, _another)
    _again(platform, broken)
    assert broken.place is Place.DONE
    assert states(platform) == {"taken": 1, "quarantined": 1}
    with platform.inner.database.snapshot() as tx:
        (kept,) = looking.quarantined_of(tx, automation="outreach")
    assert (kept.kind, kept.beside) == ("conflict", number(case(platform, outreach, "a")))


def _breaks(lead: object, interest: object, called: object) -> pipeline.Routed:
    raise ValueError("broken")


def _another(lead: pipeline.Arrived) -> pipeline.Invitation:
    return pipeline.Invitation(id=f"another {lead.id}", email="b@x.org")


def _again(platform: Platform, broken: CaseView) -> None:
    first = platform.inner.automation("route").plan.first
    replaying.replay(platform.inner.database, [number(broken)], first=first, from_start=True, by="me", reason="mended")
    platform.settle()


# -- back-pressure -------------------------------------------------------------------


def test_cases_wait_in_front_of_a_taker_that_nobody_serves(opened: Opened) -> None:
    """They are counted with the oldest of them, become late, and go on by themselves when somebody serves it."""
    platform = opened(ingest)
    given = [platform.submit(ingest, Raw(id=f"L{at}", email="a@x.org", balance=50)) for at in range(5)]
    platform.settle()
    assert {one.place for one in given} == {Place.WAITING}
    with platform.inner.database.snapshot() as tx:
        (queue,) = handing.queues(tx, platform.inner.database.now(tx))
    assert (queue.giver, queue.taker, queue.count, queue.late) == ("ingest", "score", 5, 0)
    assert needs(platform) == []
    platform.clock.forward("90m")
    (late,) = needs(platform)
    assert late.startswith("5 cases of ingest that score should have taken. No process works on score now.")
    assert f"The {marketing.name} answers for it." in late
    taker = opened(scoring(), now="2026-03-02T11:00+00:00")
    taker.settle()
    assert {one.place for one in given} == {Place.HANDED_OVER}
    assert needs(taker) == []


def test_cases_wait_in_front_of_a_taker_that_has_no_room(opened: Opened) -> None:
    """As many are taken as may be open there, oldest first; the others follow when there is room."""
    narrow = scoring(open_at_most=3)
    platform = opened(ingest, narrow)
    given = [platform.submit(ingest, Raw(id=f"L{at}", email="a@x.org", balance=50)) for at in range(8)]
    platform.settle()
    assert [one.place for one in given] == [Place.HANDED_OVER] * 3 + [Place.WAITING] * 5
    with platform.inner.database.snapshot() as tx:
        (one, _) = waiting_room.waiting(tx, platform.inner.database.now(tx), [_living("score", "route")])
    assert one.why == "3 cases of score are open, and at most 3 may be."
    opened(route).settle()
    for _ in range(2):
        platform.settle()
        opened(route).settle()
    assert {one.place for one in given} == {Place.HANDED_OVER}


def test_cases_wait_in_front_of_a_taker_that_is_held(opened: Opened) -> None:
    """A hold that stops intake stops hand-overs, too; one that stops effects alone does not."""
    platform = opened(ingest, scoring(), route)
    database = platform.inner.database
    holding.hold(database, scope="automation", name="score", by="me", known="test", reason="Wrong.", intake=True)
    holding.hold(database, scope="automation", name="route", by="me", known="test", reason="Wrong.")
    given = platform.submit(ingest, WARM)
    platform.settle()
    assert given.place is Place.WAITING
    with database.snapshot() as tx:
        (one,) = waiting_room.waiting(tx, database.now(tx), [_living("score")])
    assert one.why == "Intake of score is on hold: Wrong."
    holding.resume(database, scope="automation", name="score", by="me", known="test")
    platform.settle()
    assert given.place is Place.HANDED_OVER
    assert case(platform, route, "warm").place is Place.WAITING


def test_others_go_on_while_a_taker_is_away(opened: Opened) -> None:
    """Scoring is gone: leads wait in front of it, and what is behind it and before it works."""
    platform = opened(ingest, route, outreach)
    waits = platform.submit(ingest, WARM)
    other = platform.submit(route, {"id": "b", "email": "b@x.org", "interest": "warm"})
    platform.settle()
    assert (waits.place, other.place) == (Place.WAITING, Place.DONE)
    assert case(platform, outreach, "b").place is Place.DONE


def test_a_withdrawn_case_hands_nothing_over(opened: Opened) -> None:
    """What it offered is called off, and its value is gone."""
    platform = opened(ingest)
    given = platform.submit(ingest, WARM)
    platform.settle()
    ending.withdraw(platform.inner.database, platform.inner.inbox, [number(given)], by="me", reason="asked to")
    opened(scoring()).settle()
    assert given.place is Place.WITHDRAWN
    assert states(platform) == {"called off": 1}
    with platform.inner.database.snapshot() as tx:
        assert tx.execute(sa.select(sa.func.count()).select_from(hand_over_content)).scalar_one() == 0


def test_items_of_a_for_each_are_handed_over(opened: Opened) -> None:
    """Each item ends where it is handed over, and their parent goes on when all were taken."""
    platform = opened(pipeline.campaign)
    sent = platform.submit(pipeline.campaign, {"id": "autumn", "leads": [{"id": n, "email": "a@x.org"} for n in "abc"]})
    platform.settle()
    assert sent.place is Place.WAITING
    opened(outreach).settle()
    platform.settle()
    assert sent.place is Place.DONE
    assert sent.output(pipeline.counted) == pipeline.Counted(leads=3)


def test_nothing_waits_any_more_where_the_taker_has_no_room(opened: Opened) -> None:
    """Whoever works until nothing moves by itself does not wait for room that only people make."""
    platform = opened(ingest, scoring(open_at_most=1))
    pairs = platform.inner.served.pairs
    for at in range(3):
        platform.submit(ingest, Raw(id=f"L{at}", email="a@x.org", balance=50))
    engine, mover = platform._engine, platform._mover
    for batch in mover.form():
        engine.start(batch)
    engine.drain()
    assert on_its_own(platform.inner.database, pairs).offered == 3
    platform.settle()
    assert on_its_own(platform.inner.database, pairs).count == 0
    opened(route).settle()
    assert on_its_own(platform.inner.database, pairs).offered == 2


def _living(*serves: str) -> Life:
    """A process that serves these automations."""
    return Life(
        executor="w",
        host="h",
        pid=1,
        pid_started=0,
        kind="worker",
        serves=tuple(f"{name}@dev" for name in serves),
        started_at=0,
        beat_at=0,
        ended_at=None,
        taken_by=None,
        takeovers=0,
    )
