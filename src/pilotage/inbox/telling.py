"""What the inbox tells of a decision and of a case: for the command line, the page and programs."""

import json
from collections.abc import Mapping

from pilotage.cases.ports import Part
from pilotage.inbox import store
from pilotage.inbox.values import WORDS, Decision, Kind
from pilotage.kernel.ids import shown
from pilotage.machinery.cli.data import is_object
from pilotage.machinery.cli.times import age, iso, when
from pilotage.machinery.storage.database import Tx

_LONG = 60


def decisions_of(tx: Tx, case: int) -> Part:
    """What the inbox knows of a case."""
    found = store.of_case(tx, case)
    waiting = next((one for one in found if one.state == "waiting"), None)
    return Part(
        name="decisions",
        title="Decisions",
        columns=("decision", "what", "state", "proposal", "answer", "by", "why"),
        rows=[
            (
                shown("D", one.id),
                f"{one.node} ({one.kind.value})",
                f"{one.asked} is asked" if one.state == "waiting" else f"{one.state} at {when(one.settled_at or 0)}",
                short(proposed(one)),
                short(_answered(one)),
                f"{one.settled_by} ({one.known})" if one.settled_by else "",
                one.reason or one.why,
            )
            for one in found
        ],
        data=[decision_as_data(one) for one in found],
        hint=f"To settle it: {how_to_settle(waiting)}" if waiting is not None else "",
    )


def how_to_settle(decision: Decision) -> str:
    """The command that settles it."""
    words = WORDS[decision.kind]
    proposal = proposed(decision)
    answer = "VALUE" if words[0] == "value" else words[0].replace(" ", "-")
    if words[0] == "value" and isinstance(decision.proposal, str):
        answer = json.dumps(proposal) if " " in proposal else proposal
    return f'pilotage decide {shown("D", decision.id)} {answer} --reason "..."'


def proposed(decision: Decision) -> str:
    """What the machine would have done, as text."""
    proposal = decision.proposal
    if decision.kind is Kind.APPROVAL and is_object(proposal) and "value" in proposal:
        proposal = proposal["value"]
    if proposal is None:
        return ""
    return proposal if isinstance(proposal, str) else json.dumps(proposal, ensure_ascii=False)


def _answered(decision: Decision) -> str:
    answer = decision.answer
    if not is_object(answer):
        return ""
    value = answer.get("value")
    if value is None:
        return str(answer.get("word", ""))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def short(text: str) -> str:
    """At most 60 characters of it."""
    return text if len(text) <= _LONG else f"{text[: _LONG - 3]}..."


def decision_as_data(one: Decision) -> Mapping[str, object]:
    """A decision as plain data."""
    return {
        "decision": shown("D", one.id),
        "automation": one.automation,
        "case": shown("C", one.case),
        "key": one.case_key,
        "step": one.node,
        "kind": one.kind.value,
        "why": one.why,
        "asked": one.asked,
        "state": one.state,
        "answers": [word.replace(" ", "-") for word in WORDS[one.kind]],
        "proposal": one.proposal,
        "answer": one.answer,
        "deadline": iso(one.deadline),
        "asked_at": iso(one.asked_at),
        "waits": age((one.settled_at or one.asked_at) - one.asked_at) if one.settled_at else None,
        "settled_by": one.settled_by,
        "known": one.known,
        "reason": one.reason,
        "settled_at": iso(one.settled_at),
    }
