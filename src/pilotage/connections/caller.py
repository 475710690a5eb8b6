"""Carries the calls of one running step: adds what belongs to them, lets one act go, and tells what became of each."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Generator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Final

from pilotage.authoring.asking import Price
from pilotage.authoring.errors import ConnectionNotNamed
from pilotage.authoring.failures import (
    Failure,
    MalformedResponse,
    PermanentFailure,
    TransientFailure,
    UnknownOutcome,
)
from pilotage.authoring.ports import Call, Permit
from pilotage.authoring.settings import UsedOutside
from pilotage.connections.accounts import Account, Credentials, request
from pilotage.connections.came import NO_ANSWER, STANDINGS, Came, came_of, heard_of, used_of
from pilotage.connections.counting import scaled
from pilotage.connections.errors import (
    AnswerMalformed,
    ConnectionAway,
    HeldBack,
    NoRoom,
    NotDone,
    NotSent,
    OnlyReads,
    OutcomeUnknown,
    Refused,
    SecondCall,
)
from pilotage.connections.giving_away import refuse_giving_away
from pilotage.connections.injecting import Injected
from pilotage.connections.leasing import Held, Leases
from pilotage.connections.limiting import Ask
from pilotage.connections.remembering import raw_response
from pilotage.connections.repeating import is_repeat
from pilotage.connections.sorting import (
    Cut,
    NeverSent,
    Seen,
    Verdict,
    sort_acting,
    sort_reading,
)
from pilotage.connections.standing import CALLS
from pilotage.connections.telling import Telling
from pilotage.connections.tracing import TOO_LATE, Tells, told, told_permit
from pilotage.connections.values import EffectGuard, Heard, RawResponse, Standing
from pilotage.connections.watching import Watches
from pilotage.kernel.clock import Clock
from pilotage.kernel.errors import PilotageError
from pilotage.machinery.net.departure import Departure
from pilotage.machinery.net.door import Door
from pilotage.machinery.net.errors import MayHaveLeft, NeverLeft, TookTooLong, TooLate
from pilotage.machinery.net.messages import Answer, Outgoing

if TYPE_CHECKING:
    import httpx2

_PERMITS: Final = 3
"""How often a reading call takes a permit: another one where the process stood still until the last was over."""


class ConnectionCaller:
    """The `Caller` of one running step. An effect has a guard; a step without one only reads."""

    def __init__(
        self,
        *,
        step: str,
        through: Collection[str],
        guard: EffectGuard | None,
        account: Callable[[str], Account],
        credentials: Credentials,
        clock: Clock,
        door: Door,
        watch: Watches | None = None,
        probe: bool = False,
        gated: bool = False,
        leases: Leases | None = None,
        telemetry: Tells = None,
    ) -> None:
        self._step = step
        self._through = frozenset(through)
        self._guard = guard
        self._account = account
        self._credentials = credentials
        self._clock = clock
        self._probe = probe
        self._gate = watch if gated else None
        self._leases = leases
        self._telling = Telling(credentials=credentials, clock=clock, watch=watch, gate=self._gate, leases=leases)
        self._telemetry = telemetry
        self._door = door
        self._standing = Standing.NOTHING
        self._acting = self._over = False
        self._failed_before: dict[int, Failure] = {}
        """The reading calls of this step that failed and were not answered since."""
        self.response: RawResponse | None = None
        """What the other side said to the last call that failed, whatever the step makes of it."""

    def failing(self, connection: str) -> Heard | None:
        """How the other side failed at the last call of this step, or None."""
        return self._telling.failing.get(connection)

    @property
    def standing(self) -> Standing:
        """How the step's one state-changing call stands, whatever the step itself says or raises afterwards."""
        return self._standing

    async def call(self, connection: str, call: Call) -> object:
        """Make the call and give its answer as the model it must be; raises what `connections.errors` names."""
        account = self._named(connection)
        verdict, seen = await self._carry(account, call, lambda outgoing: outgoing)
        if verdict in {Verdict.ANSWERED, Verdict.ABSENT}:
            self._failed_before.pop(_same(account, call), None)
            return seen.value if verdict is Verdict.ANSWERED else None
        raise self._failure(account, call, verdict, seen)

    def client(
        self, connection: str, *, reads: bool, reserve: Mapping[str, float], price: Price | None
    ) -> "httpx2.AsyncClient":
        """A client for a library that takes one; each of its requests is a call of this step."""
        account = self._named(connection)
        from pilotage.machinery.net.injection import httpx2_client  # noqa: PLC0415 - for those who hand it to a library

        sender = Injected(
            caller=self, account=account, reads=reads, step=self._step, reserve=dict(reserve), price=price
        )
        return httpx2_client(sender.send, base_url=str(account.origin), seconds=account.longest)

    async def exchange(
        self, account: Account, call: Call, finish: Callable[[Outgoing], Outgoing]
    ) -> tuple[Answer, Failure | None]:
        """Make a call of a client that is not ours: its answer, whatever its status, and the failure that it is."""
        verdict, seen = await self._carry(account, call, finish)
        failure = None if verdict is Verdict.ANSWERED else self._failure(account, call, verdict, seen)
        if failure is not None and (seen.answer is None or seen.answer.fault is not None):
            raise failure
        assert seen.answer is not None
        return seen.answer, failure

    async def _carry(
        self, account: Account, call: Call, finish: Callable[[Outgoing], Outgoing]
    ) -> tuple[Verdict, Came]:
        """Send it, once more where the credential was not accepted and its source has another one."""
        if not call.changes:
            with _at(account.name):
                return await self._carried(account, call, finish)
        with self._one_act(account.name):
            return await self._carried(account, call, finish)

    async def _carried(
        self, account: Account, call: Call, finish: Callable[[Outgoing], Outgoing]
    ) -> tuple[Verdict, Came]:
        acting = call.changes
        await self._read_secrets(account)
        outgoing = finish(self._outgoing(account, call))
        refuse_giving_away(account, outgoing, self._credentials)
        seen = await (self._act(account, call, outgoing) if acting else self._read(account, call, outgoing))
        verdict = self._verdict(account, call, seen.what)
        if acting:
            self._standing = STANDINGS[verdict]
        if verdict is Verdict.CREDENTIAL:
            fresh = await self._fresh_outgoing(account, call, outgoing)
            if fresh is None:
                verdict = Verdict.REFUSED
            elif acting:
                verdict = Verdict.NOT_DONE  # the next attempt is the ledger's; it finds the new value
            else:
                seen = await self._read(account, call, finish(fresh))
                verdict = self._verdict(account, call, seen.what)
            if acting:
                self._standing = STANDINGS[verdict]
        return verdict, seen

    def permit(
        self, connection: str, weight: int, reserve: Mapping[str, float], /
    ) -> AbstractAsyncContextManager[Permit]:
        """Leave to call the connection with a client that is not ours. In an effect this is its one act."""
        account = self._named(connection)
        amounts = {CALLS: max(0, weight), **scaled(reserve)}
        return self._acting_permit(account, amounts) if self._guard is not None else self._permit(account, amounts)

    @asynccontextmanager
    async def _permit(self, account: Account, amounts: Mapping[str, int]) -> AsyncGenerator[Permit]:
        """What is asked for, as soon as there is room; it comes back when the block ends."""
        given, probe = _Given(), self._probe
        self._door.pass_through("PERMIT", str(account.origin), reads=self._guard is None)
        if self._gate is not None:
            probe = await self._gate.enter(account.name, seconds=account.longest)
            if not probe and is_repeat():
                await self._gate.repeat(account.name)
        held = await self._held(account, Ask(amounts=amounts), None)
        try:
            with told_permit(self._telemetry, account, self._step, held), self._foreign(account, probe=probe):
                yield given
        finally:
            if held is not None:
                held.over(sent=True, used=given.amounts)
            if self._gate is not None:
                await self._gate.settle(account.name)

    @asynccontextmanager
    async def _acting_permit(self, account: Account, amounts: Mapping[str, int]) -> AsyncGenerator[Permit]:
        beyond = {**amounts, CALLS: max(0, amounts[CALLS] - self._counted)}
        with self._one_act(account.name):
            async with self._permit(account, beyond) as given:
                self._refuse_late(account.name)
                self._standing = Standing.UNKNOWN
                try:
                    yield given
                except TransientFailure:
                    self._standing = Standing.NOT_DONE
                    raise
                except PermanentFailure:
                    self._standing = Standing.REFUSED
                    raise
                self._standing = Standing.ANSWERED

    def _refuse_late(self, connection: str) -> None:
        """Leave to act that came too late is none."""
        self._refuse_over(connection)
        try:
            self._departure().check()
        except TooLate as late:
            what = late.what
        else:
            return
        self._standing = Standing.NOT_DONE
        raise NotSent(f"{self._step} did not call {connection}. {what}")

    @contextmanager
    def _foreign(self, account: Account, *, probe: bool) -> Generator[None]:
        """What a client that is not ours raises says how the other side does, if it is one of our failures."""
        try:
            yield
        except (ConnectionAway, NoRoom, NotSent):  # nobody was asked
            raise
        except (TransientFailure, UnknownOutcome):
            self._telling.told(account, Heard.DOWN, f"{self._step} says so.", probe=probe)
            raise
        except MalformedResponse:
            self._telling.told(account, Heard.DIFFERS, f"{self._step} says so.", probe=probe)
            raise
        except PermanentFailure:
            self._telling.told(account, Heard.REFUSED, f"{self._step} says so.", probe=probe)
            raise
        self._telling.told(account, Heard.ANSWERED, "", probe=probe)

    async def _held(self, account: Account, ask: Ask, wait: float | None) -> Held | None:
        """What a call needs of the account's limits; None where nothing is counted. An act waits no longer than it may leave."""
        if self._leases is None or not any(ask.amounts.values()):
            return None
        wait = account.longest if wait is None else wait
        if self._guard is not None and self._guard.send_by is not None:
            wait = max(0.0, min(wait, self._guard.send_by - self._clock.monotonic()))
        return await self._leases.hold(account.name, ask, wait=wait, longest=account.longest)

    # -- what a step may do ------------------------------------------------------

    def _named(self, connection: str) -> Account:
        if connection not in self._through:
            raise ConnectionNotNamed(self._step, connection)
        with _at(connection):
            return self._account(connection)

    @contextmanager
    def _one_act(self, connection: str) -> Generator[None]:
        """The step's one act. It is taken before anything is waited for, so that of two begun together one goes."""
        self._may_act(connection)
        self._acting = True
        try:
            yield
        finally:
            self._acting = False  # whether it left stands in `standing`; one that never got so far may be tried again

    def _may_act(self, connection: str) -> None:
        self._refuse_over(connection)
        if self._guard is None:
            raise OnlyReads(
                f"{self._step} tried to change something through {connection}, but it may only read.",
                "Make the call in a step that is an @act, so that it happens once and can be undone.",
            )
        if self._acting or self._standing is not Standing.NOTHING:
            raise SecondCall(
                f"{self._step} tried a second state-changing call, through {connection}.",
                "Two calls are two effects: make a step of its own for each, so that each is sent once and undone alone.",
            )

    def _refuse_over(self, connection: str) -> None:
        if self._over:
            what = f"{connection}, for an act of {self._step} that was left behind,"
            raise UsedOutside(what)

    def end(self) -> Standing:
        """The step is over: no act begins any more, whatever it left behind. How its one act stands."""
        self._over = True
        return self._standing

    def _whose(self, said: Mapping[str, str]) -> Mapping[str, str]:
        """Whose call it is: as the call says, else an effect's is its case's."""
        return said or ({} if self._guard is None else self._guard.segment)

    @property
    def _counted(self) -> int:
        """How many calls were taken from the limits with the permission to send."""
        return int(self._guard is not None and self._guard.counted)

    def _departure(self) -> Departure:
        guard = self._guard
        return Departure(send_by=guard.send_by if guard else None, monotonic=self._clock.monotonic)

    # -- on the way --------------------------------------------------------------

    def _outgoing(self, account: Account, call: Call) -> Outgoing:
        return request(account, call, self._credentials, self._guard, at=int(self._clock.now().timestamp()))

    async def _read_secrets(self, account: Account) -> None:
        """Read in a thread what this process does not hold yet, so that other steps go on."""
        names = (account.secret, account.signing)
        missing = [name for name in names if name is not None and not self._credentials.holds(name)]
        for name in missing:
            await asyncio.to_thread(self._credentials.held, name)

    async def _fresh_outgoing(self, account: Account, call: Call, used: Outgoing) -> Outgoing | None:
        """The same call with the credential as its source gives it now, or None if there is no other one."""
        if account.secret is None:
            return None
        await asyncio.to_thread(self._credentials.read_again, account.secret)
        fresh = self._outgoing(account, call)
        header = account.credential_header
        return fresh if fresh.headers[header] != used.headers[header] else None

    async def _act(self, account: Account, call: Call, outgoing: Outgoing) -> Came:
        """Send the one state-changing call. However it ends, `standing` says what is known."""
        amounts = {**scaled(call.reserve), CALLS: 1 - self._counted}
        held = await self._held(account, Ask(amounts=amounts, segment=self._whose(call.segment)), call.wait_at_most)
        if self._over and held is not None:
            held.over(sent=False)
        self._refuse_over(account.name)
        leaving = self._departure()
        self._standing = Standing.UNKNOWN
        try:
            return await self._under(held, account, call, outgoing, leaving, probe=self._probe)
        except BaseException:
            if not leaving.left:
                self._standing = Standing.NOT_DONE
            raise

    async def _read(self, account: Account, call: Call, outgoing: Outgoing) -> Came:
        """Send a call that changes nothing, as soon as the account's limits have room for it.

        Where nobody else has looked whether the other side works, it does so here, and waits where it does not.
        """
        probe = self._probe
        before = self._failed_before.get(_same(account, call))
        if self._gate is not None:
            probe = await self._gate.enter(account.name, seconds=account.longest)
            if not probe and (before is not None or is_repeat()):
                await self._repeat(self._gate, account.name, before)
        ask = Ask(amounts={CALLS: 1, **scaled(call.reserve)}, segment=self._whose(call.segment))
        tries = _PERMITS
        while True:
            tries -= 1
            held = await self._held(account, ask, call.wait_at_most)
            by = None if held is None else held.send_by
            leaving = Departure(send_by=by, monotonic=self._clock.monotonic)
            seen = await self._under(held, account, call, outgoing, leaving, probe=probe)
            if not seen.late or not tries:
                return seen

    @staticmethod
    async def _repeat(gate: Watches, connection: str, before: Failure | None) -> None:
        """Leave to make a call again. What failed a moment ago in this very step fails as it did, where there is none."""
        try:
            await gate.repeat(connection)
        except HeldBack:
            if before is not None:
                raise before from None
            raise

    async def _under(
        self, held: Held | None, account: Account, call: Call, outgoing: Outgoing, leaving: Departure, *, probe: bool
    ) -> Came:
        """Send it under what it holds of the account's limits, which comes back however it ends."""
        seen = NO_ANSWER
        try:
            with told(self._telemetry, account, outgoing, self._step, self._guard, held) as it:
                seen = await self._send(account, call, it.outgoing, leaving)
                it.came(TOO_LATE if seen.late else heard_of(account, call, seen), seen.answer)
        finally:
            if held is not None:
                held.over(sent=leaving.left, used=used_of(account, call, seen))
        await self._telling.hear(account, call, seen, probe=probe)
        return seen

    async def _send(self, account: Account, call: Call, outgoing: Outgoing, leaving: Departure) -> Came:
        try:
            answer = await account.client.send(outgoing, leaving)
        except NeverLeft as error:
            return Came(what=NeverSent(), words=error.what, late=isinstance(error, TooLate))
        except MayHaveLeft as error:
            return Came(what=Cut(), words=error.what, timed_out=isinstance(error, TookTooLong))
        self._telling.learn(account, answer)
        return came_of(call, answer)

    # -- what became of it -------------------------------------------------------

    def _verdict(self, account: Account, call: Call, seen: Seen) -> Verdict:
        if not call.changes:
            return sort_reading(seen, account.not_done, absent_is_none=call.absent_is_none)
        return sort_acting(
            seen, account.not_done, repeats_unknown=self._guard is not None and self._guard.repeats_unknown
        )

    def _failure(self, account: Account, call: Call, verdict: Verdict, seen: Came) -> Failure:
        failure = self._failed(account, call, verdict, seen)
        if isinstance(failure, NotDone | AnswerMalformed) and self._gate is not None:
            failure.unanswered = account.name if self._gate.nobody_answers(account.name) else None
            self._failed_before[_same(account, call)] = failure
        return failure

    def _failed(self, account: Account, call: Call, verdict: Verdict, seen: Came) -> Failure:
        redactor = self._credentials.thorough()
        said = "" if seen.late else f"{heard_of(account, call, seen).value}. "
        words = redactor.text(f"{account.name}: {said}{call.method} {call.path}: {seen.words}")
        response = self.response = raw_response(seen.answer, redactor) if seen.answer is not None else None
        if not call.changes and self._standing in {Standing.ANSWERED, Standing.UNKNOWN}:
            return OutcomeUnknown(f"{words} The step had acted before, so it is not known as done.", response=response)
        if self._gate is not None and not seen.late and heard_of(account, call, seen).fails:
            away = self._gate.away(account.name)
            if away is not None:
                return away.after_call(words, response)
        match verdict:
            case Verdict.NOT_DONE | Verdict.CREDENTIAL:
                if seen.late:
                    return NotSent(words)
                return NotDone(
                    words, retry_after=self._telling.wait(seen.answer), response=response, timed_out=seen.timed_out
                )
            case Verdict.REFUSED:
                return Refused(words, response=response)
            case Verdict.MALFORMED:
                return AnswerMalformed(words, response=response)
            case Verdict.UNKNOWN | Verdict.ANSWERED | Verdict.ABSENT:
                return OutcomeUnknown(f"{words} It is not known whether it was done.", response=response)


@contextmanager
def _at(connection: str) -> Generator[None]:
    """What is missing on our own side is known to be missing for this connection."""
    try:
        yield
    except PilotageError as error:
        vars(error).setdefault("connection", connection)
        raise


def _same(account: Account, call: Call) -> int:
    """The same for calls that ask the same."""
    return hash((account.name, call.method, call.path, repr(call.params), repr(call.body)))


class _Given:
    """A permit, and what was used of it."""

    def __init__(self) -> None:
        self.amounts: dict[str, int] = {}

    def used(self, amounts: Mapping[str, float], /) -> None:
        """What was used of what was reserved, by unit."""
        self.amounts = scaled(amounts)
