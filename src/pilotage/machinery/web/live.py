"""Live updates: one stream for each open page, which sends the parts that have changed.

The server asks its own queries once a second and sends a part only when its text differs from what this stream sent last.
At the start of a stream everything is sent once, because what the browser shows may be older; the browser then changes
only what differs. Every few seconds a `beat` says that the stream is alive, so that a page that is no longer live can say so.
"""

import threading
from collections.abc import AsyncIterator, Mapping
from typing import Final

import anyio
from fastapi.sse import ServerSentEvent
from starlette.concurrency import run_in_threadpool

from pilotage.kernel.clock import Clock
from pilotage.machinery.web import wording
from pilotage.machinery.web.rendering import Renderer
from pilotage.machinery.web.values import Page, Visit

_BEAT_EVERY: Final = 5
"""In rounds."""


class Live:
    """The streams of a platform's pages."""

    def __init__(self, renderer: Renderer, clock: Clock, *, every: float = 1.0) -> None:
        self._renderer = renderer
        self._clock = clock
        self._every = every
        self._closing = threading.Event()

    def close(self) -> None:
        """End all streams at their next round; the server can then stop at once."""
        self._closing.set()

    async def stream(self, page: Page[object], query: Mapping[str, str]) -> AsyncIterator[ServerSentEvent]:
        """The stream of one open page."""
        sent: dict[str, str] = {}
        rounds = 0
        while not self._closing.is_set():
            visit = Visit(path=page.path, query=query, now=self._clock.now())
            parts = await run_in_threadpool(self._renderer.fragments, page, visit)
            changed = {name: text for name, text in parts.items() if sent.get(name) != text}
            sent = parts
            if changed:
                yield ServerSentEvent(raw_data=as_partials(changed))
            if changed or rounds % _BEAT_EVERY == 0:
                yield ServerSentEvent(event="beat", raw_data=wording.clock(visit.now))
            rounds += 1
            await anyio.sleep(self._every)


def as_partials(parts: Mapping[str, str]) -> str:
    """Parts as one message for htmx: each morphs the element of its id, so focus and what is unfolded stay."""
    return "".join(
        f'<hx-partial hx-target="#{name}" hx-swap="outerMorph">{text}</hx-partial>' for name, text in parts.items()
    )
