"""A request on its way out and the answer to it, as values whose text form shows no credential and no content."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import quote, urlsplit

import httpcore2

from pilotage.machinery.net.errors import NoSuchAddress
from pilotage.machinery.net.redaction import redact_headers, redact_url


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Where a service lives: the part of its base URL that all its paths share."""

    scheme: str
    host: str
    port: int | None
    prefix: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.prefix}"

    @property
    def authority(self) -> str:
        """Host and port as they stand in a URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"


@lru_cache(maxsize=512)
def origin(base_url: str) -> Origin:
    """Read a base URL, or raise NoSuchAddress (PLT-243)."""
    try:
        parts = urlsplit(base_url.strip())
        host, port = (
            (parts.hostname or "").encode("idna").decode() if not _is_ip(parts.hostname) else parts.hostname,
            parts.port,
        )
    except ValueError:
        parts, host, port = None, "", None
    shown = redact_url(base_url)
    if parts is None or parts.scheme not in {"http", "https"} or not host:
        raise NoSuchAddress(f'"{shown}" is no base URL.', 'Write it as "https://host/path" or "http://host:port".')
    if parts.username is not None or parts.password is not None:
        raise NoSuchAddress(
            f"A credential stands in the base URL {shown}.", "Take it out of the URL and set it as a secret."
        )
    if parts.query or parts.fragment:
        raise NoSuchAddress(
            f"{shown} has a query or a fragment.", "A base URL ends with its path; give params= at the call."
        )
    return Origin(scheme=parts.scheme, host=host, port=port, prefix=_quoted(parts.path.rstrip("/")))


def _is_ip(host: str | None) -> bool:
    return host is not None and (":" in host or host.replace(".", "").isdigit())


def _quoted(path: str) -> str:
    return quote(path, safe="/:@!$&'()*+,;=-._~%")


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Outgoing:
    """One request as it goes out. Its text form shows no credential and no content."""

    method: str
    origin: Origin
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes | None = None
    reads: bool = False
    """It changes nothing on the other side, whatever its method."""
    key: str | None = None
    """Of the effect that makes the call; it may stand in the body."""

    def __repr__(self) -> str:
        return f"Outgoing({self.method} {redact_url(self.url)}, {dict(redact_headers(self.headers))})"

    @property
    def url(self) -> str:
        """The whole URL."""
        return f"{self.origin.scheme}://{self.origin.authority}{self._target}"

    @property
    def _target(self) -> str:
        return f"{self.origin.prefix}{_quoted(self.path)}" + (f"?{self.query}" if self.query else "")

    def to_core(self, timeouts: Mapping[str, float | None]) -> httpcore2.Request:
        """As httpcore2 takes it."""
        origin = self.origin
        headers = [(b"Host", origin.authority.encode("ascii"))]
        headers += [(name.encode("ascii"), _header_value(name, value)) for name, value in self.headers.items()]
        if self.body is not None:
            headers.append((b"Content-Length", b"%d" % len(self.body)))
        return httpcore2.Request(
            self.method.encode("ascii"),
            httpcore2.URL(
                scheme=origin.scheme.encode(),
                host=origin.host.encode("ascii"),
                port=origin.port,
                target=self._target.encode("ascii"),
            ),
            headers=headers,
            content=self.body,
            extensions={"timeout": timeouts},
        )


def _header_value(name: str, value: str) -> bytes:
    # Checked here because what h11 and str.encode say about a bad value contains the value.
    if not (value.isascii() and value.isprintable()):
        raise NoSuchAddress(
            f"The value of the header {name} cannot be sent.", "A header holds printable ASCII letters in one line."
        )
    return value.encode("ascii")


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Answer:
    """What came back: a status and headers for certain, and the body as far as it came."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case; a header that came twice is joined with commas."""
    body: bytes
    fault: str | None = None
    """Why the body is not whole, in words; None: it is."""

    def __repr__(self) -> str:
        return f"Answer(status={self.status}, {len(self.body)} bytes)"
