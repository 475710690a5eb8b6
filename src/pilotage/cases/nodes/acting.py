"""Acts: what goes out, by way of the ledger."""

import hashlib
import json
from collections.abc import Sequence

from pilotage.authoring.plan import Node
from pilotage.cases.leaving import Leaving, Went
from pilotage.cases.values import LiveCase, Place, WaitsFor
from pilotage.cases.walk import Walk, arguments


def run_act(env: Walk, node: Node, group: Sequence[LiveCase]) -> list[Went]:
    """Leave for the ledger: the act is planned in the checkpoint's transaction and carried out by a sender."""
    went: list[Went] = []
    for case, values in zip(group, arguments(env, node, group), strict=True):
        if isinstance(values, Leaving):
            went.append(values)
            continue
        case.story.append(["planned", node.name])
        went.append(
            Leaving(
                case=case,
                place=Place.WAITING,
                node=node.name,
                waits_for=WaitsFor.EFFECT,
                effect=inputs_digest(env, node, case),
            )
        )
    return went


def inputs_digest(env: Walk, node: Node, case: LiveCase) -> str:
    """A digest of the values that the act is given, so that a replay with other inputs is noticed."""
    parts: dict[str, object] = {}
    for one in node.inputs:
        for source in reversed(one.sources):
            if source == "record":
                parts[one.parameter] = env.plan.record.encode(case.record)
            elif source in case.fresh:
                parts[one.parameter] = case.fresh[source]
            elif source in case.stored:
                parts[one.parameter] = case.stored[source]
            else:
                continue
            break
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
