"""Whether what was approved is what is used."""

from collections.abc import Iterator

from pilotage.authoring.checks.inputs import place_of
from pilotage.authoring.checks.subject import Definition
from pilotage.authoring.codes import finding
from pilotage.authoring.contracts import members_name
from pilotage.authoring.findings import Finding
from pilotage.authoring.flow import Stop
from pilotage.authoring.signatures import Parameter
from pilotage.authoring.ways import keys_for


def nothing_is_revised_after_its_approval(subject: Definition) -> Iterator[Finding]:
    """PLT-126: a value was approved, revised, and is then used as approved."""
    if subject.flow.unsure:
        return
    for flow in subject.flow.everything():
        for stop in flow.stops:
            for need in stop.inputs:
                if (found := _stale(stop, need)) is not None:
                    yield found


def _stale(stop: Stop, need: Parameter) -> Finding | None:
    for way in stop.ways:
        for key in keys_for(way, need):
            if key in way.stale:
                stale = way.stale[key]
                return finding(
                    "PLT-126",
                    place=place_of(stop, need),
                    line=stop.line,
                    type=members_name(way.approved[key][0]),
                    approved=stale.approved_at,
                    reviser=stale.reviser,
                    revised=stale.revised_at,
                )
    return None
