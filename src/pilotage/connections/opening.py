"""The outside accounts that a process has open: a pool of connections each, shared by every step that runs in it."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from types import TracebackType
from typing import Final, Self

from pilotage.authoring.bucket import Bucket
from pilotage.authoring.connection import Connection
from pilotage.authoring.settings import Setting
from pilotage.authoring.smtp import Smtp
from pilotage.authoring.sql import Database
from pilotage.connections.accounts import Account, Client, Credentials
from pilotage.connections.caller import ConnectionCaller
from pilotage.connections.errors import ConnectionUnknown
from pilotage.connections.leasing import Leases, Lends
from pilotage.connections.recording import Recorder
from pilotage.connections.sorting import NotDoneStatuses
from pilotage.connections.tracing import Tells
from pilotage.connections.values import EffectGuard
from pilotage.connections.watching import Watches
from pilotage.kernel.clock import Clock, SystemClock
from pilotage.machinery.net.client import Bounds, HttpClient
from pilotage.machinery.net.door import Door
from pilotage.machinery.net.errors import AnotherLoop
from pilotage.machinery.net.messages import Origin, origin
from pilotage.machinery.net.wire import Resolve, resolve


class Connections:
    """The connections of one process. Opened, used and closed in one event loop.

    `settings` gives the text of a setting in this environment, or None. `not_done` names statuses beyond the usual ones
    with which a service says that it did nothing. `limits` lends permits within the accounts' limits; unsaid, nothing is
    counted. `telemetry` is told of every call; unsaid, nobody is.
    """

    def __init__(
        self,
        declared: Iterable[Connection],
        *,
        environment: str,
        settings: Callable[[str], str | None],
        credentials: Credentials,
        door: Door,
        clock: Clock | None = None,
        bounds: Bounds | None = None,
        not_done: Mapping[str, NotDoneStatuses] | None = None,
        watch: Watches | None = None,
        resolve: Resolve = resolve,
        limits: Lends | None = None,
        recorder: Recorder | None = None,
        telemetry: Tells = None,
    ) -> None:
        self._declared: Final = {connection.name: connection for connection in declared}
        self._environment = environment
        self._settings = settings
        self._credentials = credentials
        self._door = door
        self._clock: Clock = clock or SystemClock()
        self._bounds = bounds or Bounds()
        self._not_done = not_done or {}
        self._watch = watch
        self._resolve = resolve
        self._leases = None if limits is None else Leases(limits, self._clock)
        self._recorder = recorder
        self._telemetry = telemetry
        self._accounts: dict[str, Account] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def caller(
        self,
        *,
        step: str,
        through: Collection[str],
        guard: EffectGuard | None = None,
        permitted: bool = False,
        probe: bool = False,
    ) -> ConnectionCaller:
        """The `Caller` for one run of a step: one attempt of an effect with its guard, or anything that only reads.

        `permitted`: somebody has looked already whether the other side works. `probe`: it is the one call that finds out.
        """
        return ConnectionCaller(
            step=step,
            through=through,
            guard=guard,
            account=self._account,
            credentials=self._credentials,
            clock=self._clock,
            watch=self._watch,
            probe=probe,
            gated=guard is None and not permitted,
            leases=self._leases,
            door=self._door,
            telemetry=self._telemetry,
        )

    def _account(self, name: str) -> Account:
        if self._loop is not asyncio.get_running_loop():
            raise AnotherLoop(
                f"The connection {name} was used where it is not open.",
                "Open the connections in the event loop that makes the calls, and call before they are closed.",
            )
        found = self._accounts.get(name)
        if found is None:
            found = self._accounts[name] = self._open(name)
        return found

    def _open(self, name: str) -> Account:
        declared = self._declared.get(name)
        if declared is None:
            near = ", ".join(get_close_matches(name, self._declared)) or ", ".join(sorted(self._declared)) or "none"
            raise ConnectionUnknown(f'There is no connection "{name}".', f"Known here: {near}.")
        url = self._read(declared.base_url)
        seconds = declared.timeout.seconds or self._bounds.total
        where, client = self._client(declared, url, seconds)
        return Account(
            name=name,
            origin=where,
            client=client if self._recorder is None else self._recorder.around(name, client),
            secret=None if declared.credential is None else declared.credential.name,
            idempotency_header=declared.idempotency_header,
            not_done=self._not_done.get(name, NotDoneStatuses()),
            longest=seconds,
            credential_header=declared.credential_header,
            signing=None if declared.signing is None else declared.signing.name,
            sends_trace=declared.sends_trace,
        )

    def _client(self, declared: Connection, url: str, seconds: float) -> tuple[Origin, Client]:
        """Where the other side is, and what carries requests to it."""
        door = self._door.towards(declared.name)
        if isinstance(declared, Database):
            from pilotage.connections.connectors.sql import SqlClient, origin_of  # noqa: PLC0415 - for who has one

            return origin_of(url), SqlClient(door, url, total=seconds)
        if isinstance(declared, Smtp):
            return self._mail(declared, url, seconds)
        bounds = replace(self._bounds, total=seconds)
        if isinstance(declared, Bucket):
            bounds = replace(bounds, answer_bytes=max(bounds.answer_bytes, declared.largest))
        http = HttpClient(door, bounds, resolve=self._resolve)
        if isinstance(declared, Bucket):
            from pilotage.connections.connectors.s3 import S3Client  # noqa: PLC0415 - for who has one

            return origin(url), S3Client(declared.name, http, region=declared.region)
        return origin(url), http

    def _mail(self, declared: Smtp, url: str, seconds: float) -> tuple[Origin, Client]:
        from pilotage.connections.connectors.smtp import SmtpClient, smtp_origin  # noqa: PLC0415 - for those who send mails

        where = smtp_origin(url)
        user = None if declared.user is None else self._read(declared.user)
        return where, SmtpClient(
            door=self._door.towards(declared.name), origin=where, user=user, seconds=seconds, clock=self._clock
        )

    def _read(self, value: str | Setting[str]) -> str:
        """A text, or that of a setting in this environment."""
        return (
            value if isinstance(value, str) else value.read(self._settings(value.name), environment=self._environment)
        )

    async def open(self) -> None:
        """Be ready in this event loop; each pool is opened by its first call."""
        self._loop = asyncio.get_running_loop()

    async def close(self) -> None:
        """Close every pool. Calls after this are refused."""
        self._loop = None
        if self._leases is not None:
            await self._leases.close()
        accounts, self._accounts = self._accounts, {}
        for account in accounts.values():
            await account.client.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
