"""Carrying out what a person decided about a case, in the transaction that records the decision."""

import json
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json, to_json

from pilotage.authoring.plan import Kind, Node, told_label
from pilotage.cases.errors import AnswerDoesNotFit
from pilotage.cases.service.saving import wake_parents
from pilotage.cases.store import arriving, ledger, looking, moving
from pilotage.cases.values import EffectState, Place
from pilotage.kernel.ids import ids
from pilotage.machinery.storage.database import Tx

PEOPLE = (Place.WITH_PEOPLE,)


def give_value(tx: Tx, case: int, node: Node, value: object, *, by: str, now: int) -> None:
    """A person's value stands in the place of the machine's, and the case goes on behind the node.

    Raises AnswerDoesNotFit (PLT-204) where the value does not keep the node's contract.
    """
    plain = fitting(node, value)
    _store(tx, case, {node.name: plain})
    _on(
        tx,
        case,
        node.next,
        ["decided", node.name, told_label(plain), by],
        now,
    )


def fitting(node: Node, value: object) -> object:
    """The value in the form of the node's contract. Raises AnswerDoesNotFit (PLT-204)."""
    if node.codec is None:
        return None
    try:
        return node.codec.encode(node.codec.decode(value))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        msg = f"{json.dumps(value, ensure_ascii=False)} is no answer for {node.name}: {where + ': ' if where else ''}{first['msg']}."
        raise AnswerDoesNotFit(
            msg, "Give a value of the step's contract; `pilotage case` shows the proposal."
        ) from error


def choose(tx: Tx, case: int, node: Node, label: str, *, by: str, now: int) -> None:
    """A person says which documented variant an unknown one is; later steps read that label.

    Raises AnswerDoesNotFit (PLT-204) where there is no such variant.
    """
    if node.kind is not Kind.CHOICE or label not in node.branches:
        msg = f'"{label}" is no variant of {node.name}.'
        raise AnswerDoesNotFit(msg, f"Choose one of: {', '.join(node.branches)}.")
    for source in node.inputs[0].sources[-1:]:
        if source != "record":
            _store(tx, case, {source: label})
    _on(tx, case, node.branches[label], ["decided", node.name, label, by], now)


def go_on(tx: Tx, case: int, node: str | None, *, by: str, words: str, now: int) -> None:
    """The case goes on at `node` (None: it is done)."""
    _on(tx, case, node, ["went on", node or "the end", words, by], now)


def finish(tx: Tx, case: int, *, by: str, reason: str, now: int) -> None:
    """A person finished the case by hand."""
    _on(tx, case, None, ["finished", "", reason, by], now)


def say_done(tx: Tx, case: int, effect: int, node: Node, value: object, *, by: str, now: int) -> bool:
    """A person says that an effect of unknown outcome was done, and what it gave; False when it is unknown no more."""
    plain = fitting(node, value)
    if not ledger.settle_by_person(
        tx, effect, now=now, state=EffectState.CONFIRMED, words=f"{by} says that it was done."
    ):
        return False
    ledger.add_results(
        tx, [{"effect_id": effect, "case_id": case, "node": node.name, "result": to_json(plain).decode()}]
    )
    _on(tx, case, node.next, ["said done", node.name, by], now)
    return True


def say_not_done(tx: Tx, case: int, effect: int, node: Node, *, by: str, now: int) -> bool:
    """A person says that an effect of unknown outcome was not done: it is planned again."""
    if not ledger.settle_by_person(
        tx, effect, now=now, state=EffectState.PLANNED, words=f"{by} says that it was not done."
    ):
        return False
    moving.wait_for_effect(tx, case, now=now)
    tell(tx, case, ["said not done", node.name, by], now)
    return True


def tell(tx: Tx, case: int, event: list[object], now: int) -> None:
    """One more line in the case's timeline."""
    arriving.tell(tx, [{"case_id": case, "id": ids.one(), "at": now, "batch": None, "story": json.dumps([event])}])


def _store(tx: Tx, case: int, values: dict[str, object]) -> None:
    content = looking.content(tx, case)
    given: dict[str, Any] = from_json(content.given) if content is not None and content.given else {}
    moving.save_contents(
        tx,
        [
            {
                "case_id": case,
                "given": to_json(given | values).decode(),
                "judgements": content.judgements if content is not None else None,
            }
        ],
    )


def _on(tx: Tx, case: int, node: str | None, event: list[object], now: int) -> None:
    if node is None:
        parent = moving.finish(tx, case, now=now)
        wake_parents(tx, [case] if parent is not None else [], now)
        event = [*event, "done"]
    else:
        moving.go_on(tx, [case], now=now, node=node, places=PEOPLE)
    tell(tx, case, event, now)
