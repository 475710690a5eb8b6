"""Which addresses a project's environment allows."""

from pathlib import Path

import pytest

from pilotage.kernel.errors import ProjectMissing
from pilotage.project import read_project


def test_private_addresses_are_refused_in_live_unless_the_project_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """In dev and test they are allowed, elsewhere not; the project's own word counts before that."""
    allowed = dict[str, bool]()
    for environment in ("dev", "test", "live"):
        monkeypatch.setenv("PILOTAGE_ENVIRONMENT", environment)
        allowed[environment] = read_project(Path(), {}).private_addresses
        for said in (True, False):
            assert read_project(Path(), {"private-addresses": said}).private_addresses is said
    assert allowed == {"dev": True, "test": True, "live": False}


def test_what_is_no_yes_and_no_no_is_told() -> None:
    """A text in its place would be a yes by mistake."""
    with pytest.raises(ProjectMissing, match="private-addresses"):
        read_project(Path(), {"private-addresses": "no"})
