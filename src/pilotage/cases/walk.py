"""What every node does with the values of a case: find arguments, keep what was given, sort failures."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from random import Random

from pydantic import ValidationError

from pilotage.authoring.failures import MalformedResponse, TransientFailure
from pilotage.authoring.plan import RECORD, Input, Kind, Node, Plan
from pilotage.authoring.values import Case
from pilotage.cases import leaving
from pilotage.cases.calling import RunsAsync
from pilotage.cases.leaving import Leaving
from pilotage.cases.ports import Autonomy
from pilotage.cases.retry import Budget, next_attempt
from pilotage.cases.values import LiveCase, Question, WaitsFor
from pilotage.kernel.clock import micros
from pilotage.kernel.errors import PilotageError
from pilotage.kernel.ids import shown

NO_VALUE = object()


class ValueNoLongerFits(Exception):
    """A stored value does not fit the contract of the code that reads it now."""


@dataclass(frozen=True, kw_only=True)
class Walk:
    """What a walk needs from its surroundings."""

    automation: str
    release: str
    timezone: str
    owner: str
    plan: Plan
    unknown: tuple[tuple[str, str], ...]
    """Who is asked about a variant that nobody documented, where the choice itself names nobody."""
    now: datetime
    run_async: RunsAsync
    within: Callable[[Node], AbstractContextManager[None]]
    """Makes the surroundings of one node's functions current."""
    autonomy: Autonomy
    chance: Random
    day_of: Callable[[LiveCase], date]
    """The business date of a case."""
    collected: dict[int, list[object]] = field(default_factory=dict[int, list[object]])
    """For cases whose items have all come back: what each item gave, encoded."""


def is_dear(node: Node) -> bool:
    """Whether running the node again would cost more than a checkpoint: it judges, or it calls outside."""
    return node.kind is Kind.JUDGE or (node.kind is Kind.COMPUTE and bool(node.connections))


def value_of(env: Walk, case: LiveCase, source: str) -> object:
    """What a source gave this case, typed; NO_VALUE where it gave nothing."""
    if source == RECORD:
        return case.record
    if source in case.values:
        return case.values[source]
    if source not in case.stored:
        return NO_VALUE
    codec = env.plan.nodes[source].codec
    if codec is None:
        return NO_VALUE
    try:
        value = codec.decode(case.stored[source])
    except ValidationError as error:
        msg = f"What {source} gave earlier no longer fits: {error.errors()[0]['msg']}"
        raise ValueNoLongerFits(msg) from error
    case.values[source] = value
    return value


def argument(env: Walk, case: LiveCase, wanted: Input) -> object:
    """The value of one parameter for this case."""
    if wanted.special == "case":
        return Case(id=shown_id(case), key=case.key, now=env.now)
    for source in reversed(wanted.sources):
        value = value_of(env, case, source)
        if value is not NO_VALUE:
            return value
    return None


def shown_id(case: LiveCase) -> str:
    """The id of a case as authors and people see it."""
    return shown("C", case.id)


def arguments(
    env: Walk, node: Node, group: Sequence[LiveCase], inputs: Sequence[Input] | None = None
) -> list[tuple[object, ...] | Leaving]:
    """The arguments of the node's function for each case; a case whose stored values no longer fit goes to a person."""
    wanted = node.inputs if inputs is None else inputs
    found: list[tuple[object, ...] | Leaving] = []
    for case in group:
        try:
            found.append(tuple(argument(env, case, one) for one in wanted))
        except ValueNoLongerFits as error:
            found.append(leaving.asks(case, no_longer_fits(env, case, node.name, str(error))))
    return found


def no_longer_fits(env: Walk, case: LiveCase, node: str, why: str) -> Question:
    """The question that a case with values of an older form raises."""
    return Question(
        case=case.id, automation=env.automation, node=node, kind="no longer fits", chain=((env.owner, "1d"),), why=why
    )


def give(case: LiveCase, node: Node, value: object) -> str | Leaving | None:
    """Keep what the node gave, and say where the case goes."""
    codec = node.codec
    if codec is not None:
        try:
            case.fresh[node.name] = codec.encode(value)
        except (ValueError, TypeError) as error:
            return leaving.dead(case, node.name, f"{node.name} gave what its contract does not allow: {error}")
        case.values[node.name] = value
    return node.next


def failed(env: Walk, case: LiveCase, node: Node, error: BaseException) -> Leaving:
    """What becomes of a case whose step raised: another attempt for what may pass, else a dead letter."""
    said = said_of(error)
    if not isinstance(error, TransientFailure | MalformedResponse):
        return leaving.dead(case, node.name, f"{node.name}: {said}")
    failures = case.attempts + 1
    now = micros(env.now)
    due = next_attempt(
        failures=failures,
        since=now,
        now=now,
        budget=budget_of(node),
        chance=env.chance,
        after=getattr(error, "retry_after", None),
    )
    if due is None:
        return leaving.dead(case, node.name, f"{node.name} failed {failures} times; the last time: {said}")
    return leaving.waits(case, node.name, WaitsFor.RETRY, due_at=due, reason=said, attempts=failures)


def budget_of(node: Node) -> Budget:
    """The attempts that the author allows, or the default."""
    retry = getattr(node.step, "retry", None)
    if retry is None:
        return Budget()
    return Budget(attempts=retry.attempts, within=int(retry.within.seconds * 1_000_000))


def said_of(error: BaseException) -> str:
    """A failure in one line for people."""
    if isinstance(error, PilotageError):
        return error.what
    text = str(error).strip().split("\n", 1)[0]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
