"""Takes credentials out of whatever becomes text: URLs, headers, bodies, messages."""

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

REDACTED: Final = "[redacted]"

_SECRET_NAME: Final = re.compile(
    r"authorization|cookie|credential|password|passwd|secret|signature|token|api[-_]?key|access[-_]?key|(^|[-_])(key|auth|pwd|sig)$",
    re.IGNORECASE,
)
_NO_SECRET: Final = frozenset({"idempotency-key"})
"""Looks like one and is none; it is needed to find an act again."""


def sounds_secret(name: str) -> bool:
    """Whether a header or parameter of this name may carry a credential."""
    return name.lower() not in _NO_SECRET and _SECRET_NAME.search(name) is not None


def redact_headers(headers: Mapping[str, str] | Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The headers, with the values of those that may carry a credential taken out."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return tuple((name, REDACTED if sounds_secret(name) else value) for name, value in pairs)


def redact_url(url: str) -> str:
    """The URL without user and password, and without the values of parameters that may carry a credential."""
    try:
        parts = urlsplit(url)
        user, at, host = parts.netloc.rpartition("@")
    except ValueError:
        return REDACTED
    netloc = f"{REDACTED}@{host}" if at and user else host
    return urlunsplit((parts.scheme, netloc, parts.path, _redact_query(parts.query), parts.fragment))


def _redact_query(query: str) -> str:
    pairs: list[str] = []
    for pair in query.split("&"):
        name, equals, _ = pair.partition("=")
        pairs.append(f"{name}={REDACTED}" if equals and sounds_secret(name) else pair)
    return "&".join(pairs)


class Redactor:
    """Takes known secret values out of text and bytes, also where they were quoted, escaped or put into base64."""

    def __init__(self, values: Iterable[str]) -> None:
        forms = {form for value in values if value for form in _forms(value)}
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        self._text = re.compile("|".join(map(re.escape, longest_first))) if forms else None
        self._bytes = re.compile(b"|".join(re.escape(form.encode()) for form in longest_first)) if forms else None

    def text(self, text: str) -> str:
        """The text without the values."""
        return self._text.sub(REDACTED, text) if self._text is not None else text

    def body(self, data: bytes) -> bytes:
        """The bytes without the values."""
        return self._bytes.sub(REDACTED.encode(), data) if self._bytes is not None else data

    def __repr__(self) -> str:
        return "Redactor()"


def _forms(value: str) -> set[str]:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    encoded = base64.b64encode(value.encode()).decode().rstrip("=")
    in_urls = {quote(value, safe=""), quote(value), quote(value, safe="!$&'()*+,;=:@")}
    return {value, *in_urls, escaped, escaped.replace("/", "\\/"), encoded}
