"""What the web framework may tell by itself: nothing."""

from typing import Final

from fastapi.telemetry import TelemetryConfig

UNTOLD: Final[TelemetryConfig] = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
"""Its own telemetry would tell addresses with what stands in them, and the texts of exceptions."""
