"""Three workers against servers that throttle and that others made: never refused, and hardly any of what is allowed left unused.

The short form takes some 40 s each. The whole one, three minutes at 600 a minute and 20 a second, on a machine that has nothing
else to do: `PILOTAGE_THROTTLED=180 ./dev test tests/acceptance/test_throttled.py -s`.
"""

import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from pilotage.cases.arrivals import Arrival
from pilotage.connections.limiting import read
from tests.acceptance.throttled_worker import FULL, Order, opened, orders

SHORT = 40
HARM = "one paused and one killed"
WHOLE = {("minute", "none"): 0.95, ("minute", HARM): 0.95, ("rate", "none"): 0.95}
"""How much of what is allowed is used in the whole form, on a machine that has nothing else to do.

What a killed worker had in hand counts as used: of a bucket of twenty that may be all, for some seconds.
"""
BUSY = {"none": 0.7, HARM: 0.3}
"""The same in the short form, on a machine that is busy with other tests."""
Counts = Callable[[], tuple[int, int]]
"""How many calls were let through, and how many were refused."""


def free_port() -> int:
    """A port that nobody listens on."""
    with closing(socket.socket()) as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])


def answers(url: str) -> bool:
    """Whether a server is there."""
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


@contextmanager
def running(words: list[str], folder: Path, url: str) -> Iterator[None]:
    """A server as a process, until the block ends."""
    with (
        (folder / "server.log").open("w") as log,
        subprocess.Popen(words, stdout=log, stderr=log, cwd=folder) as server,
    ):
        try:
            until = time.monotonic() + 30
            while not answers(url):
                assert server.poll() is None, (folder / "server.log").read_text()
                assert time.monotonic() < until, "it does not answer"
                time.sleep(0.05)
            yield
        finally:
            server.kill()


SPEC = """
openapi: "3.0.0"
info: {title: orders, version: "1"}
paths:
  /orders:
    post:
      responses:
        "200":
          description: made
          content:
            application/json:
              schema: {type: object, required: [id], properties: {id: {type: string, example: made}}}
"""
RATES = """
policies:
  account:
    strategy: STRATEGY
    scope: ip
    limits:
      - {limit: LIMIT, window_seconds: WINDOW}
      - {capacity: 20, refill_rate: 20}
    headers: {limit: X-RateLimit-Limit, remaining: X-RateLimit-Remaining, reset: X-RateLimit-Reset}
endpoints:
  /orders:
    methods: [POST]
    policy: account
    timing: {base_ms: [5, 40]}
"""


@contextmanager
def mocklimit(folder: Path, form: str) -> Iterator[tuple[str, Counts]]:
    """A mock of an API whose limits are those of real ones, with its own statistics."""
    strategy, limit, window = {"minute": ("fixed_window", 600, 60), "window": ("sliding_window", 100, 10)}[form]
    rates = RATES.replace("STRATEGY", strategy).replace("LIMIT", str(limit)).replace("WINDOW", str(window))
    (folder / "spec.yaml").write_text(SPEC)
    (folder / "rates.yaml").write_text(rates)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    program = Path(sys.executable).with_name("mocklimit")
    words = [str(program), "serve", "--spec", "spec.yaml", "--rate-config", "rates.yaml", "--port", str(port)]

    def counts() -> tuple[int, int]:
        with urllib.request.urlopen(f"{url}/mocklimit/stats", timeout=10) as answer:
            told = json.load(answer)
        found = [one for keys in _innermost(told) for one in [keys]]
        total, refused = sum(one["total_requests"] for one in found), sum(one["total_429s"] for one in found)
        return total - refused, refused

    with running([*words, "--log-level", "WARNING"], folder, f"{url}/mocklimit/stats"):
        yield url, counts


def _innermost(told: object) -> list[dict[str, int]]:
    if not isinstance(told, dict):
        return []
    if "total_requests" in told:
        return [told]
    return [one for value in told.values() for one in _innermost(value)]


class _Behind(http.server.BaseHTTPRequestHandler):
    """What stands behind the gateway: it answers whatever is let through."""

    protocol_version = "HTTP/1.1"
    seen = 0
    lock = threading.Lock()

    def do_POST(self) -> None:
        """Answer."""
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        with self.lock:
            type(self).seen += 1
        body = b'{"id": "made"}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


@contextmanager
def traefik(folder: Path, form: str) -> Iterator[tuple[str, Counts]]:
    """A real gateway: its `rateLimit` is a token bucket of 20 that gets 20 a second."""
    assert form == "rate"
    behind = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Behind", (_Behind,), {"lock": threading.Lock()}))
    handler = behind.RequestHandlerClass
    thread = threading.Thread(target=behind.serve_forever, daemon=True)
    thread.start()
    port = free_port()
    (folder / "dynamic.yaml").write_text(
        json.dumps(
            {
                "http": {
                    "routers": {"all": {"rule": "PathPrefix(`/`)", "service": "behind", "middlewares": ["few"]}},
                    "middlewares": {"few": {"rateLimit": {"average": 20, "period": "1s", "burst": 20}}},
                    "services": {
                        "behind": {"loadBalancer": {"servers": [{"url": f"http://127.0.0.1:{behind.server_port}"}]}}
                    },
                }
            }
        )
    )
    program = shutil.which("traefik") or str(Path(sys.executable).with_name("traefik"))
    words = [program, f"--entryPoints.web.address=127.0.0.1:{port}", "--providers.file.filename=dynamic.yaml"]
    words += [
        "--accesslog=true",
        "--accesslog.filepath=access.log",
        "--accesslog.format=json",
        "--global.sendAnonymousUsage=false",
    ]
    words += ["--global.checkNewVersion=false"]

    def counts() -> tuple[int, int]:
        log = folder / "access.log"
        refused = log.read_text().count('"DownstreamStatus":429') if log.exists() else 0
        return int(handler.seen), refused  # type: ignore[attr-defined]

    try:
        with running(words, folder, f"http://127.0.0.1:{port}/"):
            time.sleep(2)  # the bucket is full again
            yield f"http://127.0.0.1:{port}", counts
    finally:
        behind.shutdown()
        behind.server_close()


SERVERS = {"minute": mocklimit, "window": mocklimit, "rate": traefik}
ALLOWED = {"minute": 10.0, "window": 10.0, "rate": 20.0}
"""Calls a second in the long run."""
PERIOD = {"minute": 60, "window": 10, "rate": 1}


class Workers:
    """Three processes."""

    def __init__(self, folder: Path, form: str) -> None:
        words = [sys.executable, "-m", "tests.acceptance.throttled_worker", str(folder)]
        environment = os.environ | {"PILOTAGE_FORM": form}
        self.all = [
            subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
            for _ in range(3)
        ]

    def wait(self) -> None:
        """Until all of them work."""
        for one in self.all:
            assert one.stdout
            assert one.stdout.readline() == "ready\n"

    def end(self) -> None:
        """End them."""
        for one in self.all:
            one.send_signal(signal.SIGCONT)
            one.kill()
            one.communicate()


def prepare(folder: Path, url: str, database_url: str, count: int) -> None:
    """So many orders, taken in."""
    (folder / "url").write_text(url)
    (folder / "database").write_text(database_url)
    with closing(opened(folder)) as platform:
        submission = platform.intake.begin(orders, "test")
        records = [Arrival(fields=Order(id=f"O{number}")) for number in range(count)]
        for start in range(0, count, 500):
            platform.intake.take(orders, submission, records[start : start + 500])


def measured(counts: Counts, form: str, seconds: float, events: list[tuple[float, Callable[[], None]]]) -> float:
    """What share of what is allowed is let through, over whole periods from the first full stretch on."""
    if form == "minute":
        time.sleep(60 - time.time() % 60 + 0.2)
        seconds -= 0.7  # whole minutes, and nothing of the next
    else:
        time.sleep(PERIOD[form] + 2)  # past the burst of the beginning
    began, first = time.monotonic(), counts()[0]
    todo = sorted(events, key=lambda one: one[0])
    while (passed := time.monotonic() - began) < seconds:
        while todo and todo[0][0] <= passed:
            todo.pop(0)[1]()
        time.sleep(0.2)
    passed = time.monotonic() - began
    if form == "minute":  # whole minutes: their quota is used in their first half
        passed = 60.0 * round(passed / 60)
    return (counts()[0] - first) / (ALLOWED[form] * passed)


@pytest.mark.slow
@pytest.mark.peers
@pytest.mark.timeout(900)
@pytest.mark.parametrize("form", ["minute", "rate"] if FULL else ["window", "rate"])
@pytest.mark.parametrize("harm", ["none", HARM])
def test_nobody_is_refused_and_little_is_left(
    tmp_path: Path, database_url: str, form: str, harm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also with one worker that stands still for two windows and one that is killed."""
    monkeypatch.setenv("PILOTAGE_FORM", form)
    seconds = FULL or SHORT
    with ExitStack() as stack:
        url, counts = stack.enter_context(SERVERS[form](tmp_path, form))
        prepare(tmp_path, url, database_url, int((seconds + 90) * 20))
        workers = Workers(tmp_path, form)
        stack.callback(workers.end)
        workers.wait()
        events: list[tuple[float, Callable[[], None]]] = []
        if harm != "none":
            paused, killed = workers.all[0], workers.all[1]
            still = 2 * PERIOD[form] if form != "rate" else 10
            events = [
                (3, lambda: paused.send_signal(signal.SIGSTOP)),
                (3 + still, lambda: paused.send_signal(signal.SIGCONT)),
                (6, killed.kill),
            ]
        share = measured(counts, form, seconds, events)
        let, refused = counts()
        with closing(opened(tmp_path)) as platform, platform.database.snapshot() as tx:
            heard = read(tx, platform.database.now(tx))["api"].stored.throttled.times
        load = os.getloadavg()[0]
        sys.stdout.write(
            f"{form}, {harm}: {share:.1%} of what is allowed, {let} let through, {refused} refused, load {load}\n"
        )
    assert (refused, heard) == (0, 0)
    assert share >= (WHOLE.get((form, harm), 0.5) if FULL else BUSY[harm])
