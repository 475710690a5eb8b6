"""What `import pilotage` offers, and what it costs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import pilotage as pl

SOURCE = Path(__file__).parents[2] / "src"
LOAD = "import json, sys, pilotage; [getattr(pilotage, name) for name in pilotage.__all__]; print(json.dumps([*sys.modules]))"


def test_every_name_is_there() -> None:
    """Each name of the face is fetched when it is used, and is the same ever after."""
    assert sorted(pl.__all__) == list(pl.__all__)
    assert all(getattr(pl, name) is getattr(pl, name) for name in pl.__all__)
    assert set(pl.__all__) <= set(dir(pl))


def test_a_name_that_is_not_there() -> None:
    """A slip of the pen is an error, and not something that is fetched later."""
    with pytest.raises(AttributeError, match="module 'pilotage' has no attribute 'Automaton'"):
        _ = pl.Automaton  # type: ignore[attr-defined]


def test_all_names_together_cost_pydantic_alone() -> None:
    """Whoever uses every name of the face has loaded pydantic and the standard library."""
    done = subprocess.run(
        [sys.executable, "-c", LOAD],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    ground = {"pilotage", "pydantic", "pydantic_core", "annotated_types", "typing_extensions", "typing_inspection"}
    others = {name for name in loaded - ground - sys.stdlib_module_names if not name.startswith(("_", "sitecustomize"))}
    inside = {name.split(".")[1] for name in json.loads(done.stdout) if name.startswith("pilotage.")}
    assert inside == {"authoring", "kernel"}
    assert others == set()
