"""What becomes of finished spans: they go to a collector in the background, or into a file."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

_OWNERS: Final = 0o600

_log = logging.getLogger("pilotage.telemetry")


class FileExporter(SpanExporter):
    """Appends each span to a file, as a line of JSON. Several processes may write to the same one."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Write them down, in one piece."""
        lines = "".join(f"{span.to_json(indent=None)}\n" for span in spans).encode()
        try:
            self._append(lines)
        except OSError as error:
            _log.error("traces.unwritten", extra={"file": str(self._file), "why": error.strerror})
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS

    def _append(self, lines: bytes) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _OWNERS)
        try:
            os.write(descriptor, lines)
        finally:
            os.close(descriptor)
