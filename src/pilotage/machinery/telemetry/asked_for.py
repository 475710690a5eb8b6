"""Reads what is asked for: OpenTelemetry's own variables first, then `[tool.pilotage.telemetry]`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, cast
from urllib.parse import urlsplit

from pilotage.machinery.telemetry.errors import TelemetryMisset
from pilotage.machinery.telemetry.values import Paths, TelemetrySettings

_KEYS: Final = ("endpoint", "file", "sample", "paths")
_ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
_SPOKEN: Final = "http/protobuf"


def read_telemetry(
    table: object, variables: Mapping[str, str], *, root: Path, environment: str
) -> TelemetrySettings | None:
    """What is asked for, or None where nothing is. Raises TelemetryMisset (PLT-541) for what the file says.

    What the environment says may be meant for others: it stops those alone who would send something.
    """
    given = _table(table)
    if variables.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    endpoint, file = _endpoint(given), _text(given, "file")
    try:
        spans = _sent(variables, "TRACES", endpoint)
        metrics = _sent(variables, "METRICS", endpoint)
    except TelemetryMisset as fault:
        return TelemetrySettings(fault=fault)
    if not (spans or metrics or file):
        return None
    return TelemetrySettings(
        spans=spans,
        metrics=metrics,
        endpoint=None if variables.get(_ENDPOINT) else endpoint,
        file=None if file is None else root / file,
        sample=None if variables.get("OTEL_TRACES_SAMPLER") else _share(given),
        paths=_paths(given),
        named=_named(variables, environment),
    )


def _table(table: object) -> Mapping[str, object]:
    if not isinstance(table, dict):
        raise _misset(f"it is {table!r}", "Write a table: [tool.pilotage.telemetry].")
    given = {str(name): value for name, value in cast("dict[object, object]", table).items()}
    if unknown := sorted(set(given) - set(_KEYS)):
        raise _misset(f'it has "{unknown[0]}"', f"It may have: {', '.join(_KEYS)}.")
    return given


def _text(given: Mapping[str, object], name: str) -> str | None:
    value = given.get(name)
    if value is None or (isinstance(value, str) and value):
        return value
    raise _misset(f"{name} is {value!r}", f'Write a text, such as {name} = "{_EXAMPLES[name]}".')


def _endpoint(given: Mapping[str, object]) -> str | None:
    """The collector's address: one that can be called, and in which no credential is written down."""
    value = _text(given, "endpoint")
    if value is None:
        return None
    if not _is_collector(value):
        raise _misset(
            "endpoint is no address of a collector",
            'Write it as endpoint = "http://localhost:4318"; a key goes into the variable OTEL_EXPORTER_OTLP_HEADERS.',
        )
    return value


def _is_collector(address: str) -> bool:
    """Whether it can be called, and no credential stands in it, which would come into messages about it."""
    try:
        parts = urlsplit(address)
        return (
            parts.scheme in {"http", "https"}
            and bool(parts.hostname)
            and (parts.port or 1) > 0
            and not ("@" in parts.netloc or parts.query)
        )
    except ValueError:  # a port that is none
        return False


def _share(given: Mapping[str, object]) -> float | None:
    value = given.get("sample")
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    raise _misset(f"sample is {value!r}", "Write the share of traces that is kept, from 0 to 1, such as sample = 0.1.")


def _paths(given: Mapping[str, object]) -> Paths:
    value = given.get("paths", Paths.WORDS.value)
    if value in {one.value for one in Paths}:
        return Paths(str(value))
    raise _misset(f"paths is {value!r}", 'Write paths = "words", "none" or "whole".')


def _sent(variables: Mapping[str, str], signal: str, endpoint: str | None) -> bool:
    """Whether this signal goes to a collector."""
    exporter = variables.get(f"OTEL_{signal}_EXPORTER", "").strip().lower()
    if exporter == "none":
        return False
    named = next((name for name in (f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT", _ENDPOINT) if variables.get(name)), None)
    if named is None and endpoint is None and exporter != "otlp":
        return False
    if named is not None and not _is_collector(variables[named]):
        raise TelemetryMisset(
            f"{named} is no address of a collector.",
            "Set it to an address such as http://localhost:4318; a key goes into OTEL_EXPORTER_OTLP_HEADERS.",
        )
    spoken = variables.get(f"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL") or variables.get("OTEL_EXPORTER_OTLP_PROTOCOL")
    if exporter not in {"", "otlp"} or (spoken or _SPOKEN) != _SPOKEN:
        raise TelemetryMisset(
            f"OTEL_{signal}_EXPORTER or its protocol asks for {exporter or spoken}, and Pilotage speaks OTLP over HTTP.",
            f"Set OTEL_EXPORTER_OTLP_PROTOCOL={_SPOKEN}, and the endpoint to the collector's port for it (often 4318).",
        )
    return True


def _named(variables: Mapping[str, str], environment: str) -> dict[str, str]:
    """The names that the environment does not give itself; what is given to the SDK would win over them."""
    own = variables.get("OTEL_RESOURCE_ATTRIBUTES", "")
    named = {} if "deployment.environment.name=" in own else {"deployment.environment.name": environment}
    if not variables.get("OTEL_SERVICE_NAME") and "service.name=" not in own:
        named["service.name"] = "pilotage"
    return named


def _misset(what: str, remedy: str) -> TelemetryMisset:
    return TelemetryMisset(f"[tool.pilotage.telemetry] cannot be read: {what}.", remedy)


_EXAMPLES: Final = {"endpoint": "http://localhost:4318", "file": ".pilotage/traces.jsonl"}
