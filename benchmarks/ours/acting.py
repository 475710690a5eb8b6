"""An automation that acts on the example's help desk, without a limit and with one."""

import os

import pilotage as pl
from benchmarks import work
from pilotage.examples.tickets.contracts import Assigned

PER_SECOND = int(os.environ.get("BENCH_PER_SECOND", "0"))
"""The limit that the connection declares; 0: none. It counts the seconds as the help desk does, or stricter."""

helpdesk = pl.Connection(
    "helpdesk",
    base_url=pl.Setting("helpdesk-url"),
    credential=pl.Secret("helpdesk-token", max_age="90d"),
    limits=[pl.Window(PER_SECOND, seconds=1)] if PER_SECOND else [],
)


async def find(effect: pl.Effect) -> Assigned | None:
    """Ask whether it was done."""
    return await helpdesk.find("/assignments", params={"key": effect.key}, expect=Assigned)


@pl.act(through=helpdesk, undo=pl.CannotUndo("nobody needs it undone"), reconcile=find)
async def assign(request: work.Request) -> Assigned:
    """Put the request into a queue."""
    return await helpdesk.post("/assignments", json={"ticket": request.id, "team": "cards"}, expect=Assigned)


assigning = pl.Automation(
    "assigning", purpose="Every request gets into a queue.", takes=work.Request, gives=Assigned,
    key=lambda request: request.id, owner=pl.Role("operations"), process=pl.Path(assign),
)  # fmt: skip
