"""Whether all is well: judged from the places of one moment. Pure."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

from pilotage.cases.values import EffectState, Place
from pilotage.cases.values_today import Counted, HoldOn, Places
from pilotage.machinery.web import wording
from pilotage.operations.values import Condition, Health, Need, Urgency

READY_TOO_LONG: Final = timedelta(minutes=2)
"""Ready cases are taken within seconds; when none moves and one has been ready for longer, no worker takes them."""
MOVING_TOO_LONG: Final = timedelta(minutes=10)
"""A batch that has run for longer hangs, or waits for something that it should have said."""

_TITLES: Final = {
    Condition.EMPTY: "Nothing has come in yet",
    Condition.WELL: "All is well",
    Condition.ATTENTION: "Something needs attention",
    Condition.HELD: "Held: nothing new goes out",
    Condition.BROKEN: "The numbers do not add up",
}
_ORDER: Final = tuple(Condition)
_LONG: Final = timedelta(minutes=2)
"""A queue that drains sooner needs no word about it."""
_MUCH: Final = 0.2
_MANY: Final = 5
"""One in five in quarantine, and no less than five: whoever sends them has changed something."""
_MOST_SAID: Final = 3
"""Things of a kind that the sentence names; the page lists all."""


def assess(places: Places, more: Sequence[Need] = ()) -> Health:
    """How the platform is doing, by the gravest thing that needs somebody; `more` is what other subjects say does."""
    troubles = [need for need in (*more, *needs(places)) if need.urgency is Urgency.TROUBLE]
    if troubles:
        condition = max((need.condition for need in troubles), key=_ORDER.index)
        return Health(
            condition=condition, title=_title(condition, places), sentence=_trouble_sentence(troubles, places)
        )
    if passing := [need for need in more if need.urgency is Urgency.PASSING]:
        calm = not any(need.urgency is Urgency.WORK for need in (*more, *needs(places)))
        title = _passing_title(passing, calm=calm)
        return Health(condition=Condition.PASSING, title=title, sentence=f"{passing[0].why} {_numbers(places)}")
    if not places.arrived and not any(here.count for here in places.places.values()):
        return Health(
            condition=Condition.EMPTY,
            title=_TITLES[Condition.EMPTY],
            sentence="Submit a file or a record, and this page shows where it is.",
        )
    return Health(condition=Condition.WELL, title=_TITLES[Condition.WELL], sentence=_numbers(places))


def _title(condition: Condition, places: Places) -> str:
    if condition is Condition.HELD and not any(hold.everything for hold in places.holds):
        return f"Held: {wording.listed([hold.scope for hold in places.holds[:3]])}"
    return _TITLES[condition]


def _passing_title(passing: Sequence[Need], *, calm: bool) -> str:
    """What is out of order in the world outside: no alarm, and never that all is well."""
    said = _some([need.title for need in passing])
    return f"Nothing needs you; {said}" if calm else f"{_upper(said)}"


def _trouble_sentence(troubles: Sequence[Need], places: Places) -> str:
    """What the title is about, what else there is to look at, and the numbers."""
    gravest = [need for need in troubles if need.condition is not Condition.ATTENTION]
    others = [need.title for need in troubles if need.condition is Condition.ATTENTION]
    said = [f"{need.title}." for need in gravest[:_MOST_SAID]]
    if others:
        said.append(f"Look {'also ' if gravest else ''}at {_some(others)}.")
    return " ".join([*said, _numbers(places)])


def _some(titles: Sequence[str]) -> str:
    rest = len(titles) - _MOST_SAID
    return wording.listed([*titles[:_MOST_SAID], *([wording.counted(rest, "other thing")] if rest > 0 else [])])


def _numbers(places: Places) -> str:
    """What came in and where it is, in one sentence."""
    done = places.at(Place.DONE).count
    people = places.at(Place.WITH_PEOPLE)
    finished = f"{done:,} {'is' if done == 1 else 'are'} done" if done else "none is done yet"
    parts = [f"{wording.counted(places.arrived, 'record')} came in", finished]
    if places.on_the_way:
        pace = places.drains_in
        drains = f" (at the pace of the last minutes for {wording.age(pace)})" if pace and pace >= _LONG else ""
        parts.append(f"{places.on_the_way:,} {'is' if places.on_the_way == 1 else 'are'} on the way{drains}")
    if people.count:
        waits = f"{people.count:,} {'waits' if people.count == 1 else 'wait'} for people"
        parts.append(waits + _since(people, ", the oldest for "))
    return ", ".join(parts) + "."


def needs(places: Places) -> tuple[Need, ...]:
    """Everything that needs somebody, the gravest first."""
    found = [*_sums(places), *_holds(places), *_stuck(places), *_failures(places), *_undoing(places), *_work(places)]
    return tuple(sorted(found, key=lambda need: (need.urgency is Urgency.WORK, -_ORDER.index(need.condition))))


def _sums(places: Places) -> Iterator[Need]:
    missing = sum(abs(each.missing) for each in places.sums)
    if missing:
        yield Need(
            condition=Condition.BROKEN,
            urgency=Urgency.TROUBLE,
            title=f"{wording.counted(missing, 'record')} {'is' if missing == 1 else 'are'} not accounted for",
            why="What came in and where it is must always be the same number. This should never happen.",
            command="pilotage doctor",
        )


def _holds(places: Places) -> Iterator[Need]:
    for hold in places.holds:
        yield Need(
            condition=Condition.HELD,
            urgency=Urgency.TROUBLE,
            title=f"{_upper(hold.scope)} has been held for {wording.age(hold.lasts)}",
            why=_hold_in_words(hold, places),
            command="pilotage resume",
        )


def _hold_in_words(hold: HoldOn, places: Places) -> str:
    waiting = places.effects_in(EffectState.PLANNED).count
    said = [f"Put on by {hold.by}: {hold.reason.rstrip('.')}."]
    if hold.on_the_way:
        said.append(f"{wording.counted(hold.on_the_way, 'call')} had started before and may still arrive.")
    if waiting:
        said.append(f"{wording.counted(waiting, 'effect')} planned and not sent.")
    said.append("Nothing is taken in either." if hold.intake else "Records are still taken in.")
    return " ".join(said)


def _stuck(places: Places) -> Iterator[Need]:
    ready, moving = places.at(Place.READY), places.at(Place.MOVING)
    if ready.count and not moving.count and ready.oldest is not None and ready.oldest > READY_TOO_LONG:
        yield Need(
            condition=Condition.ATTENTION,
            urgency=Urgency.TROUBLE,
            title=f"{wording.counted(ready.count, 'ready case')} that nobody takes",
            why=f"The oldest has been ready for {wording.age(ready.oldest)} and none moves: perhaps no worker runs.",
            command="pilotage status",
        )
    if moving.count and moving.oldest is not None and moving.oldest > MOVING_TOO_LONG:
        yield Need(
            condition=Condition.ATTENTION,
            urgency=Urgency.TROUBLE,
            title=f"a batch that has been moving for {wording.age(moving.oldest)}",
            why="A step may hang, or its worker may have gone silent.",
            command="pilotage status",
        )


def _failures(places: Places) -> Iterator[Need]:
    dead = places.at(Place.DEAD_LETTER)
    if dead.count:
        yield Need(
            condition=Condition.ATTENTION,
            urgency=Urgency.TROUBLE,
            title=wording.counted(dead.count, "dead letter"),
            oldest=dead.oldest,
            why="These cases used up their retries. Mend the cause, then replay them.",
            command="pilotage replay",
        )
    yield from _unknown(places)


def _unknown(places: Places) -> Iterator[Need]:
    """Effects of which nobody knows whether they were done, by who can find out."""
    every, asked, left = places.effects_in(EffectState.UNKNOWN), places.unknown.asked, places.unknown.left
    if decided := every.count - asked.count - left.count:
        yield Need(
            condition=Condition.ATTENTION,
            urgency=Urgency.TROUBLE,
            title=f"{wording.counted(decided, 'effect')} with an unknown outcome",
            oldest=every.oldest,
            why="The other side may or may not have acted, and cannot be asked. Each is a decision in the inbox: look there, and say what became of it.",
            command="pilotage inbox",
        )
    if asked.count:
        yield Need(
            condition=Condition.ATTENTION,
            urgency=Urgency.TROUBLE,
            title=f"{wording.counted(asked.count, 'effect')} with an unknown outcome, about which the other side is asked",
            oldest=asked.oldest,
            why="The other side may or may not have acted. It is asked by itself, and what it does not tell comes to the inbox; until then its "
            "connection says why it has not answered yet.",
            command="pilotage connections",
        )
    if left.count:
        yield Need(
            condition=Condition.WELL,
            urgency=Urgency.WORK,
            title=f"{wording.counted(left.count, 'effect')} with an unknown outcome, whose {'case has' if left.count == 1 else 'cases have'} ended",
            oldest=left.oldest,
            why="The other side may or may not have acted, and nobody is asked any more. The case says what was to be done: look at the other "
            "side, and take back by hand what should not stand.",
            command=f"pilotage case {places.unknown.case}",
        )


def _undoing(places: Places) -> Iterator[Need]:
    for state, title in (
        (EffectState.UNDO_REFUSED, "that could not be undone"),
        (EffectState.UNDO_UNKNOWN, "where it is not known whether it was undone"),
    ):
        here = places.effects_in(state)
        if here.count:
            yield Need(
                condition=Condition.ATTENTION,
                urgency=Urgency.TROUBLE,
                title=f"{wording.counted(here.count, 'effect')} {title}",
                oldest=here.oldest,
                why="What was sent outward still stands, or may. Somebody must decide what to do about it.",
                command="pilotage inbox",
            )


def _work(places: Places) -> Iterator[Need]:
    people = places.at(Place.WITH_PEOPLE)
    if people.count:
        yield Need(
            condition=Condition.WELL,
            urgency=Urgency.WORK,
            title=f"{wording.counted(people.count, 'case')} with people",
            oldest=people.oldest,
            why="Somebody must decide before they go on.",
            command="pilotage inbox",
        )
    if places.quarantine.count:
        much = places.quarantine.count >= max(_MANY, _MUCH * places.arrived)
        yield Need(
            condition=Condition.ATTENTION if much else Condition.WELL,
            urgency=Urgency.TROUBLE if much else Urgency.WORK,
            title=f"{wording.counted(places.quarantine.count, 'record')} in quarantine",
            oldest=places.quarantine.oldest,
            why="They are not as agreed with whoever sends them. Each can be corrected and released, or discarded.",
            command="pilotage quarantine",
        )


def _since(here: Counted, words: str) -> str:
    return "" if here.oldest is None else words + wording.age(here.oldest)


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
