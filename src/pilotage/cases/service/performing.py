"""Performing one attempt of an effect, or asking the other side about it; what came of it as an outcome.

What the author's function returns or raises is only half the truth: the caller knows how its one state-changing call stands.
A step that fails after its call was answered has an unknown outcome, not a refused one.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, cast

from pydantic_core import from_json, to_json

from pilotage.authoring.automation import Automation
from pilotage.authoring.effects import Act
from pilotage.authoring.errors import ConnectionNotNamed
from pilotage.authoring.failures import Failure
from pilotage.authoring.plan import RECORD, Node, Plan
from pilotage.authoring.values import Case, Effect
from pilotage.cases.outcomes import Confirmed, NoAnswer, NotDone, NotKnown, NotThere, Outcome, Refused
from pilotage.cases.retry import SECOND
from pilotage.cases.service import documents
from pilotage.cases.service.jobs import Finished, Job
from pilotage.cases.service.served import Served
from pilotage.cases.service.surrounding import Surrounding
from pilotage.cases.values import Permitted, with_remedy
from pilotage.cases.walk import said_of
from pilotage.connections.caller import ConnectionCaller
from pilotage.connections.errors import (
    BodyNotJson,
    NoRoom,
    NotSent,
    OnlyReads,
    OutcomeUnknown,
    PathRefused,
    SecondCall,
    TooHeavy,
)
from pilotage.connections.errors import NotDone as CallNotDone
from pilotage.connections.limiting import segments_in
from pilotage.connections.values import EffectGuard, Standing
from pilotage.kernel.clock import Clock
from pilotage.kernel.errors import PilotageError
from pilotage.kernel.foreign import RAISED, kept
from pilotage.kernel.ids import shown
from pilotage.machinery.net.errors import AddressRefused, DoorDisarmed
from pilotage.machinery.net.masking import hide
from pilotage.machinery.storage.outages import is_lost_server

MISUSE: Final = (Failure, BodyNotJson, ConnectionNotNamed, OnlyReads, PathRefused, SecondCall, TooHeavy)
"""What is wrong with the step or its record, and would be wrong again."""
MEND: Final = 30 * SECOND
"""How long an effect waits for a secret, a setting or an address to be put right, before it is tried again."""


@dataclass(frozen=True, kw_only=True)
class Performer:
    """Performs effects in the event loop of this process."""

    served: Served
    surrounding: Surrounding
    clock: Clock

    async def perform(self, job: Job) -> Finished:
        """Make the attempt, or ask; never raises."""
        effect, telemetry = job.effect, self.surrounding.telemetry
        if telemetry is None:
            return await self._performed(job)
        with telemetry.effect(
            effect.case,
            automation=effect.automation,
            step=effect.node,
            attempt=effect.attempt,
            asks=job.asking,
        ) as told:
            finished = await self._performed(job)
            told.ended(_WORDS[type(finished.outcome)], well=_is_well(finished.outcome))
        return finished

    async def _performed(self, job: Job) -> Finished:
        effect, caller = job.effect, None
        try:
            automation = self.served.automations[effect.automation, effect.release]
            node = self.served.node(effect.automation, effect.release, effect.node)
            caller = self._caller(node, job)
            outcome = await (self._ask if job.asking else self._act)(automation, node, job, caller)
        except RAISED as error:  # the border to the author's code
            outcome = NoAnswer(words=said_of(error)) if job.asking else _failed(error, Standing.NOTHING, failing=False)
        response = None if caller is None or isinstance(outcome, Confirmed) else caller.response
        return Finished(job=job, outcome=outcome, response=response)

    def _caller(self, node: Node, job: Job) -> ConnectionCaller:
        effect = job.effect
        if job.asking:
            return self.surrounding.asking(node, probe=job.probe)
        # an earlier attempt without an answer: a refusal of this one then proves nothing about that one
        guard = EffectGuard(
            key=effect.key,
            attempt=effect.attempt,
            send_by=job.send_by,
            repeats_unknown=effect.doubtful,
            segment=segments_in(effect.segments),
        )
        return self.surrounding.acting(node, guard, probe=job.probe)

    async def _act(self, automation: Automation, node: Node, job: Job, caller: ConnectionCaller) -> Outcome:
        effect = job.effect
        values = self._arguments(automation, node, effect)
        try:
            with self.surrounding.current(automation, caller):
                result = await _called(node.function, node.asynchronous, values)
            if (standing := caller.end()) is not Standing.ANSWERED:
                return _not_answered(node.name, standing, failing=caller.failing(effect.connection) is not None)
            confirmed = self._confirmed(node, result)
        except RAISED as error:  # the border to the author's code
            return _failed(error, caller.end(), failing=caller.failing(effect.connection) is not None)
        return confirmed

    async def _ask(self, automation: Automation, node: Node, job: Job, caller: ConnectionCaller) -> Outcome:
        act, effect = cast("Act", node.step), job.effect
        given = Effect(key=effect.key, attempt=effect.attempt, case=self._case(effect))
        function = cast("Callable[..., object]", act.reconcile)
        try:
            with self.surrounding.current(automation, caller):
                found = await _called(function, inspect.iscoroutinefunction(function), (given,))
        except RAISED as error:  # the border to the author's code
            failing = caller.failing(effect.connection) is not None
            return NoAnswer(words=said_of(error), failing=failing, after=_wait(error))
        if found is None:
            return NotThere()
        return self._confirmed(node, found)

    def _confirmed(self, node: Node, result: object) -> Confirmed:
        """What an effect gave, with its documents in the file store."""
        text = to_json(node.codec.encode(result)).decode() if node.codec is not None else "null"
        if not documents.may_hold(node.codec) or self.surrounding.library is None:
            return Confirmed(result=text)
        return Confirmed(result=text, documents=documents.put_all(self.surrounding.library.contents, result))

    def _case(self, effect: Permitted) -> Case:
        return Case(id=shown("C", effect.case), key=effect.case_key, now=self.clock.now())

    def _arguments(self, automation: Automation, node: Node, effect: Permitted) -> tuple[object, ...]:
        plan = self.served.plan_of(automation, node.name)
        given: dict[str, object] = from_json(effect.given) if effect.given else {}
        given |= {name: from_json(text) for name, text in effect.earlier.items()}
        values: list[object] = []
        for one in node.inputs:
            if one.special == "effect":
                values.append(Effect(key=effect.key, attempt=effect.attempt, case=self._case(effect)))
            elif one.special == "case":
                values.append(self._case(effect))
            else:
                values.append(_source(plan, one.sources, effect.record, given))
        return tuple(values)


_WORDS: Final[Mapping[type[Outcome], str]] = {
    Confirmed: "confirmed",
    NotDone: "not done",
    Refused: "refused",
    NotKnown: "unknown",
    NotThere: "not there",
    NoAnswer: "no answer",
}
"""What became of an attempt or a question, in a word."""


def _is_well(outcome: Outcome) -> bool:
    """Whether nothing failed; that it was not its turn is no failure."""
    return isinstance(outcome, Confirmed | NotThere) or (isinstance(outcome, NotDone) and outcome.throttled)


def _source(plan: Plan, sources: tuple[str, ...], record: str, given: dict[str, object]) -> object:
    for source in reversed(sources):
        if source == RECORD:
            return plan.record.decode_text(record)
        codec = plan.nodes[source].codec
        if source in given and codec is not None:
            return codec.decode(given[source])
    return None


async def _called(function: Callable[..., object] | None, asynchronous: bool, values: tuple[object, ...]) -> object:  # noqa: FBT001
    if function is None:  # pragma: no cover - the compiler gives every act its function
        msg = "an act without a function"
        raise TypeError(msg)
    if asynchronous:
        return await cast("Awaitable[object]", function(*values))
    return (await asyncio.to_thread(kept, function, *values))()


def _not_answered(step: str, standing: Standing, *, failing: bool) -> Outcome:
    """The step gave a value although its call was not answered: what it gave proves nothing."""
    caught = f"{step} went on although its call failed"
    match standing:
        case Standing.NOTHING:
            return Refused(words=f"{step} made no state-changing call; an effect makes exactly one.")
        case Standing.NOT_DONE:
            return NotDone(words=f"{caught}; nothing was done.", failing=failing)
        case Standing.REFUSED:
            return Refused(words=f"{caught}; the other side refused it.")
        case Standing.UNKNOWN | Standing.ANSWERED:
            return NotKnown(words=f"{caught}; it is not known whether it was done.", over=False, failing=failing)


def _failed(error: BaseException, standing: Standing, *, failing: bool) -> Outcome:
    words = said_of(error)
    match standing:
        case Standing.NOTHING if is_lost_server(
            error
        ):  # before the call, such as when the release of a secret is noted
            return NotDone(words="Our own database did not answer; nothing was sent.", throttled=True, after=SECOND)
        case Standing.NOTHING if isinstance(error, NoRoom):
            return NotDone(words=words, throttled=True, after=_wait(error))
        case Standing.NOTHING if failing or isinstance(error, CallNotDone):
            return NotDone(words=words, failing=failing)
        case Standing.NOTHING if isinstance(error, PilotageError) and not isinstance(error, MISUSE):
            # a secret or a setting that is missing here, a door that is shut: not the case's fault, so it waits
            return _ours(error)
        case Standing.NOT_DONE if isinstance(error, AddressRefused | DoorDisarmed):
            return _ours(error)
        case Standing.NOTHING | Standing.REFUSED:
            return Refused(words=words)
        case Standing.NOT_DONE:
            wait = _wait(error)
            asked = wait is not None and not isinstance(error, NoRoom)
            throttled = wait is not None or isinstance(error, NotSent)
            return NotDone(words=words, throttled=throttled, after=wait, asked=asked, failing=failing)
        case Standing.UNKNOWN | Standing.ANSWERED:
            # an answer came (whatever it said) or the step failed behind it: the other side acts no more
            over = standing is Standing.ANSWERED or getattr(error, "response", None) is not None
            return NotKnown(
                words=words if isinstance(error, OutcomeUnknown) else f"{words} (after the call was made)",
                over=over,
                failing=failing,
            )


def _ours(error: PilotageError) -> NotDone:
    """Nobody was asked, because of our own side: it waits until somebody mends that, and says how."""
    return NotDone(words=hide(with_remedy(error.what, error.remedy)), throttled=True, after=MEND)


def _wait(error: BaseException) -> int | None:
    after = getattr(error, "retry_after", None)
    return None if after is None else int(after * SECOND)
