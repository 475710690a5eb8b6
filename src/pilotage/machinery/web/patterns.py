"""The patterns page: every part that pages are made of, in every state, and what each page and panel documents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from pilotage.machinery.web.charts import Mirrored, Pair, Share, mirrored, shares
from pilotage.machinery.web.contexts import documented
from pilotage.machinery.web.values import Page, Panel, Visit

MARKS: Final = ("well", "empty", "passing", "attention", "held", "broken", "unknown")
"""The kinds of mark: a shape of its own for each, beside a word, so that no colour has to be seen."""

_HOSTILE: Final = '<script>alert("no")</script> & <img src=x onerror=alert(1)>'
_LONG: Final = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"


@dataclass(frozen=True, kw_only=True)
class Documented:
    """A page or panel and what its context says."""

    kind: str
    name: str
    template: str
    slots: tuple[str, ...]
    fields: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class PatternsContext:
    """What the patterns page shows."""

    marks: tuple[str, ...]
    """Every kind of mark."""
    hostile: str
    """A text that would do harm if it were not escaped."""
    long: str
    """A word that is wider than a phone."""
    numbers: tuple[int, ...]
    """Numbers from nothing to very many."""
    ages: tuple[timedelta, ...]
    """Lengths of time from a second to a year."""
    moment: datetime
    """A time, as pages write it."""
    charts: Mapping[str, Mirrored]
    """Name of a state -> mirrored bars in that state."""
    bars: Mapping[str, tuple[Share, ...]]
    """Name of a state -> a bar of shares in that state."""
    documents: tuple[Documented, ...]
    """The pages and panels of this platform with the fields of their contexts."""


def patterns_page(pages: Sequence[Page[object]], panels: Sequence[Panel[object]]) -> Page[PatternsContext]:
    """The page, for a platform with these pages and panels."""

    def load(visit: Visit) -> PatternsContext:
        return PatternsContext(
            marks=MARKS,
            hostile=_HOSTILE,
            long=_LONG,
            numbers=(0, 1, 318, 2_000, 1_234_567_890),
            ages=tuple(
                timedelta(**length)
                for length in (
                    {"seconds": 1},
                    {"minutes": 1},
                    {"minutes": 22},
                    {"hours": 3},
                    {"days": 5},
                    {"days": 365},
                )
            ),
            moment=visit.now.astimezone(UTC),
            charts=_charts(),
            bars=_bars(),
            documents=_documents(pages, panels),
        )

    return Page(
        name="patterns",
        title="Patterns",
        path="/patterns",
        context=PatternsContext,
        load=load,
        template="web/patterns.html",
        navigation="foot",
    )


def _documents(pages: Sequence[Page[object]], panels: Sequence[Panel[object]]) -> tuple[Documented, ...]:
    return tuple(
        [
            Documented(
                kind="page",
                name=page.name,
                template=page.template,
                slots=page.slots,
                fields=documented(page.context),
            )
            for page in pages
        ]
        + [
            Documented(
                kind=f"panel of {panel.page}, slot {panel.slot}",
                name=panel.name,
                template=panel.template,
                slots=(),
                fields=documented(panel.context),
            )
            for panel in panels
        ]
    )


def _charts() -> Mapping[str, Mirrored]:
    wave = [(7 * index) % 23 + (index % 5) * 4 for index in range(60)]
    return {
        "nothing": mirrored([_pair(index, 0, 0) for index in range(60)]),
        "a single one": mirrored([_pair(index, int(index == 31), 0) for index in range(60)]),
        "a busy hour": mirrored([_pair(index, up, wave[index - 3]) for index, up in enumerate(wave)]),
        "very many": mirrored([_pair(index, up * 91_000, up * 87_000) for index, up in enumerate(wave)]),
    }


def _pair(index: int, up: int, down: int) -> Pair:
    return Pair(label=f"09:{index:02}", up=up, down=down)


def _bars() -> Mapping[str, tuple[Share, ...]]:
    kinds = ("way", "people", "ended")
    return {
        "nothing": shares(list(zip(kinds, (0, 0, 0), strict=True))),
        "a few of each": shares(list(zip(kinds, (38, 312, 1_650), strict=True))),
        "one among a million": shares(list(zip(kinds, (1, 1, 1_000_000), strict=True))),
    }
