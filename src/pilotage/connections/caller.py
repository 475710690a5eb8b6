"""Carries the calls of one running step: adds what belongs to them, lets one act go, and tells what became of each."""

from collections.abc import AsyncGenerator, Callable, Collection, Generator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Final, Protocol

from pilotage.authoring.errors import ConnectionNotNamed
from pilotage.authoring.failures import (
    Failure,
    MalformedResponse,
    PermanentFailure,
    TransientFailure,
    UnknownOutcome,
)
from pilotage.authoring.ports import Call, Permit
from pilotage.connections.accounts import Account, Credentials, request
from pilotage.connections.bodies import ContractBroken, decode
from pilotage.connections.errors import (
    AnswerMalformed,
    NotDone,
    NotSent,
    OnlyReads,
    OutcomeUnknown,
    Refused,
    SecondCall,
)
from pilotage.connections.sorting import (
    Answered,
    Cut,
    NeverSent,
    Seen,
    Verdict,
    heard,
    seconds_to_wait,
    sort_acting,
    sort_reading,
)
from pilotage.connections.values import EffectGuard, Heard, RawResponse, Standing
from pilotage.kernel.clock import Clock
from pilotage.machinery.net.departure import Departure
from pilotage.machinery.net.errors import MayHaveLeft, NeverLeft, TooLate
from pilotage.machinery.net.messages import Answer, Outgoing
from pilotage.machinery.net.redaction import Redactor, redact_headers

_SAID: Final = 300
"""Characters of what was heard that are kept for everybody."""
_KEPT: Final = 64 * 1024
"""Bytes of a raw response that are kept for diagnosis."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Seen:
    """What came of sending once."""

    what: Seen
    words: str
    answer: Answer | None = None
    value: object = field(default=None, repr=False)
    late: bool = False


class Watches(Protocol):
    """Who is told what the other side did, and says whether it is left alone."""

    def hear(self, connection: str, heard: Heard, words: str = "", *, probe: bool = False) -> None:
        """Note what came of a call."""
        ...


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
        watch: Watches | None = None,
        probe: bool = False,
    ) -> None:
        self._step = step
        self._through = frozenset(through)
        self._guard = guard
        self._account = account
        self._credentials = credentials
        self._clock = clock
        self._watch = watch
        self._probe = probe
        self._failing: dict[str, Heard] = {}
        self._standing = Standing.NOTHING

    def failing(self, connection: str) -> Heard | None:
        """How the other side failed at the last call of this step, or None."""
        return self._failing.get(connection)

    @property
    def standing(self) -> Standing:
        """How the step's one state-changing call stands, whatever the step itself says or raises afterwards."""
        return self._standing

    async def call(self, connection: str, call: Call) -> object:
        """Make the call and give its answer as the model it must be; raises what `connections.errors` names."""
        account = self._named(connection)
        acting = call.changes
        if acting:
            self._may_act(connection)
        outgoing = request(account, call, self._credentials, self._guard)
        seen = await self._act(account, call, outgoing) if acting else await self._send(account, call, outgoing, None)
        verdict = self._verdict(account, call, seen.what)
        if acting:
            self._standing = _STANDINGS[verdict]
        if verdict is Verdict.CREDENTIAL:
            fresh = self._fresh_outgoing(account, call, outgoing)
            if fresh is None:
                verdict = Verdict.REFUSED
            elif acting:
                verdict = Verdict.NOT_DONE  # the next attempt is the ledger's; it finds the new value
            else:
                seen = await self._send(account, call, fresh, None)
                verdict = self._verdict(account, call, seen.what)
            if acting:
                self._standing = _STANDINGS[verdict]
        if verdict in {Verdict.ANSWERED, Verdict.ABSENT}:
            return seen.value if verdict is Verdict.ANSWERED else None
        raise self._failure(account, call, verdict, seen)

    def permit(
        self, connection: str, weight: int, reserve: Mapping[str, float], /
    ) -> AbstractAsyncContextManager[Permit]:
        """Leave to call the connection with a client that is not ours. In an effect this is its one act.

        A permit is given at once, unless the time to send is over.
        """
        del weight, reserve
        account = self._named(connection)
        return self._acting_permit(account) if self._guard is not None else self._reading_permit(account)

    @asynccontextmanager
    async def _reading_permit(self, account: Account) -> AsyncGenerator[Permit]:
        with self._foreign(account):
            yield _AtOnce()

    @asynccontextmanager
    async def _acting_permit(self, account: Account) -> AsyncGenerator[Permit]:
        self._may_act(account.name)
        try:
            self._departure().check()
        except TooLate as late:
            what = late.what
        else:
            what = None
        if what is not None:
            self._standing = Standing.NOT_DONE
            raise NotSent(f"{self._step} did not call {account.name}. {what}")
        self._standing = Standing.UNKNOWN
        with self._foreign(account):
            try:
                yield _AtOnce()
            except TransientFailure:
                self._standing = Standing.NOT_DONE
                raise
            except PermanentFailure:
                self._standing = Standing.REFUSED
                raise
            self._standing = Standing.ANSWERED

    @contextmanager
    def _foreign(self, account: Account) -> Generator[None]:
        """What a client that is not ours raises says how the other side does, if it is one of our failures."""
        try:
            yield
        except (TransientFailure, UnknownOutcome):
            self._told(account, Heard.DOWN, f"{self._step} says so.")
            raise
        except MalformedResponse:
            self._told(account, Heard.DIFFERS, f"{self._step} says so.")
            raise
        except PermanentFailure:
            self._told(account, Heard.REFUSED, f"{self._step} says so.")
            raise
        self._told(account, Heard.ANSWERED, "")

    # -- what a step may do ------------------------------------------------------

    def _named(self, connection: str) -> Account:
        if connection not in self._through:
            raise ConnectionNotNamed(self._step, connection)
        return self._account(connection)

    def _may_act(self, connection: str) -> None:
        if self._guard is None:
            raise OnlyReads(
                f"{self._step} tried to change something through {connection}, but it may only read.",
                "Make the call in a step that is an @act, so that it happens once and can be undone.",
            )
        if self._standing is not Standing.NOTHING:
            raise SecondCall(
                f"{self._step} tried a second state-changing call, through {connection}.",
                "Two calls are two effects: make a step of its own for each, so that each is sent once and undone alone.",
            )

    def _departure(self) -> Departure:
        guard = self._guard
        return Departure(send_by=guard.send_by if guard else None, monotonic=self._clock.monotonic)

    # -- on the way --------------------------------------------------------------

    def _fresh_outgoing(self, account: Account, call: Call, used: Outgoing) -> Outgoing | None:
        """The same call with the credential as its source gives it now, or None if there is no other one."""
        if account.secret is None:
            return None
        self._credentials.read_again(account.secret)
        fresh = request(account, call, self._credentials, self._guard)
        return fresh if fresh.headers["Authorization"] != used.headers["Authorization"] else None

    async def _act(self, account: Account, call: Call, outgoing: Outgoing) -> _Seen:
        """Send the one state-changing call. However it ends, `standing` says what is known."""
        leaving = self._departure()
        self._standing = Standing.UNKNOWN
        try:
            return await self._send(account, call, outgoing, leaving)
        except BaseException:
            if not leaving.left:
                self._standing = Standing.NOT_DONE
            raise

    async def _send(self, account: Account, call: Call, outgoing: Outgoing, leaving: Departure | None) -> _Seen:
        if leaving is None:  # a reading call may leave at any time
            leaving = Departure(send_by=None, monotonic=self._clock.monotonic)
        try:
            answer = await account.client.send(outgoing, leaving)
        except NeverLeft as error:
            seen = _Seen(what=NeverSent(), words=error.what, late=isinstance(error, TooLate))
        except MayHaveLeft as error:
            seen = _Seen(what=Cut(), words=error.what)
        else:
            seen = self._answered(call, answer)
        self._hear(account, call, seen)
        return seen

    def _hear(self, account: Account, call: Call, seen: _Seen) -> None:
        if not seen.late:  # nobody was asked
            self._told(account, heard(seen.what, account.not_done, absent_is_none=call.absent_is_none), seen.words)

    def _told(self, account: Account, what: Heard, words: str) -> None:
        if what.fails:
            self._failing[account.name] = what
        else:
            self._failing.pop(account.name, None)
        if self._watch is None:
            return
        said = ""
        if what is not Heard.ANSWERED:
            said = Redactor(secret.reveal() for secret in self._credentials.known()).text(words)[:_SAID]
        self._watch.hear(account.name, what, said, probe=self._probe)

    def _answered(self, call: Call, answer: Answer) -> _Seen:
        wait = answer.headers.get("retry-after") is not None
        words = f"It answered {answer.status}."
        if not 200 <= answer.status < 300:
            return _Seen(what=Answered(status=answer.status, retry_after=wait), words=words, answer=answer)
        broken = answer.fault if call.expect is not None else None
        value: object = None
        if broken is None:
            try:
                kind = answer.headers.get("content-type", "")
                value = decode(answer.body, kind, call.expect, absent_is_none=call.absent_is_none)
            except ContractBroken as error:
                broken = error.what
        if broken is not None:
            words = f"It answered {answer.status}, but {broken}."
        what = Answered(status=answer.status, holds=broken is None, retry_after=wait)
        return _Seen(what=what, words=words, answer=answer, value=value)

    # -- what became of it -------------------------------------------------------

    def _verdict(self, account: Account, call: Call, seen: Seen) -> Verdict:
        if not call.changes:
            return sort_reading(seen, account.not_done, absent_is_none=call.absent_is_none)
        return sort_acting(
            seen, account.not_done, repeats_unknown=self._guard is not None and self._guard.repeats_unknown
        )

    def _failure(self, account: Account, call: Call, verdict: Verdict, seen: _Seen) -> Failure:
        redactor = Redactor(secret.reveal() for secret in self._credentials.known())
        words = redactor.text(f"{account.name}: {call.method} {call.path}. {seen.words}")
        response = _raw(seen.answer, redactor) if seen.answer is not None else None
        if not call.changes and self._standing in {Standing.ANSWERED, Standing.UNKNOWN}:
            return OutcomeUnknown(f"{words} The step had acted before, so it is not known as done.", response=response)
        match verdict:
            case Verdict.NOT_DONE | Verdict.CREDENTIAL:
                if seen.late:
                    return NotSent(words)
                return NotDone(words, retry_after=self._wait(seen.answer), response=response)
            case Verdict.REFUSED:
                return Refused(words, response=response)
            case Verdict.MALFORMED:
                return AnswerMalformed(words, response=response)
            case Verdict.UNKNOWN | Verdict.ANSWERED | Verdict.ABSENT:
                return OutcomeUnknown(f"{words} It is not known whether it was done.", response=response)

    def _wait(self, answer: Answer | None) -> float | None:
        if answer is None:
            return None
        headers = answer.headers
        return seconds_to_wait(headers.get("retry-after"), date=headers.get("date"), now=self._clock.now())


class _AtOnce:
    """A permit that nothing is counted against."""

    def used(self, amounts: Mapping[str, float], /) -> None:
        """Nothing was reserved."""


_STANDINGS: Final = {
    Verdict.ANSWERED: Standing.ANSWERED,
    Verdict.ABSENT: Standing.ANSWERED,
    Verdict.NOT_DONE: Standing.NOT_DONE,
    Verdict.CREDENTIAL: Standing.NOT_DONE,
    Verdict.REFUSED: Standing.REFUSED,
    Verdict.UNKNOWN: Standing.UNKNOWN,
    Verdict.MALFORMED: Standing.UNKNOWN,
}


def _raw(answer: Answer, redactor: Redactor) -> RawResponse:
    body = redactor.body(answer.body)
    headers = tuple((name, redactor.text(value)) for name, value in redact_headers(answer.headers))
    return RawResponse(
        status=answer.status,
        headers=headers,
        body=body[:_KEPT],
        truncated=len(body) > _KEPT or answer.fault is not None,
    )
