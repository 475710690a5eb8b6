"""The collector of cycles is calm while a process works, and as it was afterwards."""

import gc

import pytest

from pilotage.machinery.engine.collector import calm_collector


def test_the_collector_is_as_it_was_afterwards() -> None:
    """Also when the block ends with an error; within it, what was there before is left alone."""
    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    with pytest.raises(KeyError), calm_collector():
        assert gc.get_freeze_count() > frozen
        assert gc.get_threshold() > before
        raise KeyError
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)
