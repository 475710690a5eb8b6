"""An attempt for which Pilotage's own database is away before anything was sent."""

import psycopg
import pytest
import sqlalchemy as sa

from pilotage.cases.outcomes import NotDone, Refused
from pilotage.cases.service.performing import _failed
from pilotage.connections.values import Standing


@pytest.mark.parametrize("wrapped", [True, False])
def test_it_is_not_done_and_uses_up_no_attempt(*, wrapped: bool) -> None:
    """Whoever notes the release of a secret meets a server that is gone: the effect waits, and is no dead letter."""
    gone: Exception = psycopg.OperationalError("server closed the connection unexpectedly")
    error = sa.exc.OperationalError("INSERT", {}, gone) if wrapped else gone
    outcome = _failed(error, Standing.NOTHING, failing=False)
    assert isinstance(outcome, NotDone)
    assert outcome.throttled


def test_an_error_of_the_step_itself_is_still_final() -> None:
    """What the author's code raises before its call would be raised again."""
    assert isinstance(_failed(ValueError("no"), Standing.NOTHING, failing=False), Refused)
