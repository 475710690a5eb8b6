"""What is asked for, in OpenTelemetry's own variables and in the project's file."""

from pathlib import Path

import pytest

from pilotage.kernel.clock import SystemClock
from pilotage.machinery.telemetry.asked_for import read_telemetry
from pilotage.machinery.telemetry.errors import TelemetryMisset
from pilotage.machinery.telemetry.opening import open_telemetry
from pilotage.machinery.telemetry.values import Paths, TelemetrySettings

ROOT = Path("/project")


def asked(table: object = None, **variables: str) -> TelemetrySettings | None:
    """What is asked for."""
    return read_telemetry({} if table is None else table, variables, root=ROOT, environment="live")


def test_unasked_nothing_is_on() -> None:
    """A project without a word of it, in an environment without one, tells nobody anything."""
    assert asked() is None
    assert asked({"sample": 0.5, "paths": "none"}) is None


def test_the_standard_variable_is_enough() -> None:
    """With the collector's address in the environment spans and figures go there, named for the environment."""
    found = asked(OTEL_EXPORTER_OTLP_ENDPOINT="http://collector:4318")
    assert found == TelemetrySettings(
        spans=True, metrics=True, named={"service.name": "pilotage", "deployment.environment.name": "live"}
    )


def test_the_variables_come_before_the_file() -> None:
    """Whoever runs it has the last word: where it goes, how much of it, what it is called, and whether at all."""
    table = {"endpoint": "http://ours:4318", "sample": 0.25, "file": "out/traces.jsonl", "paths": "whole"}
    ours = asked(table)
    assert ours is not None
    assert (ours.endpoint, ours.sample, ours.file) == ("http://ours:4318", 0.25, ROOT / "out/traces.jsonl")
    assert ours.paths is Paths.WHOLE
    theirs = asked(
        table,
        OTEL_EXPORTER_OTLP_ENDPOINT="http://theirs:4318",
        OTEL_TRACES_SAMPLER="always_on",
        OTEL_SERVICE_NAME="bills",
        OTEL_RESOURCE_ATTRIBUTES="deployment.environment.name=blue",
        OTEL_METRICS_EXPORTER="none",
    )
    assert theirs is not None
    assert (theirs.endpoint, theirs.sample, theirs.named) == (None, None, {})
    assert (theirs.spans, theirs.metrics) == (True, False)
    assert asked(table, OTEL_SDK_DISABLED="true") is None


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("yes", "'yes'"),
        ({"collector": "http://a"}, "collector"),
        ({"endpoint": 4318}, "4318"),
        ({"file": "a", "sample": 2}, "2"),
        ({"file": "a", "sample": True}, "True"),
        ({"file": "a", "paths": "some"}, "some"),
    ],
)
def test_what_cannot_be_meant_is_refused(table: object, said: str) -> None:
    """A slip of the pen is told with what it may be, and nothing begins."""
    with pytest.raises(TelemetryMisset, match=said):
        asked(table)


@pytest.mark.parametrize(
    "address", ["localhost:4318", "ftp://a", "http://", "http://ann:canary@a", "http://a?k=canary"]
)
def test_a_collector_has_an_address_without_a_credential(address: str) -> None:
    """What cannot be called, or holds what belongs into no file, is refused, and is not repeated."""
    with pytest.raises(TelemetryMisset, match="no address of a collector") as caught:
        asked({"endpoint": address})
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("address", ["no address", "ftp://ann:canary@a", "http://ann:canary@a:4318", "http://a:99999"])
def test_an_address_of_the_environment_holds_no_credential_either(address: str) -> None:
    """Whoever would send something is stopped before a library repeats the address in a message."""
    found = asked(OTEL_EXPORTER_OTLP_ENDPOINT=address)
    assert found is not None
    with pytest.raises(TelemetryMisset, match="OTEL_EXPORTER_OTLP_ENDPOINT is no address") as caught:
        open_telemetry(found, environment="live", clock=SystemClock())
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "variables",
    [
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a", "OTEL_TRACES_EXPORTER": "zipkin"},
    ],
)
def test_another_protocol_stops_those_who_would_send(variables: dict[str, str]) -> None:
    """Spans that nobody would understand are not sent in silence; who only looks at a case is not stopped by it."""
    found = asked(**variables)
    assert found is not None
    assert not found.traces
    with pytest.raises(TelemetryMisset, match="OTLP over HTTP"):
        open_telemetry(found, environment="live", clock=SystemClock())
