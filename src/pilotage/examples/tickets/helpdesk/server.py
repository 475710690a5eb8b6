"""Run a help desk: here and now, in a thread of this process, or as a process of its own."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from asyncio import BaseTransport
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from pilotage.examples.tickets.helpdesk.application import Face
from pilotage.examples.tickets.helpdesk.desk import Desk
from pilotage.examples.tickets.helpdesk.faults import Fault
from pilotage.examples.tickets.helpdesk.setup import Running, Setup
from pilotage.kernel.clock import Clock, SystemClock

TOKEN_VARIABLE = "HELPDESK_TOKEN"  # noqa: S105 - the name of a variable
ADMIN_TOKEN_VARIABLE = "HELPDESK_ADMIN_TOKEN"  # noqa: S105 - as above
Stop = Callable[[], None]


class _Cuttable(AutoHTTPProtocol):  # pyright: ignore[reportUntypedBaseClass] - one of two classes, by what is installed
    """uvicorn's HTTP, with the connection within reach of the application, so that it can be cut."""

    app_state: dict[str, object]

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


def serve(setup: Setup, *, ready: Callable[[Running, Stop], None], clock: Clock | None = None) -> None:
    """Run a help desk until it is stopped. Once it answers, `ready` learns where it is and how to stop it."""
    asyncio.run(_serve(setup, ready, clock or SystemClock()))


async def _serve(setup: Setup, ready: Callable[[Running, Stop], None], clock: Clock) -> None:
    desk = Desk(setup.log, quota=setup.quota, detect_duplicates=setup.detect_duplicates)
    server = uvicorn.Server(
        uvicorn.Config(
            Face(setup, desk, clock).application(),
            http=_Cuttable,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_keep_alive=60,
            timeout_graceful_shutdown=1,
        )
    )

    def stop() -> None:
        server.should_exit = True

    try:
        with _listening(setup.port) as listening:
            serving = asyncio.create_task(server.serve(sockets=[listening]))
            while not (server.started or serving.done()):  # noqa: ASYNC110 - uvicorn sets a flag, not an event
                await asyncio.sleep(0.005)
            ready(
                Running(
                    url=f"http://127.0.0.1:{listening.getsockname()[1]}",
                    token=setup.token,
                    admin_token=setup.admin_token,
                    log=setup.log,
                    pid=os.getpid(),
                ),
                stop,
            )
            await serving
    finally:
        desk.close()


def _listening(port: int) -> socket.socket:
    # Named TCP, because only then asyncio sends small answers at once; without it each waits for 40 milliseconds.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    return listening


@contextmanager
def in_thread(setup: Setup, *, clock: Clock | None = None) -> Generator[Running]:
    """A help desk in a thread of this process, for tests."""
    found: Future[tuple[Running, Stop]] = Future()

    def run() -> None:
        try:
            serve(setup, ready=lambda running, stop: found.set_result((running, stop)), clock=clock)
        except BaseException as error:  # whatever it is, it belongs to the one who waits
            if found.done():
                raise
            found.set_exception(error)

    thread = Thread(target=run, name="helpdesk")
    thread.start()
    running, stop = found.result()
    try:
        yield running
    finally:
        stop()
        thread.join()


@contextmanager
def as_process(setup: Setup) -> Generator[Running]:
    """A help desk as a process of its own. It ends with the block, and with this process, however that ends."""
    environment = os.environ | {
        TOKEN_VARIABLE: setup.token,
        ADMIN_TOKEN_VARIABLE: setup.admin_token,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),  # it finds what this process finds, installed or not
    }
    command = [sys.executable, "-m", "pilotage.examples.tickets.helpdesk", *_arguments(setup)]
    with subprocess.Popen(  # noqa: S603 - our own; in a session of its own, so that Ctrl-C ends it by way of us alone
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdin
        assert process.stdout
        try:
            line = process.stdout.readline()
            if not line:
                raise ChildProcessError(f"the help desk ended with {process.wait()} before it answered")
            said: dict[str, str] = json.loads(line)
            yield Running(
                url=said["url"],
                token=setup.token,
                admin_token=setup.admin_token,
                log=Path(said["log"]),
                pid=process.pid,
            )
        finally:
            process.stdin.close()


def _arguments(setup: Setup) -> list[str]:
    quota = setup.quota
    arguments = ["--port", str(setup.port), "--log", str(setup.log), "--zone", quota.zone, "--end-with-stdin"]
    arguments += ["--per-second", str(quota.per_second)] if quota.per_second is not None else []
    arguments += ["--per-day", str(quota.per_day)] if quota.per_day is not None else []
    arguments += [] if setup.detect_duplicates else ["--forget-keys"]
    for fault in setup.faults:
        arguments += ["--fault", _text(fault)]
    return arguments


def _text(fault: Fault) -> str:
    options = {"share": fault.share, "count": fault.count, "seconds": fault.seconds, "delay": fault.delay}
    given = ",".join(f"{name}={value}" for name, value in options.items() if value is not None)
    return f"{fault.kind.value}:{given}"
