"""With a collector that others made: spans and figures arrive there; and one that is away stops nobody."""

import logging
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from threading import Event, Thread

import pytest
from traced_bills import Listening, answering, bills, books, register

from pilotage import app
from pilotage.machinery.telemetry.values import TelemetrySettings
from pilotage.operations.figures import cases_by_place
from pilotage.testing import FakeService, Fault, Platform


@dataclass(kw_only=True)
class Collector:
    """A collector that writes down what it gets."""

    endpoint: str
    lines: list[str] = field(default_factory=list[str])
    news: Event = field(default_factory=Event)

    def waits_for(self, pattern: str, *, times: int = 1, within: float = 30.0) -> list[str]:
        """What it has got that looks like this, once there is enough of it."""
        until = time.monotonic() + within
        while True:
            self.news.clear()
            found = re.findall(pattern, "".join(self.lines))
            if len(found) >= times:
                return found
            assert time.monotonic() < until, "".join(self.lines)[-5_000:]
            self.news.wait(0.5)


def free_port() -> int:
    """A port that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def collector() -> Iterator[Collector]:
    """Rotel, which takes OTLP over HTTP."""
    http, grpc = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    command = [str(files("rotel") / "rotel-agent"), "start", "--otlp-http-endpoint", http, "--otlp-grpc-endpoint", grpc]
    command += ["--exporter", "blackhole", "--debug-log-verbosity", "detailed"]
    command += ["--debug-log", "traces", "--debug-log", "metrics"]
    made = Collector(endpoint=f"http://{http}")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        reading = Thread(target=_read, args=(process.stdout, made))
        reading.start()
        try:
            made.waits_for("Starting Rotel")
            yield made
        finally:
            process.terminate()
            process.wait(timeout=20)
            reading.join(timeout=20)


def _read(told: Iterator[str], collector: Collector) -> None:
    for line in told:
        collector.lines.append(line)
        collector.news.set()


class Told(Platform):
    """A platform whose project names a collector."""

    endpoint: str

    def _make_inner(self, project: app.Project) -> app.Platform:
        settings = TelemetrySettings(spans=True, metrics=True, endpoint=self.endpoint, named={"service.name": "bills"})
        return super()._make_inner(replace(project, telemetry=settings))


def platform_at(endpoint: str, *services: FakeService) -> Told:
    """A platform that tells a collector."""
    platform = Told(bills, services=services)
    platform.endpoint = endpoint
    return platform


@pytest.mark.slow
@pytest.mark.peers
def test_spans_and_figures_arrive_with_our_words(collector: Collector) -> None:
    """A run in which the other side was down, throttled and refused us is told to a real collector in those words."""
    one, other = answering(Listening(register), Listening(books))
    with platform_at(collector.endpoint, one, other) as platform:
        database, telemetry = platform.inner.database, platform.inner.telemetry
        assert telemetry is not None
        telemetry.meters.observe_cases(lambda: cases_by_place(database, ["bills"]))  # as `pilotage serve` does
        for fault in (Fault.DOWN, Fault.THROTTLED, Fault.REFUSED):
            other.fault(fault)
            platform.submit(bills, {"id": f"canary-{fault.value}"})
            platform.settle()
            platform.clock.forward("5m")
            platform.settle()
    outcomes = collector.waits_for(r"pilotage\.outcome: Str\(([^)]*)\)", times=9)
    assert {"down", "throttled", "refused us", "answered", "confirmed"} <= set(outcomes)
    assert collector.waits_for(r"error\.type: Str\(throttled\)")
    assert collector.waits_for(r"service\.name: Str\(bills\)")
    figures = collector.waits_for(
        r"Name\s*: (pilotage\.calls|http\.client\.request\.duration|pilotage\.cases)", times=3
    )
    assert set(figures) == {"pilotage.calls", "http.client.request.duration", "pilotage.cases"}
    assert "canary" not in "".join(collector.lines)


@pytest.mark.slow
def test_a_collector_that_is_away_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """Work goes on and ends as always; the end of a process waits some seconds for it at most."""
    one, other = answering(Listening(register), Listening(books))
    with caplog.at_level(logging.CRITICAL):
        with platform_at(f"http://127.0.0.1:{free_port()}", one, other) as platform:
            case = platform.submit(bills, {"id": "B1"})
            platform.settle()
            assert case.place.value == "done"
            began = time.monotonic()
        assert time.monotonic() - began < 10


def test_spans_go_into_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    """Without a collector every span is a line; the file holds ids of cases, and is its owner's."""
    one, other = answering(Listening(register), Listening(books))
    file = tmp_path / "out" / "traces.jsonl"

    class Filed(Platform):
        def _make_inner(self, project: app.Project) -> app.Platform:
            return super()._make_inner(replace(project, telemetry=TelemetrySettings(file=file)))

    with Filed(bills, services=[one, other]) as platform:
        platform.submit(bills, {"id": "B1"})
        platform.settle()
    assert file.read_text(encoding="utf-8").count('"name": "POST"') == 1
    assert file.stat().st_mode & 0o777 == 0o600
