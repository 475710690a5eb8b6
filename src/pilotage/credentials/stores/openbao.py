"""OpenBao or Vault: the KV store of version 2, asked with hvac through our own door.

The token comes from PILOTAGE_OPENBAO_TOKEN (or ..._FILE); or an AppRole is given: `role` in the project's file, and its secret id
in PILOTAGE_OPENBAO_SECRET_ID (or ..._FILE).
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Self, cast

from hvac import Client
from hvac.exceptions import Forbidden, InvalidPath, VaultError
from requests import PreparedRequest, RequestException, Response, Session
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from pilotage.credentials.errors import SourceAway, StoresMisdescribed
from pilotage.credentials.stores.environment import EnvironmentStore
from pilotage.credentials.values import Found, SecretValue, Source
from pilotage.kernel.clock import micros
from pilotage.kernel.errors import PilotageError
from pilotage.machinery.net.client import Bounds
from pilotage.machinery.net.door import Door
from pilotage.machinery.net.errors import MayHaveLeft, NeverLeft
from pilotage.machinery.net.plainly import as_it_goes_out, send_and_wait

_BOUNDS: Final = Bounds(total=5.0, connect=2.0, answer_bytes=256 * 1024, connect_tries=2)
_KNOWN: Final = {"url", "mount", "path", "key", "role", "namespace"}
_TOKEN: Final = "pilotage-openbao-token"  # noqa: S105 - a name
_SECRET_ID: Final = "pilotage-openbao-secret-id"  # noqa: S105 - a name


@dataclass(kw_only=True)
class OpenBaoStore:
    """`url`/v1/`mount`/data/`path`/NAME; the value is what stands under `key`."""

    url: str
    own: EnvironmentStore
    """Where its own token comes from."""
    door: Door
    mount: str = "secret"
    path: str = ""
    key: str = "value"
    role: str | None = None
    namespace: str | None = None
    _client: Any = field(default=None, repr=False)

    @classmethod
    def described(cls, options: Mapping[str, str], *, variables: Mapping[str, str], door: Door) -> Self:
        """The store that the project's file describes. Raises StoresMisdescribed (PLT-237)."""
        unknown = sorted(set(options) - _KNOWN)
        if "url" not in options or unknown:
            what = f"has {unknown[0]!r}, which means nothing" if "url" in options else "does not say where it is"
            remedy = 'Write: openbao = { url = "https://vault.example.com", path = "expenses/live" }; beside these: '
            raise StoresMisdescribed(
                f"openbao of [tool.pilotage.secrets] {what}.", f"{remedy}{', '.join(sorted(_KNOWN - {'url', 'path'}))}."
            )
        return cls(own=EnvironmentStore(variables=variables), door=door, **cast("Any", dict(options)))

    def find(self, name: str) -> Found | None:
        """The newest version; None where it has none of that name. Raises SourceAway (PLT-236)."""
        for again in (False, True):
            try:
                return self._read(name)
            except Forbidden:
                self._client = None  # its token has ended, or was renewed in the file that gives it
                words = "it does not accept our token, or this token may not read that path"
                if again:
                    break
            except (VaultError, RequestException) as error:
                words = _said_of(error)
                break
        raise SourceAway(
            f'OpenBao at {self.url} did not give the secret "{name}": {words}.',
            f"Look whether it is up and unsealed, and what the token may read: {self._place(name)}",
        )

    def ways(self, name: str) -> str:
        """How it is set there."""
        return f"`bao kv put -mount={self.mount} {self._path(name)} {self.key}=-`"

    def _path(self, name: str) -> str:
        return f"{self.path.strip('/')}/{name}".lstrip("/")

    def _place(self, name: str) -> str:
        return f"{self.mount}/data/{self._path(name)}"

    def _read(self, name: str) -> Found | None:
        kv: Any = self._opened().secrets.kv.v2
        read: Mapping[str, Any]
        try:
            read = kv.read_secret_version(path=self._path(name), mount_point=self.mount, raise_on_deleted_version=True)
        except InvalidPath:
            return None
        return _found(name, self.key, read["data"])

    def _opened(self) -> Any:
        if self._client is None:
            session = Session()
            session.trust_env = False
            session.mount("https://", _DoorAdapter(self.door))
            session.mount("http://", _DoorAdapter(self.door))
            client: Any = Client(url=self.url, session=session, namespace=self.namespace)
            self._log_in(client)
            self._client = client
        return self._client

    def _log_in(self, client: Any) -> None:
        if self.role is None:
            _hand_over(client, self._given(_TOKEN).value)
            return
        login: Any = client.auth.approle
        login.login(role_id=self.role, secret_id=self._given(_SECRET_ID).value.reveal())

    def _given(self, name: str) -> Found:
        found = self.own.find(name)
        if found is None:
            raise StoresMisdescribed(
                f"Nothing gives this process its way into OpenBao at {self.url}.", f"Please {self.own.ways(name)}."
            )
        return found


def _hand_over(client: Any, token: SecretValue) -> None:
    client.token = token.reveal()


def _found(name: str, key: str, data: Mapping[str, Any]) -> Found | None:
    value: object = data["data"].get(key)
    about: Mapping[str, Any] = data["metadata"]
    return (
        None
        if value is None
        else Found(
            value=SecretValue(name, str(value)),
            source=Source.OPENBAO,
            version=str(about["version"]),
            set_at=_moment(about.get("created_time")),
            expires_at=_moment(about.get("deletion_time")),
        )
    )


def _moment(text: object) -> int | None:
    if not text:
        return None
    try:
        return micros(datetime.fromisoformat(str(text)))
    except ValueError:
        return None


def _said_of(error: Exception) -> str:
    """What went wrong, without what the library repeats of requests and answers."""
    if isinstance(error, RequestException):
        return str(error)
    status = {429: "it asks to be left alone", 503: "it is sealed, or being started"}
    code = getattr(error, "status_code", None)
    return status.get(cast("int", code), f"it answered {type(error).__name__}")


class _DoorAdapter(BaseAdapter):
    """Carries requests' requests through the door, so that its rules for addresses, sizes and times hold here too."""

    def __init__(self, door: Door) -> None:
        super().__init__()
        self._door = door

    def send(self, request: PreparedRequest, *arguments: object, **options: object) -> Response:  # type: ignore[override]
        """Send it."""
        del arguments, options
        try:
            answer = send_and_wait(self._door, as_it_goes_out(request), _BOUNDS)
        except (NeverLeft, MayHaveLeft) as error:
            raise RequestException(error.what) from None
        except PilotageError as error:
            raise RequestException(f"{error.what} {error.remedy}") from None
        if answer.fault is not None:
            raise RequestException(f"its answer is not whole: {answer.fault}")
        response = Response()
        response.status_code = answer.status
        response.headers = CaseInsensitiveDict(answer.headers)
        response.raw = io.BytesIO(answer.body)
        response.encoding = "utf-8"
        response.url = str(request.url)
        response.request = request
        return response

    def close(self) -> None:
        """Nothing is kept open."""
