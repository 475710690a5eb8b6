"""The Today page: healthy? waiting for me? Where is everything? It has four slots, which any subject may fill."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from pilotage.cases.values_today import Places
from pilotage.machinery.web import wording
from pilotage.machinery.web.values import Page, Panel, Visit
from pilotage.operations.health import assess, needs
from pilotage.operations.values import Condition, Need, Urgency


@dataclass(frozen=True, kw_only=True)
class TodayContext:
    """The page around the panels."""

    day: str
    """The date."""


@dataclass(frozen=True, kw_only=True)
class HealthContext:
    """Whether all is well."""

    condition: str
    """The kind of the mark: empty, well, attention, held or broken."""
    title: str
    """In a few words."""
    sentence: str
    """In a sentence, with the numbers that matter."""
    begin: bool
    """Nothing has come in yet: say how to begin."""


@dataclass(frozen=True, kw_only=True)
class AttentionContext:
    """What needs somebody."""

    troubles: tuple[Need, ...]
    """What is not as it should be, the gravest first."""
    work: tuple[Need, ...]
    """What is there for people to settle."""


def today_page() -> Page[object]:
    """The page without its panels."""
    return Page(
        name="today",
        title="Today",
        path="/",
        context=TodayContext,
        load=_today,
        template="operations/today.html",
        slots=("health", "attention", "places", "flow"),
        live=("day",),
        icon="activity",
        order=10,
    )


def _nothing() -> Sequence[Need]:
    return ()


def today_panels(
    read: Callable[[], Places], more: Callable[[], Sequence[Need]] = _nothing
) -> tuple[Panel[object], ...]:
    """The panels of operations on it; `read`, and `more` for what other subjects need, are called once for each visit."""
    return (
        Panel(
            name="health",
            page="today",
            slot="health",
            title="Is all well?",
            context=HealthContext,
            load=partial(_health, read, more),
            template="operations/health.html",
            look="plain",
        ),
        Panel(
            name="attention",
            page="today",
            slot="attention",
            title="What needs somebody",
            context=AttentionContext,
            load=partial(_attention, read, more),
            template="operations/attention.html",
        ),
    )


def _today(visit: Visit) -> TodayContext:
    return TodayContext(day=wording.day(visit.now))


def _health(read: Callable[[], Places], more: Callable[[], Sequence[Need]], visit: Visit) -> HealthContext:
    health = assess(visit.once(read), visit.once(more))
    return HealthContext(
        condition=health.condition.value,
        title=health.title,
        sentence=health.sentence,
        begin=health.condition is Condition.EMPTY,
    )


def _attention(read: Callable[[], Places], more: Callable[[], Sequence[Need]], visit: Visit) -> AttentionContext:
    found = (*visit.once(more), *needs(visit.once(read)))
    return AttentionContext(
        troubles=tuple(need for need in found if need.urgency is Urgency.TROUBLE),
        work=tuple(need for need in found if need.urgency is Urgency.WORK),
    )
