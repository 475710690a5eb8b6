"""What became of an effect, told to its case's timeline, and the question to people where that is not known."""

import json
from collections.abc import Sequence

from pilotage.cases.outcomes import Next
from pilotage.cases.service.jobs import Finished
from pilotage.cases.service.served import Served
from pilotage.cases.store import arriving
from pilotage.cases.values import Question
from pilotage.kernel.ids import CaseId, ids
from pilotage.machinery.storage.database import Tx


def question(served: Served, one: Finished, words: str) -> Question:
    """What the owner is asked, where it is not known whether an effect was done."""
    effect = one.job.effect
    owner = served.automations[effect.automation, effect.release].owner.name
    return Question(
        case=CaseId(effect.case),
        automation=effect.automation,
        node=effect.node,
        kind="unknown effect",
        chain=((owner, "4h"),),
        why=words,
        effect=effect.id,
    )


def tell(tx: Tx, what: Next, members: Sequence[Finished], now: int) -> None:
    """What became of effects that have all ended in the same way."""
    arriving.tell(
        tx,
        [
            {
                "case_id": one.job.effect.case,
                "id": number,
                "at": now,
                "batch": None,
                "story": json.dumps(
                    [
                        [
                            "effect",
                            one.job.effect.node,
                            what.state.value,
                            what.case,
                            one.job.effect.connection,
                            one.job.effect.attempt,
                            what.words,
                            what.due_at,
                            one.job.asking,
                        ]
                    ]
                ),
            }
            for one, number in zip(members, ids.make(len(members)), strict=True)
        ],
    )
