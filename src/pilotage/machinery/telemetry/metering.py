"""Counts and durations of one process, in the names that OpenTelemetry gives them where it has any."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from opentelemetry.metrics import CallbackOptions, Meter, Observation

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""The bounds that OpenTelemetry advises for HTTP."""
_WAITS: Final = (0.001, 0.01, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60)
_TOKENS: Final = tuple(4**power for power in range(14))
_MODEL_SECONDS: Final = tuple(0.01 * 2**power for power in range(14))
"""As OpenTelemetry advises for models."""

Marks = Mapping[str, str | int]


class Meters:
    """What one process counts. The sum over processes is right."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._duration = meter.create_histogram(
            "http.client.request.duration",
            "s",
            "How long calls took, from the first byte to the last.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._calls = meter.create_counter("pilotage.calls", "{call}", "Calls, by connection and outcome.")
        self._waited = meter.create_histogram(
            "pilotage.permit.wait",
            "s",
            "How long calls waited for room within the connection's limits.",
            explicit_bucket_boundaries_advisory=_WAITS,
        )
        self._tokens = meter.create_histogram(
            "gen_ai.client.token.usage",
            "{token}",
            "Tokens that calls of models took.",
            explicit_bucket_boundaries_advisory=_TOKENS,
        )
        self._asked = meter.create_histogram(
            "gen_ai.client.operation.duration",
            "s",
            "How long models took to answer.",
            explicit_bucket_boundaries_advisory=_MODEL_SECONDS,
        )
        self._cost = meter.create_counter("pilotage.model.cost", "USD", "What models cost, by the price list.")

    def call(self, connection: str, outcome: str, seconds: float, waited: float | None, http: Marks | None) -> None:
        """One call through a connection; `http` is what is said of it where it was HTTP."""
        marks = {"pilotage.connection": connection}
        self._calls.add(1, {**marks, "pilotage.outcome": outcome})
        if http is not None:
            self._duration.record(seconds, {**http, **marks})
        if waited is not None:
            self._waited.record(waited, marks)

    def model(self, marks: Marks, seconds: float, tokens: tuple[int, int] | None, cost: float | None) -> None:
        """One question to a model; what is not known is not counted."""
        self._asked.record(seconds, marks)
        for kind, number in zip(("input", "output"), tokens or (), strict=False):
            self._tokens.record(number, {**marks, "gen_ai.token.type": kind})
        if cost is not None:
            self._cost.add(cost, marks)

    def observe_cases(self, read: Callable[[], Iterable[tuple[str, str, int]]]) -> None:
        """Tell how many cases are where, now and then: by automation and place, as `read` gives them."""

        def told(options: CallbackOptions) -> Iterable[Observation]:
            del options
            return [
                Observation(number, {"pilotage.automation": automation, "pilotage.place": place})
                for automation, place, number in read()
            ]

        about = "Cases, by the place where they are or at which they ended."
        self._meter.create_observable_gauge("pilotage.cases", [told], "{case}", about)
