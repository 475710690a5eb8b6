"""Serves the pages: on loopback, on a free port or a given one, until it is told to stop."""

import contextlib
import logging
import signal
import threading
from collections.abc import Callable, Generator
from typing import Final, cast

import structlog
import uvicorn
from fastapi import FastAPI

from pilotage.kernel.interrupts import has_come
from pilotage.machinery.web.door import is_loopback
from pilotage.machinery.web.errors import NotLoopback, PortTaken
from pilotage.machinery.web.live import Live

_PATIENCE: Final = 3
"""Seconds that requests under way may still take when the server stops."""


class _Server(uvicorn.Server):
    """Says when it is bound, stops on an event too, and ends the live streams first: they would never end by themselves."""

    def __init__(
        self, config: uvicorn.Config, *, live: Live, announce: Callable[[str], None], stop: threading.Event
    ) -> None:
        super().__init__(config)
        self._live = live
        self._announce = announce
        self._stop = stop

    async def main_loop(self) -> None:
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        self._announce(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")
        await super().main_loop()

    async def on_tick(self, counter: int) -> bool:
        # what came before our handlers stood has nobody else who would see it
        ends = await super().on_tick(counter) or self._stop.is_set() or has_come()
        if ends:
            self._live.close()
        return ends

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """As uvicorn's own, but the signal is not raised again at the end: who called `serve` has more to put away."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {each: signal.signal(each, self.handle_exit) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)


def one_log() -> None:
    """What the web tells goes where everything is told: by itself it would print, with local values, to standard output."""
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, structlog.stdlib.render_to_log_kwargs],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def serve(
    app: FastAPI,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    announce: Callable[[str], None] = lambda _: None,
    stop: threading.Event | None = None,
) -> None:
    """Serve until `stop` is set or, in the main thread, until SIGINT or SIGTERM; port 0 takes a free one.

    `announce` is called with the address when the port is bound: who comes from then on is answered. Raises PortTaken
    (PLT-900) or NotLoopback (PLT-901).
    """
    one_log()
    if not is_loopback(host):
        raise NotLoopback(
            f"{host} can be reached by other machines, and these pages know no login yet.",
            "Leave --host out, and reach the page of another machine through a tunnel: ssh -L 8451:127.0.0.1:8451 NAME",
        )
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,  # it would write down the start token
        server_header=False,
        proxy_headers=False,
        ws="none",
        lifespan="off",
        timeout_graceful_shutdown=_PATIENCE,
    )
    server = _Server(config, live=cast("Live", app.state.live), announce=announce, stop=stop or threading.Event())
    log = logging.getLogger("uvicorn.error")
    log.addFilter(_is_no_bind_error)  # PortTaken says it
    try:
        server.run()
    except SystemExit:  # uvicorn's answer to an address that it cannot have
        raise PortTaken(
            f"Port {port} of {host} is in use, perhaps by another `pilotage serve`.",
            "End that one, or leave --port out: then a free port is taken.",
        ) from None
    finally:
        log.removeFilter(_is_no_bind_error)


def _is_no_bind_error(record: logging.LogRecord) -> bool:
    return not isinstance(record.msg, OSError)
