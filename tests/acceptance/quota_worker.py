"""A worker process on a clock that it shares with others: `python -m tests.acceptance.quota_worker FOLDER NUMBER`.

It takes its turn whenever it is told to: records what was answered by now, takes permits, makes the calls, and says when it
wants to be told again. The other side writes down when each call arrives, by the same clock, some time after its permit.
"""

import asyncio
import json
import mmap
import os
import struct
import sys
from collections import Counter
from collections.abc import Awaitable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final

from pilotage.cases.service.jobs import Finished
from pilotage.kernel.clock import Clock, ManualClock
from pilotage.testing import FakeService, Platform, Request
from tests.mailed_leads import Sent, mailed

MICRO: Final = 1_000_000
A_DAY: Final = int(os.environ.get("PILOTAGE_QUOTA", "1000"))

_mailed = mailed(A_DAY)
crm, leads = _mailed.crm, _mailed.leads


class SharedClock(ManualClock):
    """A clock in a file: every process that has it open sees the same time."""

    def __init__(self, file: Path) -> None:
        self._open = file.open("r+b")
        self._map = mmap.mmap(self._open.fileno(), 8)

    def close(self) -> None:
        """Leave the file to the others."""
        self._map.close()
        self._open.close()

    @property
    def micros(self) -> int:
        """Microseconds since 1970."""
        return int(struct.unpack("q", self._map[:8])[0])

    @micros.setter
    def micros(self, value: int) -> None:
        self._map[:8] = struct.pack("q", value)

    def now(self) -> datetime:
        """The time of everybody."""
        return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=self.micros)

    def monotonic(self) -> float:
        """Seconds of the same clock."""
        return self.micros / MICRO


class Sharing(Platform):
    """The platform of one process, on the clock and the database of all."""

    def __init__(self, clock: Clock, database_url: str, service: FakeService) -> None:
        super().__init__(leads, services=[service], database_url=database_url)
        self.clock.manual = clock  # type: ignore[assignment]


class Worker:
    """One process's share."""

    def __init__(self, folder: Path, number: int) -> None:
        self.clock = SharedClock(folder / "clock")
        self.chance = Random(number)
        self.log = os.open(folder / "arrived", os.O_WRONLY | os.O_APPEND)
        self.pending: list[tuple[int, Finished]] = []
        self.number = number

    def service(self) -> FakeService:
        """The other side: a call arrives a while after its permit."""
        service = FakeService(crm)

        @service.on("POST", "/mails")
        def keep(request: Request) -> Sent:
            arrives = self.clock.micros + int(self.chance.random() * 0.1 * MICRO)
            os.write(self.log, f"{arrives} {request.key}\n".encode())
            return Sent(id=str(request.json["lead"]))

        return service

    def turn(self, platform: Platform) -> int | None:
        """Take a turn; when the next one is wanted, in microseconds, or None: when others have done something."""
        inner, sending = platform.inner, self.sending
        inner.limiter.announce()
        now = self.clock.micros
        finished = [one for at, one in self.pending if at <= now]
        self.pending = [(at, one) for at, one in self.pending if at > now]
        busy = Counter(one.job.effect.connection for _, one in self.pending)
        if finished or sending.has_work():
            jobs = sending.turn(finished, busy)
            for one in inner.loop.run(_all(inner.performer.perform(job) for job in jobs)):
                self.pending.append((now + int((0.1 + 0.2 * self.chance.random()) * MICRO), one))
        wakes = [at for at, _ in self.pending]
        if sending.pauses.get("crm", 0) > now:
            wakes.append(sending.pauses["crm"])
        elif sending.has_work():
            wakes.append(now)
        return min(wakes, default=None)

    def run(self, database_url: str) -> None:
        """Take turns until nobody asks any more."""
        with Sharing(self.clock, database_url, self.service()) as platform:
            self.sending = platform.inner.sending(f"worker-{self.number}")
            _say("ready")
            for _ in sys.stdin:
                _say(self.turn(platform))


def _say(what: object) -> None:
    sys.stdout.write(f"{json.dumps(what)}\n")
    sys.stdout.flush()


async def _all(coroutines: Iterable[Awaitable[Finished]]) -> list[Finished]:
    return list(await asyncio.gather(*coroutines))


if __name__ == "__main__":
    home = Path(sys.argv[1])
    Worker(home, int(sys.argv[2])).run((home / "database").read_text())
