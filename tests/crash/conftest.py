"""A project on a database of either kind; what was started in it is ended."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.ground import Ground


@pytest.fixture
def ground(tmp_path: Path, database_url: str) -> Iterator[Ground]:
    """A project; what was started in it is ended."""
    made = Ground(tmp_path / "project", database_url)
    yield made
    made.end()
