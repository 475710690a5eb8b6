"""How the other side of every connection does, in the words in which people are told: for `status`, the page and programs."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from pilotage.authoring.automation import Automation
from pilotage.cases.store import standing as counts
from pilotage.connections.breaker import SLOT, USUAL, WARM, WINDOW, Terms
from pilotage.connections.checked import Checked
from pilotage.connections.counting import SECOND
from pilotage.connections.limiting import read
from pilotage.connections.standing import Standing
from pilotage.connections.stored import spelled_terms, terms_of
from pilotage.connections.values import Heard
from pilotage.connections.wording import terms_in_words
from pilotage.kernel.clock import from_micros
from pilotage.machinery.cli.times import age
from pilotage.machinery.storage.database import Database
from pilotage.machinery.web import wording
from pilotage.operations.values import Condition, Need, Urgency

LONG: Final = timedelta(minutes=5)
"""A connection that has been left alone for longer needs somebody."""
_RECENT: Final = 3600 * SECOND
WORKS: Final = "answers"
NEVER: Final = "not called yet"
HELD_UP: Final = "cannot be called from here"


@dataclass(frozen=True, kw_only=True, slots=True)
class OtherSide:
    """One connection, at a moment."""

    name: str
    state: str
    """"answers", "down", "answers differently", "throttled", "refused us", "cannot be called from here" or "not called yet"."""
    now: int
    since: int | None
    """Since when it has been so, where it is not well; for "refused us" when that was last said."""
    began: int | None
    """The same, with what it was before that and was not well either."""
    said: str
    """What it said last, of that kind; where it cannot be called from here, why not, and what to do."""
    next_call: int | None
    """When it is called again, where it is left alone."""
    waiting: int
    oldest: timedelta | None
    """How long the oldest of what waits has waited."""
    heard: Mapping[str, int]
    """What came of the calls of the last 24 hours."""
    repeats_left: int | None = None
    """How many second and later attempts may go now, of any kind; None: as many as there are."""
    repeats_share: int | None = None
    """How many of the last two minutes' calls may be such attempts, where they are held back."""
    held_back: int = 0
    """How many of them had to wait in the last 24 hours."""
    opens: str = ""
    """When its breaker opens, in words: as any release that runs declares it."""
    differing: Mapping[str, str] = field(default_factory=dict[str, str])
    """The same by release, where they do not declare the same."""
    hours: Mapping[int, Mapping[str, int]] = field(default_factory=dict[int, Mapping[str, int]])
    """The same for each hour in which it was called: when the hour began, in microseconds since 1970."""
    note: str = ""
    """That it gets its work back gently, or that some of its calls fail, where it is so."""
    checks: Mapping[str, Checked] = field(default_factory=dict[str, Checked])
    """What came of its contract checks last, by what they ask."""

    @property
    def well(self) -> bool:
        """Whether nothing has to be said of it."""
        return self.state in {WORKS, NEVER}

    @property
    def repeats(self) -> str | None:
        """What has to be said of second and later attempts, in a sentence; None where there is nothing."""
        held = f"{wording.counted(self.held_back, 'time')} in 24 hours" if self.held_back else None
        if self.repeats_left is None:
            return None if held is None else f"Repeats go as they come; one was held back {held}."
        words = (
            f"A part of its calls fails: of {self.repeats_share} repeats in two minutes {self.repeats_left} may go now"
        )
        return f"{words}." if held is None else f"{words}; one was held back {held}."

    @property
    def lasts(self) -> timedelta:
        """How long it has not been well."""
        return timedelta() if self.began is None else timedelta(microseconds=max(0, self.now - self.began))

    @property
    def in_a_title(self) -> str:
        """The same as a part of a title: "helpdesk is down since 14:02, 12 cases wait"."""
        since = "" if self.since is None else f" since {_clock(self.since, self.now)}"
        verb = "is " if self.state in {Heard.DOWN.value, Heard.THROTTLED.value} else ""
        waits = f", {wording.counted(self.waiting, 'case waits', 'cases wait')}" if self.waiting else ""
        return f"{self.name} {verb}{self.state}{since}{waits}"

    @property
    def sentence(self) -> str:
        """The whole of it in a line: "helpdesk: down since 14:02, 318 cases waiting, oldest 22 min"."""
        words = f"{self.name}: {self.state}"
        if self.since is not None and not self.well:
            words += f" {'at' if self.state == Heard.REFUSED else 'since'} {_clock(self.since, self.now)}"
        if self.waiting:
            words += f", {wording.counted(self.waiting, 'case')} waiting"
            if self.oldest is not None:
                words += f", oldest {age(self.oldest // timedelta(microseconds=1))}"
        return words


def other_sides(database: Database, automations: Iterable[Automation]) -> list[OtherSide]:
    """Every connection that is declared here, or that was ever called."""
    declared: dict[str, set[str]] = {}
    terms: dict[str, list[Terms]] = {}
    for connection in (one for automation in automations for one in automation.connections):
        declared.setdefault(connection.name, set()).update(check.asks for check in connection.checks)
        terms.setdefault(connection.name, []).append(terms_of(spelled_terms(connection.breaker)))
    with database.snapshot() as tx:
        now = database.now(tx)
        standings = read(tx, now, own_terms=terms, beat=database.beat())
        waiting = counts.waiting_at(tx)
        held_up: dict[str, list[str]] = {}
        for one in counts.held_up(tx):
            held_up.setdefault(one.connection, []).append(one.words)
    return [
        _held_up(
            _other_side(name, standings.get(name), now, declared.get(name, set()), *waiting.get(name, (0, None))),
            held_up.get(name, ()),
        )
        for name in sorted(declared.keys() | standings.keys() | waiting.keys())
    ]


def _other_side(
    name: str, standing: Standing | None, now: int, checks: Collection[str], waiting: int, oldest: int | None
) -> OtherSide:
    heard: Counter[str] = Counter()
    for hour in standing.stored.heard.values() if standing is not None else ():
        heard.update(hour)
    state, since, next_call = (NEVER, None, None) if standing is None else _state(standing, heard)
    away = standing is not None and not standing.stored.breaker.closed
    began = standing.dated(standing.stored.breaker.since) if standing is not None and away else since
    said = None if standing is None else standing.stored.said.get(state)
    return OtherSide(
        name=name,
        state=state,
        now=now,
        since=since,
        began=began,
        said=said.words if said is not None else "",
        next_call=next_call,
        waiting=waiting,
        oldest=None if oldest is None else timedelta(microseconds=max(0, now - oldest)),
        heard=dict(heard),
        repeats_left=None if standing is None else standing.repeats(),
        repeats_share=None if standing is None else standing.stored.breaker.share_of_repeats(standing.now),
        held_back=0 if standing is None else sum(standing.stored.held_back.values()),
        hours={} if standing is None else _hours(standing),
        note="" if standing is None else _note(standing, waiting),
        opens=_opens(USUAL if standing is None else standing.terms),
        differing={}
        if standing is None
        else {by: terms_in_words(one) for by, one in sorted(standing.differing_terms().items())},
        checks={
            asks: Checked() if standing is None else standing.stored.checked.get(asks, Checked()) for asks in checks
        },
    )


def _opens(terms: Sequence[Terms]) -> str:
    return "; or where ".join(terms_in_words(one) for one in terms)


def _hours(standing: Standing) -> Mapping[int, Mapping[str, int]]:
    hour = 3600 * SECOND
    return {standing.dated(at * hour) // hour * hour: dict(counts) for at, counts in standing.stored.heard.items()}


def _note(standing: Standing, waiting: int) -> str:
    """What has to be said beside its state."""
    breaker = standing.stored.breaker
    if not breaker.closed:
        before = breaker.turned > breaker.since
        since = _clock(standing.dated(breaker.since), standing.dated(standing.now))
        return f"It has not answered as agreed since {since}." if before else ""
    if breaker.warm < WARM and waiting:
        return "It answers again and drains: what waits goes out, a few at first, then as fast as the limits allow."
    recent = [slot for at, slot in breaker.slots.items() if at > (standing.now - WINDOW) // SLOT]
    failed, answered = sum(slot.failed for slot in recent), sum(slot.answered for slot in recent)
    if not failed:
        return ""
    return f"{failed:,} of its last {wording.counted(failed + answered, 'call')} failed, within two minutes."


def _held_up(side: OtherSide, why: Sequence[str]) -> OtherSide:
    """The same; where our own side is why its effects wait, that is what has to be said of it."""
    if not why:
        return side
    return replace(side, state=HELD_UP, since=None, began=None, next_call=None, said=" ".join(why))


def _state(standing: Standing, heard: Mapping[str, int]) -> tuple[str, int | None, int | None]:
    """The word for it, since when, and when it is called again."""
    breaker, said = standing.stored.breaker, standing.stored.said
    if not breaker.closed:
        return (
            (breaker.why or Heard.DOWN).value,
            standing.dated(breaker.turned or breaker.since),
            standing.dated(standing.left_alone_until),
        )
    if standing.closed:
        throttled = said.get(Heard.THROTTLED.value)
        return (
            Heard.THROTTLED.value,
            standing.dated(throttled.at) if throttled else None,
            standing.dated(standing.opens()),
        )
    refused = said.get(Heard.REFUSED.value)
    if refused is not None and refused.at > standing.now - _RECENT and _mostly_refused(standing):
        return Heard.REFUSED.value, standing.dated(refused.at), None
    return (WORKS if heard else NEVER), None, None


def _mostly_refused(standing: Standing) -> bool:
    last: Counter[str] = Counter()
    for hour in sorted(standing.stored.heard)[-2:]:
        last.update(standing.stored.heard[hour])
    return last[Heard.REFUSED.value] * 2 >= last.total()


def _clock(at: int, now: int) -> str:
    moment, today = from_micros(at), from_micros(now)
    return f"{moment:%H:%M}" if moment.date() == today.date() else f"{moment:%Y-%m-%d %H:%M}"


def needs(found: Sequence[OtherSide]) -> list[Need]:
    """Connections that somebody must look after: left alone for long, refusing most of what is asked, or held up by us."""
    return [
        Need(
            condition=Condition.ATTENTION,
            urgency=Urgency.TROUBLE,
            title=one.sentence,
            why=f"{one.said} {_what_to_do(one)}".strip(),
            command=f"pilotage connections {one.name}",
        )
        for one in found
        if _needs_somebody(one)
    ] + [
        Need(
            condition=Condition.ATTENTION,
            urgency=Urgency.TROUBLE,
            title=check_in_words(one, asks),
            why=f"{check.words} Its contract check found it; `pilotage connections check {one.name}` asks again.".strip(),
            command=f"pilotage connections check {one.name}",
        )
        for one in found
        for asks, check in sorted(one.checks.items())
        if check.result is not None and check.result.broken and not _needs_somebody(one)
    ]


def passing(found: Sequence[OtherSide]) -> list[Need]:
    """Connections that are left alone and nobody need look after yet: they are called again by themselves."""
    return [
        Need(
            condition=Condition.PASSING,
            urgency=Urgency.PASSING,
            title=one.in_a_title,
            why="It is called again by itself; what waits goes out when it answers.",
            command=f"pilotage connections {one.name}",
        )
        for one in found
        if one.state in {Heard.DOWN.value, Heard.DIFFERS.value} and not _needs_somebody(one)
    ]


def check_in_words(one: OtherSide, asks: str) -> str:
    """A contract check in a line: "helpdesk: GET /assignments answers differently since 14:02"."""
    check = one.checks[asks]
    if check.result is None:
        return f"{one.name}: {asks} was not checked yet"
    if check.result.broken:
        return f"{one.name}: {asks} {check.result.value} since {_clock(check.since, one.now)}"
    return f"{one.name}: {asks} {check.result.value}, checked at {_clock(check.at, one.now)}"


def _needs_somebody(one: OtherSide) -> bool:
    if one.state in {Heard.DOWN.value, Heard.DIFFERS.value}:
        return one.lasts >= LONG
    return one.state in {Heard.REFUSED.value, HELD_UP}


def _what_to_do(one: OtherSide) -> str:
    match one.state:
        case Heard.DOWN.value:
            return "It is called again by itself; what waits goes out when it answers."
        case Heard.DIFFERS.value:
            return "It answers, but not as agreed. Compare its answers with the contract named in expect=."
        case value if value == HELD_UP:
            return ""
        case _:
            return "It answers, and does not do what is asked. Look at the credential and at what it says."


def as_data(one: OtherSide) -> Mapping[str, object]:
    """The same for a program."""
    return {
        "connection": one.name,
        "state": one.state,
        "since": None if one.since is None else from_micros(one.since).isoformat(),
        "said": one.said,
        "next_call": None if one.next_call is None else from_micros(one.next_call).isoformat(),
        "waiting": one.waiting,
        "oldest_seconds": None if one.oldest is None else round(one.oldest.total_seconds()),
        "last_24_hours": dict(one.heard),
        "repeats_left": one.repeats_left,
        "repeats_share": one.repeats_share,
        "repeats_held_back_24_hours": one.held_back,
        "by_hour": {from_micros(at).isoformat(): dict(counts) for at, counts in sorted(one.hours.items())},
        "note": one.note,
        "breaker_opens": one.opens,
        "breaker_declared": dict(one.differing),
        "sentence": one.sentence,
        "checks": [
            {
                "asks": asks,
                "result": None if check.result is None else check.result.value,
                "at": from_micros(check.at).isoformat() if check.at else None,
                "since": from_micros(check.since).isoformat() if check.since else None,
                "said": check.words,
            }
            for asks, check in sorted(one.checks.items())
        ],
    }
