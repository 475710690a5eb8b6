"""Takes credentials out of whatever becomes text: URLs, headers, bodies, messages."""

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit, urlunsplit

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
    """Takes known secret values out of text and bytes, also where they were quoted, escaped or put into base64.

    One pattern knows the usual disguises of each. It is used where a text holds what no disguise changes, a value's longest run
    of letters and digits: that search is all that a text costs which holds nothing. A value without such a run is searched
    for with a pattern of its own.
    """

    def __init__(self, values: Iterable[str]) -> None:
        forms = {form for value in values if value for form in (value, *_in_base64(value))}
        runs = {form: _longest_run(form) for form in sorted(forms, key=lambda form: (-len(form), form))}
        self._runs: Final = tuple(dict.fromkeys(run for run in runs.values() if run))
        self._raw_runs: Final = tuple(run.encode() for run in self._runs)
        every, without = _pattern(runs), _pattern([form for form, run in runs.items() if not run])
        self._text = re.compile(every) if forms else None
        self._bytes = re.compile(every.encode()) if forms else None
        self._rare = re.compile(without) if without else None
        self._raw_rare = re.compile(without.encode()) if without else None

    def text(self, text: str) -> str:
        """The text without the values."""
        if self._text is None or not (
            any(run in text for run in self._runs) or (self._rare and self._rare.search(text))
        ):
            return text
        return self._text.sub(REDACTED, text)

    def body(self, data: bytes, *, same_length: bool = False) -> bytes:
        """The bytes without the values; with as many asterisks in their place if the length has to stay."""
        if self._bytes is None or not self._may_be_in(data):
            return data
        if same_length:
            return self._bytes.sub(lambda found: b"*" * len(found[0]), data)
        return self._bytes.sub(REDACTED.encode(), data)

    def finds(self, data: bytes) -> bool:
        """Whether a value is in it."""
        return self._bytes is not None and self._may_be_in(data) and self._bytes.search(data) is not None

    def _may_be_in(self, data: bytes) -> bool:
        return any(run in data for run in self._raw_runs) or bool(self._raw_rare and self._raw_rare.search(data))

    def __repr__(self) -> str:
        return "Redactor()"


_LONG_ENOUGH: Final = 8
"""Letters from which on a value can be told from chance inside base64."""
_RUN: Final = re.compile(r"[A-Za-z0-9._~-]+")
"""Signs that no disguise changes."""
_TELLING: Final = 4
"""Letters of a run that is worth being searched for first."""
_NAMED: Final = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos"}
_BACKSLASHES: Final = r"\\\\\\\\|\\\\|\\"
"""Itself, escaped once or twice."""


def _longest_run(form: str) -> str:
    found = max(_RUN.findall(form), key=len, default="")
    return found if len(found) >= _TELLING else ""


def _pattern(forms: Iterable[str]) -> str:
    return "|".join("".join(map(_sign, form)) for form in forms)


@lru_cache(maxsize=256)
def _sign(sign: str) -> str:
    """A pattern for one sign: as it is, behind backslashes, percent-encoded, and as JSON and HTML may write it."""
    if _RUN.fullmatch(sign):
        return re.escape(sign)
    code = ord(sign)
    percent = "".join(f"%(?:25){{0,3}}(?i:{byte:02x})" for byte in sign.encode())
    ways = [
        percent,
        rf"\\{{1,7}}u(?i:{code:04x})",
        f"&(?:amp;){{0,3}}#0{{0,4}}{code};",
        f"&(?:amp;){{0,3}}#[xX]0{{0,4}}(?i:{code:x});",
        *([f"&(?:amp;){{0,3}}{_NAMED[sign]};"] if sign in _NAMED else []),
        *([r"\+"] if sign == " " else []),
        _BACKSLASHES if sign == "\\" else rf"\\{{0,7}}{re.escape(sign)}",
    ]
    return f"(?:{'|'.join(ways)})"


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
