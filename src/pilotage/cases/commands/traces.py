"""Which traces tell of a case. They are computed from its ids, so nothing had to be stored when they were made."""

from collections.abc import Callable, Sequence

from pilotage.cases.ports import Part
from pilotage.cases.store import looking
from pilotage.kernel.ids import shown
from pilotage.machinery.storage.database import Tx
from pilotage.machinery.telemetry.identity import trace_of, trace_text


def traces_of(environment: str) -> Callable[[Tx, int], Part]:
    """What `pilotage case` tells of a case's traces, where they are recorded."""

    def part(tx: Tx, case: int) -> Part:
        found = _traces(tx, case, environment)
        return Part(
            name="traces",
            title="Traces",
            columns=("of", "trace"),
            rows=found,
            data=[{"of": of, "trace": trace} for of, trace in found],
        )

    return part


def _traces(tx: Tx, case: int, environment: str) -> Sequence[tuple[str, str]]:
    batches = dict.fromkeys(one.batch for one in looking.story(tx, case) if one.batch is not None)
    found = [(f"batch {shown('B', batch)}", trace_of(environment, "batch", batch)) for batch in batches]
    if looking.effects_of(tx, case):
        found.append(("effects", trace_of(environment, "case", case)))
    return [(of, trace_text(trace)) for of, trace in found]
