"""The door counts what it refuses and what it lets out, and tells acts from reads."""

import pytest

from pilotage.machinery.net.addresses import Addresses
from pilotage.machinery.net.door import DOOR_SHUT, Door
from pilotage.machinery.net.errors import DoorDisarmed


def test_a_disarmed_door_refuses_everything_and_counts_it() -> None:
    """Reads and acts are refused alike; only acts count as what would have changed something."""
    door = Door(Addresses(), armed=False)
    told: list[bool] = []
    door.told = told.append
    for method, reads in (("POST", False), ("POST", True), ("GET", False), ("DELETE", False), ("PERMIT", False)):
        with pytest.raises(DoorDisarmed, match=DOOR_SHUT):
            door.pass_through(method, "http://a.test", reads=reads)
    assert door.refused == {
        "POST http://a.test": 2,
        "GET http://a.test": 1,
        "DELETE http://a.test": 1,
        "PERMIT http://a.test": 1,
    }
    assert told == [True, False, False, True, True]
    assert (door.acts_refused, door.acts_sent) == (3, 0)


def test_an_armed_door_counts_the_acts_that_it_lets_out() -> None:
    """What was let out is counted, so that a report of a rehearsal could not hide it."""
    door = Door(Addresses())
    door.pass_through("POST", "http://a.test")
    door.pass_through("GET", "http://a.test")
    door.disarm()
    with pytest.raises(DoorDisarmed):
        door.pass_through("PUT", "http://a.test")
    assert (door.acts_refused, door.acts_sent) == (1, 1)
