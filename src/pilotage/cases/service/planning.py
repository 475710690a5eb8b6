"""Planning effects in the checkpoint's transaction, with what the ledger already knows of the case.

A case that comes to an act for the first time gets a planned row. One that comes again (a replay) finds its row: the same
inputs after a confirmed act go on without acting, other inputs stop and ask a person, an undone act is done anew under the
next generation.
"""

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from pilotage.authoring.effects import Act
from pilotage.authoring.plan import Node
from pilotage.cases.leaving import Leaving, asks
from pilotage.cases.store import ledger
from pilotage.cases.values import BatchRow, EffectState, LiveCase, Place, Question
from pilotage.cases.walk import Walk
from pilotage.connections import giving_way
from pilotage.kernel.ids import ids, shown
from pilotage.machinery.storage.database import Tx

HALF_UNDONE: Final = {EffectState.UNDOING.value, EffectState.UNDO_REFUSED.value, EffectState.UNDO_UNKNOWN.value}


def effect_key(environment: str, automation: str, case: int, step: str, generation: int) -> str:
    """The idempotency key of an act: the same over retries, crashes, releases and replays.

    An item of a for-each is a case of its own, so the case names the item too. A step that stands on two branches is one
    act: a replay that takes the other branch finds what the first one did.
    """
    return f"{environment}/{automation}/{shown('C', case)}/{quote(step)}/{generation}"  # sent as a header: ASCII


def plan_effects(
    tx: Tx, left: Sequence[Leaving], *, batch: BatchRow, env: Walk, environment: str, now: int
) -> list[Leaving]:
    """Write the ledger rows of cases that came to an act; how each case leaves now."""
    acting = [one for one in left if one.effect is not None]
    if not acting:
        return list(left)
    known: dict[tuple[int, str], Any] = {
        (row.case_id, row.step): row for row in ledger.of_cases(tx, [one.case.id for one in acting])
    }
    rows: list[dict[str, object]] = []
    again: list[tuple[int, str]] = []
    after: list[Leaving] = []
    numbers = iter(ids.make(len(acting)))
    for one in left:
        if one.effect is None or one.node is None:
            after.append(one)
            continue
        node = env.plan.nodes[one.node]
        row = known.get((one.case.id, node.step_name))
        if row is None or row.state == EffectState.UNDONE.value:
            generation = 0 if row is None else row.generation + 1
            rows.append(_planned(one.case, node, one.effect, next(numbers), generation, batch, environment, now))
            after.append(one)
            continue
        if row.node != node.name:
            ledger.move_to_node(tx, row.id, node.name)
        if row.state == EffectState.CONFIRMED.value:
            after.append(_after_confirmed(one, node, row.inputs, env, row.id))
        elif row.state in HALF_UNDONE:
            why = f"It was done, and taking it back has come no further than: {row.state}. Undo it, or keep it."
            after.append(asks(one.case, _before_it_acts_again(one.case, node, env, row.id, why)))
        else:
            if row.state in {EffectState.PLANNED.value, EffectState.REFUSED.value}:
                again.append((row.id, one.effect))
            after.append(one)
    ledger.plan(tx, rows)
    ledger.plan_again(tx, again, release=batch.release, now=now)
    return after


_PRIORITIES: Final = {"high": giving_way.HIGH, "usual": giving_way.USUAL, "low": giving_way.LOW}


def _planned(
    case: LiveCase, node: Node, inputs: str, number: int, generation: int, batch: BatchRow, environment: str, now: int
) -> dict[str, object]:
    act = node.step
    assert isinstance(act, Act)
    return {
        "id": number,
        "key": effect_key(environment, batch.automation, case.id, node.step_name, generation),
        "automation": batch.automation,
        "release": batch.release,
        "case_id": case.id,
        "node": node.name,
        "step": node.step_name,
        "connection": node.connections[0],
        "segments": case.segments,
        "generation": generation,
        "inputs": inputs,
        "repeat": act.repeat,
        "state": EffectState.PLANNED.value,
        "priority": _PRIORITIES[act.priority],
        "attempt": 0,
        "failures": 0,
        "asked": 0,
        "asking": False,
        "doubtful": False,
        "planned_at": now,
        "changed_at": now,
    }


def _after_confirmed(one: Leaving, node: Node, inputs: str, env: Walk, effect: int) -> Leaving:
    if inputs == one.effect:
        one.case.story.append(["kept", node.name])
        place = Place.DONE if node.next is None else Place.READY
        return one._replace(place=place, node=node.next, waits_for=None, effect=None)
    why = "It was done before with other inputs. Keep what was done, or undo it first."
    return asks(one.case, _before_it_acts_again(one.case, node, env, effect, why))


def _before_it_acts_again(case: LiveCase, node: Node, env: Walk, effect: int, why: str) -> Question:
    return Question(
        case=case.id,
        automation=env.automation,
        node=node.name,
        kind="inputs changed",
        chain=((env.owner, "1d"),),
        why=why,
        effect=effect,
    )
