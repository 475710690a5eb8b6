from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rehearsal.project import Listener, Project, listening


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A socket of this machine that counts who reaches it."""
    with listening() as found:
        yield found


@pytest.fixture
def project(tmp_path: Path, listener: Listener) -> Project:
    """A project whose connection leads to the listener."""
    return Project(tmp_path / "project", url=f"http://127.0.0.1:{listener.port}")
