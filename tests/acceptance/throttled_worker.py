"""A worker process that sends to a server that throttles: `python -m tests.acceptance.throttled_worker FOLDER`, until it is killed."""

import os
import sys
from pathlib import Path
from typing import Final, cast

from pydantic import BaseModel

import pilotage as pl
from pilotage import app

FULL: Final = int(os.environ.get("PILOTAGE_THROTTLED", "0"))
"""Seconds of the whole form: 180 for three minutes."""
FORM: Final = os.environ.get("PILOTAGE_FORM", "window")
LIMITS: Final = {
    "minute": (pl.Rate(20, per="second", burst=20), pl.Quota(600, per="minute")),
    "window": (pl.Rate(20, per="second", burst=20), pl.Window(100, seconds=10)),
    "rate": (pl.Rate(20, per="second", burst=20),),
}
api = pl.Connection("api", base_url=pl.Setting[str]("api-url"), limits=LIMITS[FORM], timeout="3s")


class Order(BaseModel):
    """What arrives."""

    id: str


class Made(BaseModel):
    """What the other side answers."""

    id: str


@pl.act(
    through=api, undo=pl.CannotUndo("It is only a test."), reconcile=pl.SafeToRepeat("It counts nothing but calls.")
)
async def make(order: Order) -> Made:
    """Send it."""
    return await api.post("/orders", json={"id": order.id}, expect=Made)


orders = pl.Automation(
    "orders",
    purpose="Orders are sent.",
    takes=Order,
    gives=Made,
    key=lambda order: order.id,
    owner=pl.Role("seller"),
    process=pl.Path(make),
)


def opened(folder: Path) -> app.Platform:
    """The platform of everybody."""
    project = app.Project(
        root=folder,
        environment="dev",
        database_url=(folder / "database").read_text(),
        automations=(),
        settings={"api-url": (folder / "url").read_text()},
    )
    return app.Platform(project, [cast("pl.Automation[BaseModel, object]", orders)])


if __name__ == "__main__":
    platform = opened(Path(sys.argv[1]))
    with platform.working_here():
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.read()
    platform.close()
