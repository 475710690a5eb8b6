"""Everything in this process alone, step by step, until nothing moves without time or people: for tests and rehearsals."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from pilotage.cases.service.jobs import Finished, Job
from pilotage.cases.service.moving import Mover
from pilotage.cases.service.sending import Sending
from pilotage.cases.service.surrounding import LoopThread
from pilotage.machinery.engine.inline import InlineEngine

_ROUNDS: Final = 10_000


class Performs(Protocol):
    """Makes the calls of effects."""

    async def perform(self, job: Job, /) -> Finished:
        """Make the attempt, or ask; never raises."""
        ...


@dataclass(kw_only=True)
class Inline:
    """Forms batches, runs them and sends effects in the thread that calls `settle`."""

    engine: InlineEngine
    mover: Mover
    sending: Sending
    performer: Performs
    loop: LoopThread
    chores: Sequence[Callable[[], int]] = ()
    """What else is due now and then; each says how much it did."""
    seen: Callable[[int], None] = lambda moved: None
    """Told after each round how many batches, effects and chores it had."""

    def launch(self) -> None:
        """Have the engine run what the mover forms."""
        queues = [f"{automation}@{release}" for automation, release in self.mover.served.pairs]
        self.engine.launch(self.mover.run, queues)

    def settle(self) -> None:
        """Run until nothing moves without time or people. Raises what a batch raised."""
        for _ in range(_ROUNDS):
            moved = self._round()
            self.seen(moved)
            if not moved:
                return
        msg = f"The platform still moved after {_ROUNDS} rounds; a step seems to send cases in a circle."
        raise RuntimeError(msg)

    def _round(self) -> int:
        moved = self.mover.wake() + sum(chore() for chore in self.chores)
        for batch in self.mover.form():
            self.engine.start(batch)
            moved += 1
        self.engine.drain()
        if self.engine.raised:
            _, error = self.engine.raised.pop()
            raise error
        while self.sending.has_work():
            jobs = self.sending.turn([], {})
            if not jobs:
                break
            finished = self.loop.run(_all(self.performer.perform(job) for job in jobs))
            self.sending.turn(finished, {}, taking=False)
            moved += len(jobs)
        return moved


async def _all(coroutines: Iterable[Awaitable[Finished]]) -> list[Finished]:
    return list(await asyncio.gather(*coroutines))
