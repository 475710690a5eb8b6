"""What every node does with the values of a case: find arguments, keep what was given, sort failures."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from operator import attrgetter
from random import Random
from typing import Final, TypeGuard

from pydantic import ValidationError

from pilotage.authoring.failures import MalformedResponse, TransientFailure
from pilotage.authoring.findings import DefinitionError
from pilotage.authoring.plan import RECORD, Codec, Input, Kind, Node, Plan
from pilotage.authoring.values import Case
from pilotage.cases import leaving
from pilotage.cases.calling import RunsAsync
from pilotage.cases.leaving import Leaving, Went
from pilotage.cases.ports import Autonomy
from pilotage.cases.retry import SECOND, Budget, next_attempt, throttled_until
from pilotage.cases.values import LiveCase, Question, WaitsFor, with_remedy
from pilotage.connections.errors import ConnectionAway, HeldBack, NoRoom
from pilotage.connections.values import RawResponse
from pilotage.credentials.errors import NotGranted, SecretMissing, SecretUnusable, SourceAway
from pilotage.kernel.clock import micros
from pilotage.kernel.errors import PilotageError
from pilotage.kernel.ids import shown
from pilotage.kernel.writable import writable
from pilotage.machinery.net.errors import AddressRefused
from pilotage.machinery.net.masking import hide

OURS: Final = (SecretMissing, SecretUnusable, NotGranted, SourceAway, AddressRefused)
"""What is missing on our own side: nobody was asked."""
MEND: Final = 60 * SECOND
"""How long a case waits for that to be put right, before its step is tried again."""
UNANSWERED: Final = 60 * SECOND
"""How long a case waits whose attempts are used up, where nobody else has had an answer either."""


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


def reader(env: Walk, wanted: Input) -> Callable[[LiveCase], object]:
    """What gives one parameter its value, for any case: the last of its sources that gave the case something, typed.

    Raises ValueNoLongerFits, when it is called, where a stored value does not fit its contract any more.
    """
    if wanted.special == "case":
        return lambda case: Case(id=shown_id(case), key=case.key, now=env.now)
    sources = tuple(reversed(wanted.sources))
    if sources[:1] == (RECORD,):
        return _record
    codecs = {name: env.plan.nodes[name].codec for name in sources if name != RECORD}

    def read(case: LiveCase) -> object:
        for source in sources:
            if source in case.values:
                return case.values[source]
            if source == RECORD:
                return case.record
            codec = codecs[source]
            if source in case.stored and codec is not None:
                value = case.values[source] = _stored(codec, case.stored[source], source)
                return value
        return None

    return read


_record = attrgetter("record")


def _stored(codec: Codec, data: object, source: str) -> object:
    try:
        return codec.decode(data)
    except ValidationError as error:
        msg = f"What {source} gave earlier no longer fits: {error.errors()[0]['msg']}"
        raise ValueNoLongerFits(msg) from error


def shown_id(case: LiveCase) -> str:
    """The id of a case as authors and people see it."""
    return shown("C", case.id)


def arguments(
    env: Walk, node: Node, group: Sequence[LiveCase], inputs: Sequence[Input] | None = None
) -> list[tuple[object, ...] | Leaving]:
    """The arguments of the node's function for each case; a case whose stored values no longer fit goes to a person."""
    readers = [reader(env, one) for one in (node.inputs if inputs is None else inputs)]
    if not readers:
        return [()] * len(group)
    try:
        return list(zip(*[list(map(read, group)) for read in readers], strict=True))
    except ValueNoLongerFits:
        return _arguments_one_by_one(env, node, group, readers)


def _arguments_one_by_one(
    env: Walk, node: Node, group: Sequence[LiveCase], readers: Sequence[Callable[[LiveCase], object]]
) -> list[tuple[object, ...] | Leaving]:
    found: list[tuple[object, ...] | Leaving] = []
    for case in group:
        try:
            found.append(tuple([read(case) for read in readers]))
        except ValueNoLongerFits as error:
            found.append(leaving.asks(case, no_longer_fits(env, case, node.name, str(error))))
    return found


def no_longer_fits(env: Walk, case: LiveCase, node: str, why: str) -> Question:
    """The question that a case with values of an older form raises."""
    return Question(
        case=case.id, automation=env.automation, node=node, kind="no longer fits", chain=((env.owner, "1d"),), why=why
    )


def give(case: LiveCase, node: Node, value: object) -> str | None:
    """Keep what the node gave, typed, and say where the case goes; `encode` makes plain data of it."""
    case.values[node.name] = value
    return node.next


def encode(node: Node, group: Sequence[LiveCase], went: Sequence[Went]) -> list[Went]:
    """Plain data of what the node gave, to be saved; a value that its contract does not allow is a dead letter."""
    name, codec = node.name, node.codec
    if codec is None:
        return list(went)
    gave = [case for case, way in zip(group, went, strict=True) if not isinstance(way, Leaving) and name in case.values]
    try:
        plain = codec.encode_all([case.values[name] for case in gave])
    except (ValueError, TypeError):
        return [_encoded(node, codec, case, way) for case, way in zip(group, went, strict=True)]
    for case, one in zip(gave, plain, strict=True):
        case.fresh[name] = one
    return list(went)


def _encoded(node: Node, codec: Codec, case: LiveCase, way: Went) -> Went:
    if isinstance(way, Leaving) or node.name not in case.values:
        return way
    try:
        case.fresh[node.name] = codec.encode(case.values[node.name])
    except (ValueError, TypeError) as error:
        return leaving.dead(case, node.name, f"{node.name} gave what its contract does not allow: {error}")
    return way


def failed(env: Walk, case: LiveCase, node: Node, error: BaseException) -> Leaving:
    """What becomes of a case whose step raised: another attempt for what may pass, else a dead letter."""
    response = getattr(error, "response", None)
    left = _failed(env, case, node, error)
    return left._replace(response=response) if isinstance(response, RawResponse) else left


def _failed(env: Walk, case: LiveCase, node: Node, error: BaseException) -> Leaving:
    said = said_of(error)
    if node.connections and _is_ours(error):  # nobody was asked: it waits until somebody mends that
        said = hide(with_remedy(error.what, error.remedy))
        connection = getattr(error, "connection", node.connections[0])
        return _waits_for(case, node, connection, until=micros(env.now) + MEND, said=said)
    if not isinstance(error, TransientFailure | MalformedResponse):
        return leaving.dead(case, node.name, f"{node.name}: {said}")
    now = micros(env.now)
    if isinstance(error, NoRoom | HeldBack):  # our own limits: it waits for its turn and has failed at nothing
        due = throttled_until(now=now, after=_micros(error.retry_after), chance=env.chance)
        return leaving.waits(case, node.name, WaitsFor.CONNECTION, due_at=due, reason=said, attempts=case.attempts)
    if isinstance(error, ConnectionAway):  # the other side fails, whoever asks
        return _waits_for(case, node, error.connection, until=error.until, said=said)
    failures = case.attempts + 1
    due = next_attempt(
        failures=failures,
        since=now,
        now=now,
        budget=budget_of(node),
        chance=env.chance,
        after=_micros(getattr(error, "retry_after", None)),
    )
    if due is not None:
        return leaving.waits(case, node.name, WaitsFor.RETRY, due_at=due, reason=said, attempts=failures)
    if connection := getattr(error, "unanswered", None):
        return _waits_for(case, node, connection, until=now + UNANSWERED, said=said)
    return leaving.dead(case, node.name, f"{node.name} failed {failures} times; the last time: {said}")


def _is_ours(error: BaseException) -> TypeGuard[PilotageError]:
    """Whether a setting, a secret, its grant or an address is missing here: not the case's fault."""
    if isinstance(error, DefinitionError):
        return {one.code for one in error.findings} <= {"PLT-163", "PLT-165"}
    return isinstance(error, OURS)


def _waits_for(case: LiveCase, node: Node, connection: str, *, until: int, said: str) -> Leaving:
    return leaving.waits(
        case,
        node.name,
        WaitsFor.CONNECTION,
        due_at=until,
        reason=said,
        attempts=case.attempts,
        connection=connection,
    )


def _micros(seconds: float | None) -> int | None:
    return None if seconds is None else int(seconds * SECOND)


def budget_of(node: Node) -> Budget:
    """The attempts that the author allows, or the default."""
    retry = getattr(node.step, "retry", None)
    if retry is None:
        return Budget()
    return Budget(attempts=retry.attempts, within=int(retry.within.seconds * 1_000_000))


def said_of(error: BaseException) -> str:
    """A failure in one line for people, without the credentials that this process holds."""
    if isinstance(error, PilotageError):
        return writable(hide(error.what))
    text = writable(hide(str(error))).strip().split("\n", 1)[0]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
