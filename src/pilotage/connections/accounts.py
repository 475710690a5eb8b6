"""An account that is open, and the requests that go to it: where, with which credential, under which key."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import urlencode

from pilotage.authoring.ports import Call
from pilotage.connections.bodies import encode
from pilotage.connections.errors import PathRefused
from pilotage.connections.sorting import NotDoneStatuses
from pilotage.connections.values import EffectGuard
from pilotage.credentials.signatures import keys_of, sign
from pilotage.credentials.telling import SCHEMES
from pilotage.credentials.values import SecretValue
from pilotage.kernel.ids import ids
from pilotage.machinery.net.departure import Departure
from pilotage.machinery.net.messages import Answer, Origin, Outgoing
from pilotage.machinery.net.redaction import Redactor

AUTHORIZATION: Final = "Authorization"


class Credentials(Protocol):
    """Where the values of secrets come from."""

    def held(self, name: str) -> SecretValue:
        """The value that this process holds."""
        ...

    def holds(self, name: str) -> bool:
        """Whether `held` gives the value without asking its source."""
        ...

    def read_again(self, name: str) -> SecretValue:
        """The value as its source gives it now."""
        ...

    def known(self) -> Sequence[SecretValue]:
        """Every value that this process holds."""
        ...

    def thorough(self) -> Redactor:
        """What takes every value that this process holds out of what a service answered."""
        ...

    def names_in(self, data: bytes) -> Collection[str]:
        """The secrets that this process holds whose value is in it."""
        ...


class Client(Protocol):
    """What carries requests: a pool of connections, or a double of the other side."""

    async def send(self, request: Outgoing, leaving: Departure, /) -> Answer:
        """The answer, whatever its status; raises NeverLeft or MayHaveLeft."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """One connection as this process has it open."""

    name: str
    origin: Origin
    client: Client
    secret: str | None
    idempotency_header: str | None
    not_done: NotDoneStatuses
    longest: float = 10.0
    """Seconds that one call may last."""
    credential_header: str = AUTHORIZATION
    """The header in which the credential goes."""
    signing: str | None = None
    """The secret with which a call's body is signed, as Standard Webhooks says."""
    sends_trace: bool = True
    """Where calls are traced, the other side is told the ids of the trace."""


def request(
    account: Account, call: Call, credentials: Credentials, guard: EffectGuard | None, *, at: int = 0
) -> Outgoing:
    """The call as it goes out at a second since 1970.

    Raises for a path or a body that cannot be sent, and for a secret without a value.
    """
    path = _path(account.name, call.path)
    body = encode(call.body)
    key = guard.key if guard is not None and call.changes else None
    signed = {} if body is None or account.signing is None else _signed(account.signing, key, body, credentials, at)
    # The headers are built last: nothing may be raised where they are a local variable, which some tracebacks show.
    return Outgoing(
        method=call.method,
        origin=account.origin,
        path=path,
        query=urlencode(call.params),
        headers={**_headers(account, key, credentials, sends=_kind(call.body)), **signed},
        body=b"" if body is None and call.method in {"POST", "PUT", "PATCH"} else body,
        reads=not call.changes,
        key=None if guard is None else guard.key,
    )


def _kind(body: object) -> str | None:
    if body is None:
        return None
    return "application/octet-stream" if isinstance(body, bytes) else "application/json"


def _headers(account: Account, key: str | None, credentials: Credentials, *, sends: str | None) -> dict[str, str]:
    headers = {"Accept": "application/json", "User-Agent": "pilotage"}
    if sends is not None:
        headers["Content-Type"] = sends
    if key is not None and account.idempotency_header:
        headers[account.idempotency_header] = key
    if account.secret is not None:
        held = credentials.held(account.secret)
        usual = account.credential_header.lower() == AUTHORIZATION.lower()
        headers[account.credential_header] = _authorization(held) if usual else held.reveal()
    return headers


def _signed(secret: str, key: str | None, body: bytes, credentials: Credentials, at: int) -> dict[str, str]:
    """The headers of Standard Webhooks; the effect's key is the message's id, so that a repeat is known as one."""
    message = key or f"read-{ids.one()}"
    keys = keys_of(credentials.held(secret))
    return {
        "webhook-id": message,
        "webhook-timestamp": str(at),
        "webhook-signature": sign(keys, message=message, at=at, body=body),
    }


def plain_credential(authorization: str | None) -> str | None:
    """The secret itself, for a client that does not send a header; None where the account has none."""
    return None if authorization is None else authorization.removeprefix(SCHEMES[0])


def _authorization(secret: SecretValue) -> str:
    value = secret.reveal()
    return value if value.startswith(SCHEMES) else f"Bearer {value}"


def _path(connection: str, path: str) -> str:
    """The path, or PathRefused: what comes from a record must not lead to another place than the author meant."""
    rooted = path.startswith("/") and not path.startswith("//")
    climbs = bool({".", ".."} & {segment.lower().replace("%2e", ".") for segment in path.split("/")})
    if rooted and not climbs and path.isprintable() and not {"?", "#", "\\"} & set(path):
        return path
    raise PathRefused(
        f'{connection} has no path "{path[:80]}".',
        'Write it as "/assignments/A1"; a query goes into params=, and what comes from a record is quoted first.',
    )
