"""Where nobody asks for traces nothing of them is loaded; where they are asked for and cannot be, it is said."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from pilotage.app import Platform, Project
from pilotage.kernel.clock import SystemClock
from pilotage.machinery.api.app import api_app
from pilotage.machinery.net.addresses import Addresses
from pilotage.machinery.net.door import Door
from pilotage.machinery.telemetry import opening
from pilotage.machinery.telemetry.errors import TelemetryNotInstalled
from pilotage.machinery.telemetry.values import TelemetrySettings
from pilotage.machinery.web.app import make_app
from pilotage.machinery.web.values import WebSettings

_RUN = """
import sys
from pathlib import Path
from same_bills import bills
from pilotage.app import Platform
from pilotage.project import read_project
project = read_project(Path(sys.argv[1]), {})
platform = Platform(project, [bills])
assert platform.surrounding.telemetry is None
platform.mover("test"), platform.performer
platform.close()
print(sorted(name for name in sys.modules if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter"))))
"""
_BILLS = """
from pydantic import BaseModel
import pilotage as pl

class Bill(BaseModel):
    id: str

@pl.compute
def same(bill: Bill) -> Bill:
    return bill

bills = pl.Automation("bills", purpose="None.", takes=Bill, gives=Bill, key=lambda bill: bill.id,
                      owner=pl.Role("accounts"), process=pl.Path(same))
"""


def test_off_loads_nothing_of_the_sdk(tmp_path: Path) -> None:
    """A platform that nobody asked for traces has neither the SDK nor an exporter in memory."""
    (tmp_path / "same_bills.py").write_text(_BILLS, encoding="utf-8")
    variables = {"PYTHONPATH": f"{tmp_path}:{Path(opening.__file__).parents[3]}", "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-c", _RUN, str(tmp_path)]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def test_without_the_extra_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence of what is missing, and the command that mends it."""
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)
    with pytest.raises(TelemetryNotInstalled, match="not installed") as caught:
        opening.open_telemetry(TelemetrySettings(spans=True), environment="live", clock=SystemClock())
    assert 'pip install "pilotage[otel]"' in caught.value.remedy


def test_a_door_that_is_shut_is_shut_for_traces_too(tmp_path: Path) -> None:
    """Where calls do not go out, as in a rehearsal, nothing is told either, whatever the project says."""
    settings = TelemetrySettings(spans=True, metrics=True, endpoint="http://127.0.0.1:1")
    project = Project(
        root=tmp_path,
        environment="test",
        database_url=f"sqlite:///{tmp_path}/a.db",
        automations=(),
        telemetry=settings,
    )
    for armed in (True, False):
        with closing(Platform(project, [], door=Door(Addresses(), armed=armed))) as platform:
            assert (platform.telemetry is not None) == armed


def test_the_web_framework_tells_nothing_by_itself() -> None:
    """Neither application has the framework's own telemetry, which tells the texts of exceptions."""
    pages = make_app([], [], WebSettings(token="t", environment="test"))
    programs = api_app([], version="1", statuses={})
    for app in (pages, programs):
        assert not app._native_telemetry.enabled()
        assert not app._telemetry["auto_configure"]
