"""What each kind of node does to the cases that stand there: one function a kind, collected in `RUNS`.

Each takes the walk, the node and the cases, and gives for each case where it goes: the next node's name, None for the end,
or the way in which it leaves.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from pilotage.authoring.plan import Kind, Node
from pilotage.cases.leaving import Went
from pilotage.cases.nodes.acting import run_act
from pilotage.cases.nodes.asking import run_approval, run_exception
from pilotage.cases.nodes.computing import run_compute
from pilotage.cases.nodes.deciding import run_choice, run_rule
from pilotage.cases.nodes.handing import run_hand_over
from pilotage.cases.nodes.judging import run_judge
from pilotage.cases.nodes.waiting import run_for_each, run_wait
from pilotage.cases.values import LiveCase
from pilotage.cases.walk import Walk

RUNS: Final[Mapping[Kind, Callable[[Walk, Node, Sequence[LiveCase]], list[Went]]]] = {
    Kind.COMPUTE: run_compute,
    Kind.JUDGE: run_judge,
    Kind.ACT: run_act,
    Kind.RULE: run_rule,
    Kind.CHOICE: run_choice,
    Kind.APPROVAL: run_approval,
    Kind.EXCEPTION: run_exception,
    Kind.HAND_OVER: run_hand_over,
    Kind.WAIT: run_wait,
    Kind.FOR_EACH: run_for_each,
}
