"""Live updates: what changed is sent, what did not is not, and the end of the server ends the streams."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from fastapi.sse import ServerSentEvent
from structlog.typing import EventDict
from tests.web.conftest import Shown

from pilotage.cases.values_today import Places
from pilotage.machinery.web.live import Live
from pilotage.machinery.web.values import Visit


@dataclass
class Stream:
    """A stream that a test reads event by event."""

    live: Live
    shown: Shown

    async def read(self, *changes: Places | Exception) -> list[list[ServerSentEvent]]:
        """The events at the start, and after each change of the places."""
        page = self.shown.pages[0]
        events = self.live.stream(page, {})
        rounds: list[list[ServerSentEvent]] = [await self._until_beat(events)]
        for places in changes:
            self.shown.places = places
            rounds.append(await self._until_beat(events))
        return rounds

    async def _until_beat(self, events: AsyncIterator[ServerSentEvent]) -> list[ServerSentEvent]:
        found: list[ServerSentEvent] = []
        async for event in events:
            found.append(event)
            if event.event == "beat":
                break
        return found


def stream_of(shown: Shown) -> Stream:
    """A stream of the Today page that does not wait between its rounds."""
    return Stream(Live(shown.renderer(), shown.settings.clock, every=0), shown)


def test_a_stream_begins_with_everything(shown: Shown) -> None:
    """What the browser shows may be older than the stream, so all parts are sent once, as morphing partials."""
    first = asyncio.run(stream_of(shown).read())[0]
    sent = first[0].raw_data or ""
    for name in ("panel-health", "panel-attention", "panel-places", "panel-flow", "panel-effects", "live-day"):
        assert f'<hx-partial hx-target="#{name}" hx-swap="outerMorph">' in sent
    assert first[0].event is None, "htmx swaps unnamed messages alone"


def test_only_what_differs_is_sent(shown: Shown, samples: dict[str, Places]) -> None:
    """When only a hold's reason changes, only the panel that shows it is sent again."""
    shown.places = samples["trouble"]
    other = replace(
        samples["trouble"], holds=(replace(samples["trouble"].holds[0], reason="It answers with nonsense"),)
    )
    rounds = asyncio.run(stream_of(shown).read(other))
    sent = rounds[1][0].raw_data or ""
    assert "It answers with nonsense" in sent
    assert sent.count("<hx-partial") == 1


def test_nothing_but_a_beat_is_sent_when_nothing_changes(shown: Shown, samples: dict[str, Places]) -> None:
    """A quiet platform costs a line every few seconds."""
    shown.places = samples["healthy"]
    rounds = asyncio.run(stream_of(shown).read(samples["healthy"]))
    assert [event.event for event in rounds[1]] == ["beat"]
    assert rounds[1][0].raw_data == "14:24:11 UTC"


def test_a_part_that_fails_says_so_and_the_stream_goes_on(shown: Shown, samples: dict[str, Places]) -> None:
    """When the query fails for a while, the page says that it is not known, and then shows the figures again."""
    rounds = asyncio.run(stream_of(shown).read(ConnectionError("gone"), samples["healthy"]))
    assert "Not known" in (rounds[1][0].raw_data or "")
    assert "All is well" in (rounds[2][0].raw_data or "")


def test_a_failure_that_lasts_is_sent_and_logged_once(shown: Shown, logged: list[EventDict]) -> None:
    """The reference stays the same as long as the cause does, so a lasting failure is no stream of changes."""
    shown.places = ConnectionError("gone")
    page, renderer = shown.pages[0], shown.renderer()
    texts = [renderer.fragments(page, Visit(path="/", query={}, now=shown.settings.clock.now())) for _ in range(3)]
    assert texts[0] == texts[1] == texts[2]
    assert [entry["event"] for entry in logged] == ["panel.failed"]


def test_a_stream_ends_when_the_server_does(shown: Shown) -> None:
    """A stream that would never end by itself does not hold up the end of the server."""

    async def count() -> int:
        stream = stream_of(shown)
        stream.live.close()
        return len([event async for event in stream.live.stream(shown.pages[0], {})])

    assert asyncio.run(asyncio.wait_for(count(), timeout=5)) == 0


def test_hostile_text_cannot_leave_its_partial(shown: Shown, samples: dict[str, Places]) -> None:
    """A reason that closes the partial's tag is text in it."""
    shown.places = samples["hostile"]
    sent = asyncio.run(stream_of(shown).read())[0][0].raw_data or ""
    assert sent.count("</hx-partial>") == sent.count("<hx-partial ")
    assert "<script" not in sent
