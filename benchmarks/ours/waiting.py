"""Automations of one step: one that waits, one that computes, one that acts."""

import asyncio
import time

from pydantic import BaseModel

import pilotage as pl
from benchmarks import work

WAIT = 0.05
"""Seconds that a case waits."""
COMPUTE = 0.002
"""Seconds of a core that a case computes."""
_operations = pl.Role("operations")


class Waited(BaseModel):
    """What a step gave."""

    words: int


@pl.compute
async def waits(request: work.Request) -> Waited:
    """Wait, as a step does that asks another system."""
    await asyncio.sleep(WAIT)
    return Waited(words=len(request.text.split()))


@pl.compute
def computes(request: work.Request) -> Waited:
    """Compute in Python."""
    ends = time.thread_time() + COMPUTE
    while time.thread_time() < ends:
        pass
    return Waited(words=len(request.text.split()))


waiting = pl.Automation(
    "waiting", purpose="Waits.", takes=work.Request, gives=Waited, key=lambda request: request.id, owner=_operations,
    process=pl.Path(waits),
)  # fmt: skip
computing = pl.Automation(
    "computing", purpose="Computes.", takes=work.Request, gives=Waited, key=lambda request: request.id,
    owner=_operations, process=pl.Path(computes),
)  # fmt: skip
