"""Takes credentials out of whatever becomes text: URLs, headers, bodies, messages."""

import base64
import html
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import quote, quote_plus, urlsplit, urlunsplit

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
        self._forms: Final = tuple(sorted(forms, key=lambda form: (-len(form), form)))
        self._raw: Final = tuple(form.encode() for form in self._forms)
        self._text = re.compile("|".join(map(re.escape, self._forms))) if forms else None
        self._bytes = re.compile(b"|".join(map(re.escape, self._raw))) if forms else None

    def text(self, text: str) -> str:
        """The text without the values."""
        if self._text is None or not any(form in text for form in self._forms):  # twenty times faster than the pattern
            return text
        return self._text.sub(REDACTED, text)

    def body(self, data: bytes, *, same_length: bool = False) -> bytes:
        """The bytes without the values; with as many asterisks in their place if the length has to stay."""
        if self._bytes is None or not any(form in data for form in self._raw):
            return data
        if same_length:
            return self._bytes.sub(lambda found: b"*" * len(found[0]), data)
        return self._bytes.sub(REDACTED.encode(), data)

    def __repr__(self) -> str:
        return "Redactor()"


_LONG_ENOUGH: Final = 8
"""Letters from which on a value can be told from chance inside base64."""


def _forms(value: str) -> set[str]:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    in_urls = {quote(value, safe=""), quote(value), quote(value, safe="!$&'()*+,;=:@"), quote_plus(value)}
    in_pages = {html.escape(value), html.escape(value, quote=False), html.escape(value).replace("&#x27;", "&#39;")}
    return {value, *in_urls, *in_pages, escaped, escaped.replace("/", "\\/"), *_in_base64(value)}


def _in_base64(value: str) -> set[str]:
    """The value in base64, also inside of something longer, where it may begin at each of three places."""
    plain = value.encode()
    whole = base64.b64encode(plain).decode().rstrip("=")
    forms = {whole}
    if len(plain) >= _LONG_ENOUGH:
        for before, skipped in ((0, 0), (1, 2), (2, 3)):
            text = base64.b64encode(b"\0" * before + plain).decode().rstrip("=")
            forms.add(text[skipped : (before + len(plain)) * 8 // 6])
    return forms | {form.replace("+", "-").replace("/", "_") for form in forms}
