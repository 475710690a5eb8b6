"""How limits stand, on the command line's data, on the Today page, and as something that needs somebody."""

from collections.abc import Iterator

import pytest
from tests.mailed_leads import Lead, Sent, mailed

import pilotage as pl
from pilotage.connections.hearing import Notice, Told
from pilotage.operations.commands.limits import as_data
from pilotage.operations.limits import Account, accounts, needs
from pilotage.operations.outside import limits_context
from pilotage.testing import FakeService, Platform, Request

_mailed = mailed(8)
crm, leads = _mailed.crm, _mailed.leads


@pytest.fixture
def platform(database_url: str) -> Iterator[Platform]:
    """Twenty leads on a day of eight."""
    service = FakeService(crm)

    @service.on("POST", "/mails")
    def keep(request: Request) -> Sent:
        return Sent(id=str(request.json["lead"]))

    with Platform(leads, services=[service], database_url=database_url, now="2026-03-02T09:00+00:00") as opened:
        opened.inner.limiter.announce()
        for number in range(20):
            opened.submit(leads, Lead(id=str(number)))
        for _ in range(3):
            opened.settle()
            opened.clock.forward("2s")
        yield opened


def the_crm(platform: Platform) -> Account:
    """How it stands."""
    (found,) = accounts(platform.inner.database, platform.inner.automations.values())
    return found


def test_what_is_left_and_what_waits_is_told(platform: Platform) -> None:
    """Each limit with its form, what is left, who declares it, and what becomes of the rest."""
    found = the_crm(platform)
    told = as_data(found)
    assert [(one["form"], one["left"], one["declared_by"]) for one in told["limits"]] == [  # type: ignore[union-attr]
        ("Rate", 5.0, ["leads@dev"]),
        ("Quota", 0.0, ["leads@dev"]),
    ]
    assert (found.waiting, found.forecast.will_wait) == (12, 12)
    assert found.sentence.startswith("The daily quota is gone; 12 cases wait until midnight, and all are done")
    assert told["back_at"] == "2026-03-02T23:00:00.000000Z"
    assert found.short
    (short,) = limits_context([found]).short
    assert (short.name, [row.used for row in short.rows]) == ("crm", ["0% used", "100% used"])
    assert platform.inner.needs() == []


def test_a_limit_that_looks_wrong_needs_somebody(platform: Platform) -> None:
    """A refusal although much was left, another limit in the headers, and two declarations that differ."""
    platform.clock.forward("24h")
    limiter = platform.inner.limiter
    with platform.inner.database.transaction() as tx:
        limiter.learn("crm", Notice(throttled=True, wait=30, told=Told(remaining=0, reset=30, limit=4, window=1)))
        standings = limiter.lock(tx, ["crm"], platform.inner.database.now(tx))
        standings["crm"].declare("followups@r7", [pl.Quota(5, per="day", zone="Europe/Berlin")])
        standings["crm"].declare("leads@dev", crm.limits)
        limiter.write(tx, standings)
    found = the_crm(platform)
    assert [limit.most for limit in found.limits] == [5, 5]
    assert found.closed_until is not None
    differ, early, told = found.doubts
    assert "followups@r7 declares 5 calls a day (Europe/Berlin); leads@dev declares 5 calls a second" in differ
    assert "It refused 1 call as too many" in early
    assert "although 100% was left" in early
    assert told == "It tells a limit of 4 in 1 s; declared is 5 calls a second."
    (need,) = needs([found])
    assert need.command == "pilotage limits crm"
    assert need in platform.inner.needs()
