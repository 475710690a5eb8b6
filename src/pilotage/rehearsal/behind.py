"""What a rehearsal's process does once it has left the network: the door is shut and the hook set before code is loaded."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from pydantic import TypeAdapter

from pilotage.kernel.errors import PilotageError
from pilotage.machinery.net.addresses import Addresses
from pilotage.machinery.net.door import Door
from pilotage.rehearsal import loading, walls
from pilotage.rehearsal.answers import Answers, read_answers
from pilotage.rehearsal.running import Rehearsal
from pilotage.rehearsal.standing_in import Boundary
from pilotage.rehearsal.values import Request


class Parent(Protocol):
    """Whoever started this process."""

    def tell(self, data: Mapping[str, object]) -> None:
        """Write one line."""
        ...

    def setting(self, name: str) -> str | None:
        """The text of a setting; the values of secrets are none."""
        ...

    def seen(self, what: str, count: int) -> None:
        """How far it is."""
        ...


def rehearse(told: Mapping[str, object], parent: Parent, outside: str | None) -> Mapping[str, object]:
    """The report, or the error that stands in its way. `outside`: why there is no network namespace; None: it holds."""
    try:
        return {"report": _report(TypeAdapter(Request).validate_python(told), parent, outside)}
    except PilotageError as error:
        return {"error": {"what": error.what, "remedy": error.remedy, "code": error.code}}


def _report(request: Request, parent: Parent, outside: str | None) -> Mapping[str, object]:
    lost = walls.found_no_way()
    door = Door(Addresses(), armed=False)
    answers = read_answers(Path(request.answers)) if request.answers else Answers()
    watch = walls.Watch(lambda path: loading.is_ours(request, path))
    watch.begin()
    automations = loading.load_code(request)
    automation = loading.the_one(automations, request.automation)
    secrets = {one.credential.name for each in automations for one in each.connections if one.credential is not None}
    parent.tell({"secrets": sorted(secrets)})
    rehearsal = Rehearsal(
        request=request,
        automation=automation,
        automations=automations,
        boundary=Boundary(door=door, answers=answers, fakes=loading.load_fakes(request)),
        watch=watch,
        setting=parent.setting,
        seen=parent.seen,
    )
    return {
        **rehearsal.run(),
        "walls": [
            {"name": "door disarmed", "holds": not door.armed, "why": ""},
            {"name": "audit hook", "holds": watch.holds(), "why": ""},
            {"name": "network namespace", "holds": outside is None, "why": outside or ""},
        ],
        "tried": [{"who": who, "what": what, "times": times} for (who, what), times in watch.tried.most_common()],
        "found_no_way": walls.found_no_way() - lost if outside is None else None,
    }
