"""An outside account, and the calls that a step makes through it."""

import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar, Final, TypeAlias, cast
from urllib.parse import urlsplit

from pydantic import BaseModel
from typing_extensions import TypeVar

from pilotage.authoring.asking import Price
from pilotage.authoring.codes import finding
from pilotage.authoring.contract_check import ContractCheck
from pilotage.authoring.findings import DefinitionError
from pilotage.authoring.limits import Breaker, Quota, Rate, Window
from pilotage.authoring.location import here
from pilotage.authoring.names import refuse_name
from pilotage.authoring.ports import Call, Caller, Method, Permit, surroundings
from pilotage.authoring.settings import Secret, Setting, UsedOutside
from pilotage.authoring.spans import span
from pilotage.kernel.durations import Duration

if TYPE_CHECKING:
    import httpx2

M = TypeVar("M", bound=BaseModel)
Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"
_KEY_HEADER: Final = "Idempotency-Key"
_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_NOT_FOR_CREDENTIALS: Final = {
    *(
        "host",
        "content-length",
        "content-type",
        "transfer-encoding",
        "connection",
        "upgrade",
        "te",
        "trailer",
        "expect",
    ),
    *("idempotency-key", "traceparent", "tracestate"),
}
"""Headers that say something else, and are written by whoever sends."""


class Connection:
    """An outside account, shared by every worker and automation that names it.

    What it declares is data; the running step carries the calls, under the account's limits and breaker.
    """

    user_in_url: ClassVar[bool] = False
    """Whether a name before the host is no credential, as it is in the address of a database."""

    def __init__(
        self,
        name: str,
        /,
        *,
        base_url: str | Setting[str],
        credential: Secret | None = None,
        limits: Sequence[Rate | Quota | Window] = (),
        timeout: timedelta | str = "10s",
        idempotency_header: str | None = _KEY_HEADER,
        signing: Secret | None = None,
        checks: Sequence[ContractCheck] = (),
        breaker: Breaker | None = None,
        credential_header: str = "Authorization",
        sends_trace: bool = True,
    ) -> None:
        self.name = name
        self.line = here()
        place = f"Connection {name}"
        refuse_name("Connection", name, self.line)
        if _written_down(credential, signing) or _stands_in(base_url, user=not self.user_in_url):
            raise DefinitionError(finding("PLT-161", place=place, line=self.line, name=name))
        self.base_url = base_url
        self.credential = credential
        self.limits: tuple[Rate | Quota | Window, ...] = tuple(limits)
        self.timeout: Duration = span(timeout, place=place, line=self.line)
        self.idempotency_header = idempotency_header
        self.signing = signing
        """The secret with which what goes out is signed, as Standard Webhooks says; the effect's key is the message's id."""
        self.checks: tuple[ContractCheck, ...] = tuple(checks)
        if self.timeout.seconds <= 0:
            raise DefinitionError(finding("PLT-144", place=place, line=self.line, text=timeout))
        if not _HEADER.fullmatch(credential_header) or credential_header.lower() in _NOT_FOR_CREDENTIALS:
            raise DefinitionError(finding("PLT-572", place=place, line=self.line, text=credential_header))
        self.credential_header = credential_header
        """Where the credential goes; in `Authorization` as a bearer token unless it names its scheme, elsewhere as it is."""
        _refuse_no_breaker(breaker, place, self.line)
        self.breaker = breaker or Breaker()
        """When it is left alone because the other side fails."""
        self.sends_trace = sends_trace
        """Where calls are traced, the other side is told the ids of the trace (`traceparent`), so that it may join it."""

    async def get(
        self,
        path: str,
        /,
        *,
        expect: type[M],
        params: Mapping[str, str] | None = None,
        segment: Mapping[str, str] | None = None,
    ) -> M:
        """Read something that must be there; `segment` says whose call it is, where limits count `by=` a segment."""
        return cast("M", await self._call("GET", path, expect=expect, params=params, segment=segment))

    async def find(
        self,
        path: str,
        /,
        *,
        expect: type[M],
        params: Mapping[str, str] | None = None,
        segment: Mapping[str, str] | None = None,
    ) -> M | None:
        """Read something that may be absent: 404, null or an empty list is None."""
        found = await self._call("GET", path, expect=expect, params=params, segment=segment, absent_is_none=True)
        return cast("M | None", found)

    async def post(self, path: str, /, *, expect: type[M], json: BaseModel | Mapping[str, Json]) -> M:
        """Send something new; the effect's key goes along by itself."""
        return cast("M", await self._call("POST", path, expect=expect, body=json))

    async def put(self, path: str, /, *, expect: type[M], json: BaseModel | Mapping[str, Json]) -> M:
        """Put something in its place; the effect's key goes along by itself."""
        return cast("M", await self._call("PUT", path, expect=expect, body=json))

    async def ask(
        self,
        path: str,
        /,
        *,
        expect: type[M],
        json: BaseModel | Mapping[str, Json],
        segment: Mapping[str, str] | None = None,
    ) -> M:
        """Ask something that takes a body and changes nothing on the other side: a search, a model."""
        return cast("M", await self._call("POST", path, expect=expect, body=json, segment=segment, reads=True))

    async def delete(self, path: str, /) -> None:
        """Remove something; the answer is not read."""
        await self._call("DELETE", path)

    def permit(
        self, *, weight: int = 1, reserve: Mapping[str, float] | None = None
    ) -> AbstractAsyncContextManager[Permit]:
        """Wait for the account's limits, for a client that is not ours: `async with helpdesk.permit():`.

        `weight` counts as so many calls; `reserve` holds other units, such as {"tokens": 1200}, which `used` settles.
        """
        return self._caller().permit(self.name, weight, dict(reserve or {}))

    def client(
        self, *, reads: bool = False, reserve: Mapping[str, float] | None = None, price: Price | None = None
    ) -> "httpx2.AsyncClient":
        """A client for a library that takes one: `AsyncOpenAI(http_client=models.client(reads=True), max_retries=0, ...)`.

        Each of its requests is a call of the step, with the connection's credential in the place of the library's.
        In an act it makes one state-changing call; elsewhere it reads, with GET, and with `reads=True` with POST too.
        `reserve` holds what a request takes at most, such as {"tokens": 4000, "USD": 0.05}. What the answer says in its
        `usage` is settled: tokens always, USD by `price`; what it does not say was used.
        """
        return self._caller().client(self.name, reads=reads, reserve=dict(reserve or {}), price=price)

    async def _call(
        self,
        method: Method,
        path: str,
        *,
        expect: type[BaseModel] | None = None,
        params: Mapping[str, str] | None = None,
        body: object = None,
        segment: Mapping[str, str] | None = None,
        absent_is_none: bool = False,
        reads: bool = False,
    ) -> object:
        call = Call(
            method=method,
            path=path,
            params=dict(params or {}),
            body=body,
            expect=expect,
            absent_is_none=absent_is_none,
            reads=reads,
            segment=dict(segment or {}),
        )
        return await self._caller().call(self.name, call)

    def _caller(self) -> Caller:
        around = surroundings.get()
        if around is None:
            what = f"Connection {self.name}"
            raise UsedOutside(what)
        return around.caller

    def differs_in(self, other: "Connection") -> str | None:
        """The first setting in which two declarations of one connection differ, or None where they agree."""
        for setting in (
            "base_url",
            "credential",
            "limits",
            "timeout",
            "idempotency_header",
            "signing",
            "breaker",
            "credential_header",
            "sends_trace",
        ):
            if repr(getattr(self, setting)) != repr(getattr(other, setting)):
                return setting
        return None

    def __repr__(self) -> str:
        return f"Connection({self.name!r})"


def _refuse_no_breaker(breaker: object, place: str, line: str) -> None:
    """Whoever checks no types may have written anything."""
    if not isinstance(breaker, Breaker | None):
        why, remedy = f"it is {breaker!r}", "Write breaker=pl.Breaker(rate=0.5, at_least=5)."
        raise DefinitionError(finding("PLT-570", place=place, line=line, why=why, remedy=remedy))


def _written_down(*secrets: object) -> bool:
    return any(one is not None and not isinstance(one, Secret) for one in secrets)


def _stands_in(base_url: object, *, user: bool) -> bool:
    """Whether a credential stands in an address; where `user` is one, a name alone too."""
    if not isinstance(base_url, str) or "@" not in (place := urlsplit(base_url).netloc):
        return False
    return user or ":" in place.rpartition("@")[0]
