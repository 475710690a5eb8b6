"""The page of connections over a real platform, on both databases."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from tests.web.desk import HOSTILE, Desk, bills, opened

from pilotage.operations.connections import other_sides
from pilotage.operations.limits import accounts
from pilotage.operations.outside import every_context
from pilotage.testing import Fault


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    """The platform at two in the afternoon."""
    yield from opened(database_url)


def lasts(desk: Desk, minutes: int) -> None:
    """Time passes while the platform works."""
    until = desk.platform.clock.now() + timedelta(minutes=minutes)
    while desk.platform.clock.now() < until:
        desk.platform.settle()
        desk.platform.clock.forward("20s")
    desk.platform.settle()
    desk.platform.inner.watch.write()


def text(page: str) -> str:
    """Without markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_an_outage_stands_with_who_waits_and_when_it_is_called_again(desk: Desk) -> None:
    """From its first minute, in the words of the command line; Today's title does not say that all is well meanwhile."""
    desk.books.fault(Fault.DOWN, times=10_000)
    for number in range(9):
        desk.platform.submit(bills, {"id": f"B{number}"})
    lasts(desk, 3)
    page = text(desk.page("/connections"))
    (side,) = other_sides(desk.database, desk.platform.inner.automations.values())
    assert side.sentence.removeprefix("books: d") in page
    assert "Down since 14:02, 9 cases waiting" in page
    assert "It is called again at 14:" in page
    assert "nobody listens there" in page
    today = text(desk.page("/"))
    assert "All is well" not in today
    assert "Nothing needs you; books is down since 14:02, 9 cases wait" in today


def test_what_is_used_of_a_limit_and_what_is_to_be_expected(desk: Desk) -> None:
    """A bar with its share in words, the forecast, and that a quota is gone."""
    for number in range(20):
        desk.platform.submit(bills, {"id": f"B{number}"})
    lasts(desk, 2)
    page = desk.page("/connections")
    (account,) = accounts(desk.database, desk.platform.inner.automations.values())
    assert account.sentence in text(page)
    assert "The daily quota is gone; 8 cases wait until midnight" in text(page)
    assert "12 calls a day (Europe/Berlin)" in page
    assert "100% used" in text(page)
    assert 'class="share share-short"' in page
    assert "12 answered." in text(page)


def test_where_the_declared_limit_is_wrong_is_said(desk: Desk) -> None:
    """The server said "too many" although there was room: the page says what that means."""
    desk.case("B1", fault=Fault.THROTTLED)
    desk.platform.inner.watch.write()
    assert "its limit is stricter than declared" in text(desk.page("/connections"))


def test_what_the_other_side_says_is_text(desk: Desk) -> None:
    """What a connection said is never markup."""
    desk.case(f"K{HOSTILE}")
    desk.platform.inner.watch.write()
    page = desk.page("/connections")
    assert "<script>alert" not in page
    assert "<img" not in page


def test_those_that_are_not_well_stand_first(desk: Desk) -> None:
    """Then those that are short, then by name; a connection that was never called has no chart."""
    desk.platform.inner.watch.write()
    (side,) = other_sides(desk.database, desk.platform.inner.automations.values())
    context = every_context([side], [])
    assert context.connections[0].chart.top == 0
    assert "It was not called." in text(desk.page("/connections"))
