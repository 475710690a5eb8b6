"""A case as a program reads it: the same on the command line and over the API."""

from collections.abc import Mapping

from pilotage.cases.service.finding import Known
from pilotage.cases.telling import sentences
from pilotage.kernel.ids import shown
from pilotage.machinery.cli.times import iso


def as_data(found: Known) -> Mapping[str, object]:
    """Everything that is known of a case, for a program."""
    row = found.row
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
        "segments": segments_of(row.segments),
        "accepted_at": iso(row.accepted_at),
        "changed_at": iso(row.changed_at),
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
