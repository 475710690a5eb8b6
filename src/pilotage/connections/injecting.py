"""A client that is not ours: each of its requests becomes a call of the running step, with all that belongs to one.

Where it could not be carried, the client gets its own library's exception, and the step's failure is ours all the same.
"""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, NoReturn, Protocol, cast

from pilotage.authoring.asking import Price
from pilotage.authoring.failures import Failure, MalformedResponse, UnknownOutcome
from pilotage.authoring.ports import Call, Caller, Method, surroundings
from pilotage.authoring.settings import UsedOutside
from pilotage.connections.accounts import Account
from pilotage.connections.errors import AnotherOrigin, NotDone, SecondCall
from pilotage.connections.usage import used_in
from pilotage.kernel.errors import PilotageError
from pilotage.machinery.net.errors import MayHaveLeft, NeverLeft, TookTooLong
from pilotage.machinery.net.masking import hide, hide_bytes
from pilotage.machinery.net.messages import Answer, Origin, Outgoing

_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_PORTS: Final = {"http": 80, "https": 443}
_PLATFORMS: Final = frozenset({"accept", "user-agent", "content-type"})
"""Headers that we set where the other client says nothing."""
_CREDENTIALS: Final = (
    "authorization",
    "proxy-authorization",
    "x-api-key",
    "api-key",
    "x-goog-api-key",
    "ocp-apim-subscription-key",
    "x-auth-token",
    "x-access-token",
    "cookie",
)
"""Headers in which libraries send what they were given for a key: it goes nowhere, whatever the connection has."""
_NO_MORE: Final = {"x-should-retry": "false"}
"""Some clients keep to it: who tries again is not theirs to decide."""


class Carries(Caller, Protocol):
    """What a client that is not ours needs of a step's caller."""

    async def exchange(
        self, account: Account, call: Call, finish: Callable[[Outgoing], Outgoing]
    ) -> tuple[Answer, Failure | None]:
        """Make the call; the answer, whatever its status, and the failure that it is. Raises as `call` where there is none."""
        ...


class _Troubles:
    """How the calls of other clients failed, in our words, until one that began later is answered."""

    def __init__(self) -> None:
        self.last: Exception | None = None

    def note(self, error: Exception) -> None:
        """A call failed. One that was refused because it would have been the second says nothing of the first."""
        if self.last is None or not isinstance(error, SecondCall):
            self.last = error

    def answered(self, since: Exception | None) -> None:
        """A call was answered, which began when that was the last trouble."""
        if self.last is since:
            self.last = None


_troubles: Final[ContextVar[_Troubles | None]] = ContextVar("troubles", default=None)


@contextmanager
def in_our_words() -> Generator[None]:
    """What another library raises in this block because a call of its client failed comes out as the failure behind it."""
    noted = _Troubles()
    token = _troubles.set(noted)
    try:
        yield
    except Exception as error:
        if noted.last is None or isinstance(error, PilotageError):
            raise
        raise noted.last from error
    finally:
        _troubles.reset(token)


@dataclass(frozen=True, kw_only=True)
class Injected:
    """Sends what a client that is not ours wants to send."""

    caller: Carries
    account: Account
    reads: bool
    step: str
    reserve: Mapping[str, float] = field(default_factory=dict[str, float])
    """What each request takes at most, by unit."""
    price: Price | None = None

    async def send(self, request: Outgoing) -> Answer:
        """The answer, whatever its status; NeverLeft or MayHaveLeft in the place of every failure, ours included."""
        around = surroundings.get()
        if around is None or around.caller is not self.caller:
            what = f"The client of {self.account.name} for {self.step}"
            raise UsedOutside(what)
        troubles = _troubles.get() or _Troubles()
        before = troubles.last
        try:
            call = self._call(request)
            answer, failure = await self.caller.exchange(self.account, call, lambda ours: _merged(ours, request))
        except Exception as error:  # noqa: BLE001 - told again in words of the other library, and kept as it is
            troubles.note(error)
            _tell(error)
        if failure is None:
            troubles.answered(before)
            return _without_credentials(answer)
        troubles.note(failure)
        answer = _without_credentials(answer)
        return replace(answer, headers={**answer.headers, **_NO_MORE})

    def _call(self, request: Outgoing) -> Call:
        path = _below(self.account.origin, request)
        if path is None:
            raise AnotherOrigin(
                f"{self.step} tried to call {request.origin} through {self.account.name}, which is at {self.account.origin}.",
                "Give the client the connection's address: base_url=str(client.base_url).",
            )
        reads = request.method in _READING or (self.reads and request.method == "POST")
        return Call(
            method=cast("Method", request.method),
            path=path,
            body=request.body,
            raw=True,
            reads=reads,
            reserve=self.reserve,
            used=partial(used_in, reserve=self.reserve, price=self.price) if self.reserve else None,
        )


def _tell(error: Exception) -> NoReturn:
    """Tell what is known in the three words that the other library has; of ours it gets no more than words."""
    words = hide(getattr(error, "what", "") or str(error) or type(error).__name__)
    if isinstance(error, NotDone) and error.timed_out:
        raise TookTooLong(words) from None
    if isinstance(error, UnknownOutcome | MalformedResponse):
        raise MayHaveLeft(words) from None
    raise NeverLeft(words) from None


def _below(origin: Origin, request: Outgoing) -> str | None:
    """The path below the base URL, or None where it is another place."""
    there = request.origin
    if (there.scheme, there.host.lower(), _port(there)) != (origin.scheme, origin.host.lower(), _port(origin)):
        return None
    if not request.path.startswith(f"{origin.prefix}/"):
        return None
    return request.path[len(origin.prefix) :]


def _port(origin: Origin) -> int | None:
    return origin.port or _PORTS.get(origin.scheme)


def _merged(ours: Outgoing, theirs: Outgoing) -> Outgoing:
    """The client's request with all that is ours in it: credential, key and signature are never the client's."""
    given = {name.lower(): value for name, value in theirs.headers.items()}
    mine = {
        name: value
        for name, value in ours.headers.items()
        if not (name.lower() in _PLATFORMS and name.lower() in given)
    }
    for name in (*mine, *_CREDENTIALS):
        given.pop(name.lower(), None)
    return replace(ours, query=theirs.query, headers={**given, **mine})


def _without_credentials(answer: Answer) -> Answer:
    """The answer as another client may see it: what a service gives back of a credential is taken out."""
    headers = {name: hide(value) for name, value in answer.headers.items()}
    return replace(answer, headers=headers, body=hide_bytes(answer.body))
