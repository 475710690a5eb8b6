"""The three examples that `tests/typing` proves, as modules."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

EXAMPLES = Path(__file__).parents[1] / "typing" / "examples"
PACKAGES = ("tickets", "invoicing", "leads_ingest", "leads_score", "leads_route", "leads_outreach")


@pytest.fixture(scope="session")
def examples() -> Iterator[dict[str, ModuleType]]:
    """The automation module of each example by package; nothing of it stays importable."""
    hidden = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] in PACKAGES}
    sys.path.insert(0, str(EXAMPLES))
    try:
        yield {package: importlib.import_module(f"{package}.automation") for package in PACKAGES}
    finally:
        sys.path.remove(str(EXAMPLES))
        for name in [name for name in sys.modules if name.partition(".")[0] in PACKAGES]:
            del sys.modules[name]
        sys.modules.update(hidden)
