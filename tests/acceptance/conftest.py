"""A project on a database of either kind, and a mail server; what was started in a test is ended."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import dovecot as server
from tests.acceptance.ground import Ground
from tests.dovecot import Dovecot


@pytest.fixture
def ground(tmp_path: Path, database_url: str) -> Iterator[Ground]:
    """A project; what was started in it is ended."""
    made = Ground(tmp_path / "project", database_url)
    yield made
    made.end()


@pytest.fixture
def dovecot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Dovecot]:
    """A mail server with one empty mailbox."""
    monkeypatch.setenv("IMAP_PASSWORD", server.PASSWORD)
    with server.dovecot() as made:
        yield made
