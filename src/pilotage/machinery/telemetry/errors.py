"""What can be wrong with telemetry. Codes PLT-540 to PLT-549."""

from typing import ClassVar

from pilotage.kernel.errors import PilotageError


class TelemetryNotInstalled(PilotageError):
    """Traces are asked for, and what sends them is not installed."""

    code: ClassVar[str] = "PLT-540"


class TelemetryMisset(PilotageError):
    """A setting of traces and metrics cannot be meant."""

    code: ClassVar[str] = "PLT-541"
