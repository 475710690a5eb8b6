"""A process that seems gone, and is not: it has permission to send, and uses it before its time is over."""

import pytest

from pilotage.cases.service import holding
from pilotage.cases.store import looking
from tests.acceptance.test_restless import Restless
from tests.cases import parcels
from tests.cases.parcels import Carrier


@pytest.mark.parametrize(("repeat", "then"), [("safe", "planned"), ("ask", "unknown"), ("never", "unknown")])
def test_what_may_still_be_sent_is_on_its_way_although_its_sender_seems_gone(
    database_url: str, repeat: str, then: str
) -> None:
    """Until send-by a hold lists the call and waits for it; only afterwards somebody else takes the effect up."""
    carrier = Carrier(honours_keys=True)
    automation = parcels.automation(repeat)
    with Restless(
        automation, services=[carrier.service], now="2026-03-02T09:00+00:00", seed=1, database_url=database_url
    ) as platform:
        database, sending = platform.inner.database, platform._sending
        platform.submit(automation, {"id": "P1", "kind": "letter"})
        for _ in range(20):
            for batch in platform._mover.form():
                platform._engine.start(batch)
            platform._engine.step()

        def state() -> str:
            with database.snapshot() as tx:
                return looking.effects_at(tx, "parcels", "travel")[0].state

        assert len(sending.turn([], {})) == 1
        sending.sender = "another process"
        assert sending.lose(set) == 0
        assert state() == "sending"
        holding.hold(database, scope="everything", name="", by="tester", known="test", reason="because")
        assert len(holding.on_their_way(database, scope="everything", name="")) == 1
        platform.clock.forward("6s")
        assert holding.on_their_way(database, scope="everything", name="") == []
        assert sending.lose(set) == 1
        assert state() == then
