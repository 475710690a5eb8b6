"""A case as a program reads it: the same on the command line and over the API."""

import json
from collections.abc import Mapping

from pilotage.cases.service.finding import Known
from pilotage.cases.service.whole import Failure, Whole
from pilotage.cases.store.found import CaseRow
from pilotage.cases.store.responses import Found
from pilotage.cases.telling import sentences
from pilotage.cases.values import EffectState, Place
from pilotage.kernel.ids import shown
from pilotage.machinery.cli.times import age, iso, until, when


def as_data(whole: Whole, *, raw: bool = False) -> Mapping[str, object]:
    """Everything that is known of a case, for a program; with `raw` also what other sides said to calls that failed."""
    kept = {"responses": [_response(one, whole) for one in whole.said]} if raw else {}
    return {
        **_of_the_cases(whole.known),
        "failures": [_failure(one) for one in whole.failures],
        "spent": whole.spent.as_data(),
        **{part.name: part.data for part in whole.parts},
        **kept,
    }


def row_as_data(row: CaseRow) -> Mapping[str, object]:
    """What a list says of a case, for a program."""
    return {
        "case": shown("C", row.id),
        "automation": row.automation,
        "key": row.key,
        "release": row.release,
        "place": row.place,
        "step": row.node,
        "waits_for": row.waits_for,
        "due_at": iso(row.due_at),
        "reason": row.reason,
        "accepted_at": iso(row.accepted_at),
        "changed_at": iso(row.changed_at),
    }


def _of_the_cases(found: Known) -> Mapping[str, object]:
    row = found.row
    return {
        **row_as_data(row),
        "segments": segments_of(row.segments),
        "parent": shown("C", row.parent) if row.parent is not None else None,
        "record": found.record,
        "values": found.given,
        "judgements": found.judgements,
        "timeline": [
            {"at": iso(entry.at), "events": entry.story, "words": sentences(entry.story)} for entry in found.timeline
        ],
        "handed_over": [
            {
                "step": one.node,
                "to": one.taker,
                "state": one.state,
                "case": shown("C", one.took) if one.took is not None else None,
                "record": shown("Q", one.kept) if one.kept is not None else None,
                "at": iso(one.at),
                "late_at": iso(one.late_at),
            }
            for one in found.links
        ],
        "handed_over_by": _giver(found),
        "effects": [
            {
                "effect": shown("E", one.id),
                "key": one.key,
                "step": one.node,
                "connection": one.connection,
                "state": one.state,
                "attempts": one.attempt,
                "generation": one.generation,
                "words": one.words,
                "planned_at": iso(one.planned_at),
                "changed_at": iso(one.changed_at),
                "due_at": iso(one.due_at),
            }
            for one in found.effects
        ],
    }


def _giver(found: Known) -> Mapping[str, object] | None:
    """The automation and the case that handed this one over; the timeline has it, and keeps it."""
    told = (event for entry in found.timeline for event in entry.story if event and event[0] == "taken over")
    return next(({"from": event[1], "case": event[2]} for event in told), None)


def segments_of(text: str | None) -> Mapping[str, str]:
    """Segments out of the form in which they are stored: |client=charity|product=loan|."""
    pairs = (one.partition("=") for one in (text or "").strip("|").split("|") if one)
    return {name: value for name, _, value in pairs}


def _failure(one: Failure) -> Mapping[str, object]:
    return {
        "step": one.node,
        "connection": one.connection,
        "attempt": one.attempt,
        "at": iso(one.at),
        "word": one.word,
        "said": one.said,
    }


def _response(one: Found, whole: Whole) -> Mapping[str, object]:
    return {
        "step": one.node,
        "connection": one.connection,
        "attempt": one.attempt,
        "at": iso(one.at),
        "kept_until": iso(whole.kept_until(one)),
        "status": one.status,
        "headers": dict(one.headers),
        "body": one.body.decode("utf-8", "replace"),
        "cut": one.cut,
    }


def stands(found: Known) -> str:
    """Where a case is, in a sentence: place, since when, step, when it goes on, and why it is there."""
    row = found.row
    since = age(found.now - row.changed_at)
    said = (
        f"{row.place.capitalize()} for {since}"
        if row.place not in {"done", "withdrawn", "handed over"}
        else (f"{row.place.capitalize()} at {when(row.changed_at)} UTC")
    )
    at = f", at the step {row.node}" if row.node else ""
    due = f", {until(row.due_at, found.now)}" if row.due_at else ""
    why = row.reason or _why_it_waits(found)
    return f"{said}{at}{due}.{f' {why}' if why else ''}"


def _why_it_waits(found: Known) -> str:
    """What is said of the effect that it waits for."""
    row = found.row
    if row.place != Place.WAITING.value:
        return ""
    mine = [one for one in found.effects if one.node == row.node and one.state != EffectState.CONFIRMED.value]
    if not mine:
        return ""
    turn = f"It waits for its turn at {mine[-1].connection}." if mine[-1].state == EffectState.PLANNED.value else ""
    return mine[-1].words or turn


def text_of(value: object) -> str:
    """A value on one line: texts as they are, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
