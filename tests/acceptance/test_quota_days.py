"""Three days' quota, on days of 24, 25 and 23 hours, by three processes that share a clock: never over, hardly any left unused.

The whole form, with ten thousand a day: `PILOTAGE_QUOTA=10000 ./dev test tests/acceptance/test_quota_days.py`.
"""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pilotage.cases.arrivals import Arrival
from pilotage.cases.service.proving import prove
from pilotage.operations.limits import Account, accounts
from pilotage.testing import FakeService
from tests.acceptance.quota_worker import A_DAY, MICRO, SharedClock, Sharing, crm, leads
from tests.mailed_leads import A_SECOND, ZONE, Lead

BERLIN = ZoneInfo(ZONE)
DAYS = 3
STEP = MICRO


class Process:
    """A worker process that takes its turn when it is told to."""

    def __init__(self, folder: Path, number: int) -> None:
        words = [sys.executable, "-m", "tests.acceptance.quota_worker", str(folder), str(number)]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.wakes: int | None = 0

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.communicate()

    def begin(self) -> None:
        """Tell it that it is its turn."""
        assert self.process.stdin
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def end(self) -> object:
        """What it says of it."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, "the worker ended"
        return json.loads(line)


@contextmanager
def processes(folder: Path, number: int) -> Iterator[list[Process]]:
    """So many workers, ready."""
    with ExitStack() as stack:
        workers = [Process(folder, at) for at in range(number)]
        for one in workers:
            stack.callback(one.close)
        assert [one.end() for one in workers] == ["ready"] * number
        yield workers


def arrived(folder: Path) -> list[tuple[int, str]]:
    """What the other side saw: when, and with which key."""
    lines = (line.split() for line in (folder / "arrived").read_text().splitlines())
    return sorted((int(at), key) for at, key in lines)


def over(times: list[int]) -> int:
    """How many calls a server refuses that counts a bucket of five and a calendar day of Berlin."""
    level, last, refused = 0.0, 0, 0
    days: Counter[str] = Counter()
    for at in times:
        level = max(0.0, level - (at - last) * A_SECOND / MICRO)
        last = at
        day = datetime.fromtimestamp(at / MICRO, UTC).astimezone(BERLIN).strftime("%F")
        if level + 1 > A_SECOND + 1e-6 or days[day] >= A_DAY:
            refused += 1
            continue
        level += 1
        days[day] += 1
    return refused


def walked(folder: Path, database_url: str, clock: SharedClock) -> tuple[Account, int]:
    """Let all the work be done; the forecast at the middle of the first day's quota, and when it was made."""
    total, told = DAYS * A_DAY, None
    with Sharing(clock, database_url, FakeService(crm)) as platform, processes(folder, 3) as workers:
        while True:
            due = [one for one in workers if one.wakes is not None and one.wakes <= clock.micros]
            for one in due or workers:
                one.begin()
            for one in due or workers:
                found = one.end()
                one.wakes = found if isinstance(found, int) else None
            count = (folder / "arrived").read_bytes().count(b"\n")
            if told is None and count >= A_DAY // 2:
                (account,) = accounts(platform.inner.database, [leads])
                told = account, clock.micros
            wakes = [one.wakes for one in workers if one.wakes is not None]
            if not wakes and count >= total:
                break
            clock.micros = max(clock.micros + STEP, min(wakes, default=0))
        assert told is not None
        assert prove(platform.inner.database).holds
        return told


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("begin", ["2026-10-24T22:00", "2026-03-28T22:00"], ids=["25 hours", "23 hours"])
def test_three_days_of_quota(tmp_path: Path, database_url: str, begin: str) -> None:
    """Never over by the server's count, each day's quota used to 98 %, nothing lost or sent twice, foretold within 2 %."""
    (tmp_path / "clock").write_bytes(bytes(8))
    (tmp_path / "arrived").touch()
    (tmp_path / "database").write_text(database_url)
    clock = SharedClock(tmp_path / "clock")
    clock.micros = int(datetime.fromisoformat(begin).replace(tzinfo=BERLIN).timestamp()) * MICRO
    with Sharing(clock, database_url, FakeService(crm)) as platform:
        records = [Arrival(fields=Lead(id=f"L{number}")) for number in range(DAYS * A_DAY)]
        submission = platform.inner.intake.begin(leads, "test")
        for start in range(0, len(records), 500):
            platform.inner.intake.take(leads, submission, records[start : start + 500])
        while batches := platform._mover.form():
            for batch in batches:
                platform._engine.start(batch)
            platform._engine.drain()
    account, asked_at = walked(tmp_path, database_url, clock)
    clock.close()
    seen = arrived(tmp_path)
    assert len({key for _, key in seen}) == len(seen) == DAYS * A_DAY
    assert over([at for at, _ in seen]) == 0
    days = Counter(datetime.fromtimestamp(at / MICRO, UTC).astimezone(BERLIN).strftime("%F") for at, _ in seen)
    used = sorted(days.items())
    sys.stdout.write(f"used by day: {used}\n")
    assert all(count >= 0.98 * A_DAY for _, count in used[:-1])
    assert len(used) <= DAYS + 1
    gone = [at for at, _ in seen][A_DAY - 1] if used[0][1] == A_DAY else max(at for at, _ in seen[: used[0][1]])
    told = account.forecast
    assert told.gone_at is not None
    assert told.done_at is not None
    errors = {
        "gone": abs(told.gone_at - gone) / (gone - asked_at),
        "waiting": abs(told.will_wait - (len(seen) - used[0][1])) / len(seen),
        "done": abs(told.done_at - seen[-1][0]) / (seen[-1][0] - asked_at),
    }
    sys.stdout.write(f"forecast: {account.sentence} off by {errors}\n")
    assert max(errors.values()) <= 0.02, errors
