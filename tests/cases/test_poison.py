"""A batch that kills its workers is halved until the guilty case stands alone."""

# A test may look inside.
# pyright: reportPrivateUsage=false

from pilotage.cases.arrivals import Arrival
from pilotage.cases.service.moving import DEATHS
from pilotage.cases.store import looking
from tests.cases.conftest import Opened


def test_the_guilty_case_ends_as_a_dead_letter(opened: Opened) -> None:
    """Eight cases in a batch, one of which kills every worker: in the end seven are free and one is a dead letter."""
    platform, _ = opened()
    mover, intake = platform._mover, platform.inner.intake
    automation = platform.inner.automation("parcels")
    submission = intake.begin(automation, "test")
    records = [Arrival(fields={"id": f"P{number}", "kind": "letter"}) for number in range(8)]
    guilty = intake.take(automation, submission, records).cases[5]
    alive = list(mover.form())
    kills = 0
    while alive:
        batch = alive.pop()
        with platform.inner.database.snapshot() as tx:
            members = tx.exec_driver_sql("SELECT id FROM cases WHERE batch = " + str(batch)).scalars().all()
        if guilty in members:
            kills += 1
            alive += mover.divide(batch)
        else:
            platform._engine.start(batch)
            platform._engine.drain()
    platform.settle()
    with platform.inner.database.snapshot() as tx:
        places = {row.id: row.place for row in looking.places(tx, [guilty])}
        counted = {place: number for _, place, number, _ in looking.count_places(tx)}
    assert places == {guilty: "dead letter"}
    assert counted == {"dead letter": 1, "done": 7}
    assert kills == 3 + DEATHS


def test_a_divided_batch_saves_nothing_more(opened: Opened) -> None:
    """A run of the batch that was only paused finds that it was overtaken, and changes nothing."""
    platform, carrier = opened()
    case = platform.submit(platform.parcels, {"id": "P1", "kind": "letter"})  # type: ignore[attr-defined]
    (batch,) = platform._mover.form()
    (half,) = platform._mover.divide(batch)
    platform._engine.start(batch)
    platform._engine.drain()
    assert case.place.value == "moving"
    platform._engine.start(half)
    platform.settle()
    assert case.place.value == "done"
    assert len(carrier.acted) == 1
