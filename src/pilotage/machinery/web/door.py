"""Who gets in: this machine's own names alone, pages of our own alone, and only with the link from the terminal.

A page on the web can make a visitor's browser call loopback, and can give its own name loopback's address (DNS
rebinding); so the Host must be a loopback name with the port that was bound, and an Origin must be ours. The start token
in the link is exchanged for a session on the server; the browser keeps its random name in a cookie, and nothing else.
"""

import hashlib
import ipaddress
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, cast
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from pilotage.machinery.web.assets import PREFIX

_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_MOST_SESSIONS: Final = 1_000
_HTTP_PORT: Final = 80


def new_token() -> str:
    """A start token: 256 random bits."""
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, kw_only=True)
class Session:
    """A browser that came with the link."""

    csrf: str = field(repr=False)
    """What a form must bring along to prove that it is ours."""


class Sessions:
    """The sessions of this process. They end with it; the oldest make room when there are very many."""

    def __init__(self) -> None:
        self._by_digest: dict[str, Session] = {}

    def open(self) -> tuple[str, Session]:
        """A new session, and its name for the cookie."""
        name = secrets.token_urlsafe(32)
        session = Session(csrf=secrets.token_urlsafe(32))
        while len(self._by_digest) >= _MOST_SESSIONS:
            del self._by_digest[next(iter(self._by_digest))]
        self._by_digest[_digest(name)] = session
        return name, session

    def find(self, name: str) -> Session | None:
        """The session of that name. It is looked up by a digest, so the time it takes says nothing about the name."""
        return self._by_digest.get(_digest(name))


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why somebody is not let in, in words."""

    title: str
    what: str
    remedy: str


_NOT_OUR_NAME: Final = Refusal(
    title="Not under this name",
    what="Pilotage answers only to this machine's own names, on the port that it was started on.",
    remedy="Open the link that `pilotage serve` printed when it was started.",
)
_NOT_OUR_PAGE: Final = Refusal(
    title="Not from another page",
    what="This request came from a page that is not part of Pilotage, so nothing was done.",
    remedy="Open the page here and try again from there.",
)
_NO_SESSION: Final = Refusal(
    title="Use the link from the terminal",
    what="When Pilotage was started with `pilotage serve` it printed a link. That link lets this browser in.",
    remedy="Open that link once. Each start prints a new one, and a link of an earlier start no longer fits.",
)


class Door:
    """The ASGI middleware that every request passes first."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        token: str,
        sessions: Sessions,
        refuse: Callable[[Request, Refusal], Response],
        onward: Callable[[str], Response],
    ) -> None:
        self._app = app
        self._token = hashlib.sha256(token.encode()).digest()
        self._sessions = sessions
        self._refuse = refuse
        self._onward = onward

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or answer it here."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        answer = self._answer(request)
        await (answer or self._app)(scope, receive, send)

    def _answer(self, request: Request) -> Response | None:
        """The answer for who is not let in, or is let in just now; None: the request goes on to the pages."""
        port = _bound_port(request.scope)
        hosts = request.headers.getlist("host")
        if len(hosts) != 1 or not is_own_host(hosts[0], port):
            return self._refuse(request, _NOT_OUR_NAME)
        if not _comes_from_here(request, hosts[0]):
            return self._refuse(request, _NOT_OUR_PAGE)
        if request.url.path.startswith(PREFIX + "/"):
            return None  # the same files as in the package, for the page of a refusal too
        offered = request.query_params.get("token")
        if offered is not None and request.method in _SAFE_METHODS:
            return self._let_in(request, offered, port)
        session = self._sessions.find(request.cookies.get(cookie_name(port), ""))
        if session is None:
            return self._refuse(request, _NO_SESSION)
        request.state.session = session
        return None

    def _let_in(self, request: Request, offered: str, port: int) -> Response:
        if not secrets.compare_digest(hashlib.sha256(offered.encode()).digest(), self._token):
            return self._refuse(request, _NO_SESSION)
        name, _ = self._sessions.open()
        rest = [(key, value) for key, value in request.query_params.multi_items() if key != "token"]
        # A path that begins with two slashes would be the name of another host.
        clean = "/" + request.url.path.lstrip("/") + (f"?{urlencode(rest)}" if rest else "")
        if request.headers.get("sec-fetch-site") == "cross-site":
            # Clicked in a chat or a mail on the web: a strict cookie would not come along on a redirect.
            answer = self._onward(clean)
        else:
            answer = RedirectResponse(clean, status_code=303)
        answer.set_cookie(cookie_name(port), name, httponly=True, samesite="strict", path="/")
        return answer


def session_of(request: Request) -> Session:
    """The session that the door found for this request."""
    return cast("Session", request.state.session)


def is_let_in(request: Request) -> bool:
    """Whether the door found a session for this request."""
    return hasattr(request.state, "session")


def cookie_name(port: int) -> str:
    """The cookie of the session; cookies do not know ports, so two platforms on one machine need two names."""
    return f"pilotage-{port}"


def is_own_host(host: str, port: int) -> bool:
    """Whether a Host header names loopback and the port that was bound."""
    if "@" in host or "/" in host:
        return False
    try:
        parts = urlsplit(f"//{host}")
        return (parts.port or _HTTP_PORT) == port and is_loopback(parts.hostname or "")
    except ValueError:
        return False


def is_loopback(name: str) -> bool:
    """Whether a name or address can only be this machine."""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _comes_from_here(request: Request, host: str) -> bool:
    """Whether the page that sends this request is ours; who only reads by typing an address has no page."""
    origin = request.headers.get("origin")
    if origin is not None:
        return origin == f"http://{host}"
    return request.method in _SAFE_METHODS or request.headers.get("sec-fetch-site") == "same-origin"


def _bound_port(scope: Mapping[str, object]) -> int:
    """The port of the socket on which the request came, as the server says and not the visitor."""
    server = cast("tuple[str, int | None] | None", scope.get("server"))
    return (server[1] if server else None) or _HTTP_PORT
