"""Effects of which nobody knows whether they were done: each is told with the place where somebody can find out."""

from collections.abc import Iterator

import pytest
from tests.cases import parcels
from tests.cases.parcels import Carrier

from pilotage.cases.service.ending import withdraw
from pilotage.cases.service.today import read_places
from pilotage.kernel.ids import read
from pilotage.operations.health import assess, needs
from pilotage.operations.values import Condition, Need
from pilotage.testing import Fault, Platform


def unknown(platform: Platform) -> Need:
    """The one thing that is said about unknown outcomes."""
    (need,) = [one for one in needs(read_places(platform.inner.database, ())) if "unknown outcome" in one.title]
    return need


def lost(database_url: str, repeat: str) -> Iterator[tuple[Platform, str]]:
    """A platform with one effect that was done, or not, as nobody knows; and its case."""
    carrier = Carrier()
    automation = parcels.automation(repeat)
    with Platform(
        automation, services=[carrier.service], now="2026-03-02T09:00+00:00", database_url=database_url
    ) as platform:
        carrier.service.fault(Fault.DONE_THEN_500, times=1_000)
        case = platform.submit(automation, {"id": "A1", "kind": "letter"})
        platform.settle()
        (effect,) = platform.effects("travel")
        assert effect.state == "unknown"
        yield platform, case.id


@pytest.fixture
def never(database_url: str) -> Iterator[tuple[Platform, str]]:
    """Where the other side cannot be asked."""
    yield from lost(database_url, "never")


@pytest.fixture
def asked(database_url: str) -> Iterator[tuple[Platform, str]]:
    """Where it can be."""
    yield from lost(database_url, "ask")


def test_what_a_person_must_say_is_in_the_inbox(never: tuple[Platform, str]) -> None:
    """And the inbox has it."""
    platform, _ = never
    need = unknown(platform)
    assert (need.title, need.command) == ("1 effect with an unknown outcome", "pilotage inbox")
    assert len(platform.inbox()) == 1


def test_what_the_other_side_is_asked_about_is_at_its_connection(asked: tuple[Platform, str]) -> None:
    """The inbox has nothing yet, so nobody is sent there."""
    platform, _ = asked
    need = unknown(platform)
    assert need.title == "1 effect with an unknown outcome, about which the other side is asked"
    assert need.command == "pilotage connections"
    assert len(platform.inbox()) == 0


def test_what_is_left_of_a_withdrawn_case_is_at_the_case(never: tuple[Platform, str]) -> None:
    """Nobody decides about it any more: it is named as work with its case, and is no alarm that never ends."""
    platform, case = never
    number = read("C", case)
    assert number is not None
    withdraw(platform.inner.database, platform.inner.inbox, [number], by="me", reason="not wanted")
    need = unknown(platform)
    assert need.title == "1 effect with an unknown outcome, whose case has ended"
    assert need.command == f"pilotage case {case}"
    assert len(platform.inbox()) == 0
    assert assess(read_places(platform.inner.database, ())).condition is Condition.WELL
