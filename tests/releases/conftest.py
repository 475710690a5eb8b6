"""A project, its database of either kind, and the box that its effects go to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.releases.project import Box, Project, box_open


@pytest.fixture
def box() -> Iterator[Box]:
    """What hears the orders."""
    with box_open() as opened:
        yield opened


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project on SQLite in its own folder."""
    made = Project(tmp_path / "shop")
    made.write("A")
    return made


@pytest.fixture
def shop(tmp_path: Path, database_url: str, box: Box) -> Project:
    """A project on a database of either kind, which knows the box."""
    made = Project(tmp_path / "shop", {"PILOTAGE_DATABASE_URL": database_url, "BOX_URL": box.url})
    made.write("A")
    return made
