"""How long ten cases of a small one wait, with and without a flood of a large one beside them, in one worker."""

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import sqlalchemy as sa
from pydantic import BaseModel

import pilotage as pl
from benchmarks import work

EACH = 0.02
"""Seconds that a case of the flood takes in its step."""
SLOW = 0.5
"""Seconds that a call of the slow connection takes."""
SMALL = 10
_operations = pl.Role("operations")


class Done(BaseModel):
    """What a step gave."""

    words: int


@pl.compute
def slowly(request: work.Request) -> Done:
    """Hold a thread for a while."""
    time.sleep(EACH)
    return Done(words=len(request.text))


@pl.compute
def quickly(request: work.Request) -> Done:
    """Take no time."""
    return Done(words=len(request.text))


slow_side = pl.Connection("slow-side", base_url=pl.Setting("slow-url"))
quick_side = pl.Connection("quick-side", base_url=pl.Setting("quick-url"))


@pl.act(through=slow_side, undo=pl.CannotUndo("a benchmark"))
async def tell_slow(request: work.Request) -> Done:
    """Make a slow call."""
    return await slow_side.post("/slow", json={"id": request.id}, expect=Done)


@pl.act(through=quick_side, undo=pl.CannotUndo("a benchmark"))
async def tell_quick(request: work.Request) -> Done:
    """Make a quick call."""
    return await quick_side.post("/quick", json={"id": request.id}, expect=Done)


def _automation(name: str, step: object) -> pl.Automation:
    return pl.Automation(
        name, purpose="Shares.", takes=work.Request, gives=Done, key=lambda request: request.id, owner=_operations,
        process=pl.Path(step), segments={"product": lambda request: request.product},
    )  # fmt: skip


def measure(url: str, kind: str, flood: int) -> dict[str, float]:
    """Seconds from the submission of ten small ones until the last of them is done, the flood having been there first."""
    from benchmarks.ours.platform import platform
    from pilotage.cases.arrivals import Arrival

    large, small = {
        "automation": (_automation("large", slowly), _automation("small", quickly)),
        "segment": (_automation("large", slowly),) * 2,
        "connection": (_automation("large", tell_slow), _automation("small", tell_quick)),
    }[kind]
    with _desk() as desk:
        settings = {"slow-url": desk, "quick-url": desk}
        with platform(url, list({one.name: one for one in (large, small)}.values()), settings) as made:
            records = [{**one, "product": "large"} for one in work.records(flood)]
            begun = made.intake.begin(large, "bench")
            for block in work.chunks(records, 500):
                made.intake.take(large, begun, [Arrival(fields=one) for one in block])
            with made.working():
                if flood:
                    _until(made, "large", at_least=1, begun=True)
                    time.sleep(2)  # the worker is in the middle of it
                mine = [{**one, "id": f"S{one['id']}", "product": "small"} for one in work.records(SMALL)]
                submission = made.intake.begin(small, "bench")
                started = time.perf_counter()
                made.intake.take(small, submission, [Arrival(fields=one) for one in mine])
                _until(made, "small", at_least=SMALL)
                seconds = time.perf_counter() - started
                left = flood - _done(made, "large")
    assert not flood or left > 0, "the flood had ended: nothing was measured"
    return {"seconds": seconds, "left_of_the_flood": left}


_DONE = sa.text("SELECT count(*) FROM cases WHERE place = 'done' AND segments = :segment")
_BEGUN = sa.text("SELECT count(*) FROM cases WHERE place <> 'ready' AND segments = :segment")


def _done(made, product: str, *, begun: bool = False) -> int:  # noqa: ANN001 - imported only where it is measured
    with made.database.snapshot() as tx:
        return tx.execute(_BEGUN if begun else _DONE, {"segment": f"|product={product}|"}).scalar_one()


def _until(made, product: str, *, at_least: int, begun: bool = False, within: float = 300) -> None:  # noqa: ANN001
    ends = time.monotonic() + within
    while _done(made, product, begun=begun) < at_least:
        if time.monotonic() > ends:
            raise TimeoutError(f"{product} was not done within {within} s")
        time.sleep(0.005)


@contextmanager
def _desk() -> Generator[str]:
    """The other side of both connections."""

    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            if self.path == "/slow":
                time.sleep(SLOW)
            body = b'{"words": 1}'
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
