"""Finds secrets that are written down: by the shape of well-known tokens, by what is assigned to a telling name, by known values."""

import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, cast

from pilotage.credentials.values import SecretValue
from pilotage.machinery.net.redaction import Redactor

ALLOWED: Final = "pilotage: no secret"
"""A line with these words is passed over."""
_SHAPES: Final = {
    "AWS access key": r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b",
    "GitHub token": r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,})\b",
    "Slack token": r"\bxox[abeoprs]-[A-Za-z0-9-]{20,}",
    "Slack webhook": r"https://hooks\.slack\.com/services/T\w+/B\w+/\w{16,}",
    "Stripe key": r"\b[sr]k_(?:live|test)_[A-Za-z0-9]{20,}\b",
    "Anthropic key": r"\bsk-ant-[A-Za-z0-9_-]{24,}",
    "OpenAI key": r"\bsk-(?!ant-)(?:proj-|svcacct-)?[A-Za-z0-9_-]{32,}",
    "Google key": r"\bAIza[A-Za-z0-9_-]{35}\b",
    "private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----",
    "JSON web token": r"\beyJ[A-Za-z0-9_-]{12,}\.eyJ[A-Za-z0-9_-]{12,}\.[A-Za-z0-9_-]{16,}",
    "password in a URL": r"\b[a-z][a-z0-9+.-]*://[^\s:/@'\"{}<>$]+:(?P<value>[^\s:/@'\"{}<>$]{6,})@[\w.-]+",
}
_RULES: Final = tuple((name, re.compile(pattern)) for name, pattern in _SHAPES.items())
_ASSIGNED: Final = re.compile(
    r"(?i)(?:password|passwd|secret|token|api[_-]?key|access[_-]?key|credential)[\w-]{0,60}[\"']?\s*[:=]\s*[\"'](?P<value>[^\"'\s]{12,})[\"']"
)
_BY_PEOPLE: Final = r"password|passwd|passphrase"
_TELLING: Final = rf"{_BY_PEOPLE}|secret|token|api[_-]?key|access[_-]?key|secret[_-]?key|credential"
_QUOTED: Final = re.compile(
    rf"(?i)(?P<name>{_TELLING})(?:[_-]?\d+)?[\"']?\s*(?::\s*\w+\s*)?[:=]\s*(?P<quote>[\"'])(?P<value>[^\"']{{8,200}})(?P=quote)"
)
_PLAIN: Final = re.compile(
    rf"(?i)(?:^|\")\s*(?:export\s+)?[\w.-]{{0,60}}?(?P<name>{_TELLING})(?:[_-]?\d+)?\s?=\s?(?P<value>[^\s\"'`]{{8,200}})\s*(?:#.*)?(?:$|\")"
)
"""A line such as DB_PASSWORD=value, whole or as a text in JSON."""
_CODE: Final = (
    ".py",
    ".pyi",
    ".js",
    ".ts",
    ".jsx",
    ".tsx",
    ".go",
    ".rs",
    ".java",
    ".kt",
    ".rb",
    ".php",
    ".c",
    ".cc",
    ".h",
    ".cs",
)
"""Where a word without quotes is a name and no value."""
_STANDS_FOR: Final = re.compile(
    r"(?i)[$%<{/].*|.*[<{(\[].*[>})\]].*|(?:os\.|process\.env|env[.:]|getenv|vault:|file:|https?:).*|.*(?:example|change[-_ ]?me|placeholder|xxx|\*\*\*"
    r"|\.\.\.|dummy|redacted|insert[-_ ]|your[-_ ]).*"
)
"""What stands for a value: a reference, or what is to be replaced."""
_NAMES_ONE: Final = re.compile(r"(?i)[a-z]+(?:[-_. ][a-z]+)*")
_SAYS_SO: Final = re.compile(rf"(?i){_TELLING}|key|none|value")
_SHORT: Final = 8
_SHOWN: Final = 40
"""Letters of a field's name that a finding shows."""
_BITS: Final = 3.4
"""Bits a letter from which on a text looks thrown together and not thought of."""
_WORDS: Final = re.compile(r"(?i)[a-z]+(?:[-_. ][a-z]+)*|\$?\{.*|<.*>|.*(?:example|changeme|placeholder|xxxx|\*\*\*).*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """A secret that is written down. It holds neither the secret nor the line."""

    place: str
    line: int
    rule: str
    begins: str
    """Its first letters, four of them or two of a short one: enough to find it again."""
    digest: str
    """Of the value: the same secret in another place has the same."""


class Scanner:
    """Looks for them. It keeps values for as long as it lives, and shows none."""

    def __init__(
        self, known: Iterable[SecretValue] = (), *, allowed: Collection[str] = (), comments: bool = True
    ) -> None:
        """`allowed`: digests of what is no secret. `comments`: whether a line may say of itself that it holds none."""
        self._known = [(one, Redactor((one.reveal(),))) for one in known]
        self._allowed = frozenset(allowed)
        self._comments = comments

    def lines(self, place: str, lines: Iterable[str]) -> Iterator[Finding]:
        """What is found in these lines; one finding for each rule and line."""
        for number, line in enumerate(lines, 1):
            if self._comments and ALLOWED in line:
                continue
            for rule, text in self._found(line, plain=not place.endswith(_CODE)):
                digest = hashlib.sha256(text.encode()).hexdigest()[:16]
                if digest not in self._allowed:
                    yield Finding(
                        place=place,
                        line=number,
                        rule=rule,
                        begins=f"{text[: 4 if len(text) > _SHORT else 2]}...",
                        digest=digest,
                    )

    def stored(self, place: str, text: str) -> Iterator[Finding]:
        """What is found in a text that is stored; where it is JSON, the place of a finding says in which field."""
        if "\\" not in text and not any(True for line in text.splitlines() for _ in self._found(line)):
            return  # nothing is escaped, so nothing can hide
        data: object = None
        if text[:1] in {"{", "["}:
            with suppress(ValueError, RecursionError):
                data = json.loads(text)
        if data is None:
            yield from self.lines(place, text.splitlines())
            return
        for field, key, value in _leaves(data, ""):
            lines = value.splitlines()
            # in one line with its key, because a telling name makes a secret of what is assigned to it
            yield from self.lines(f"{place}{field}", [f'{key}="{value}"'] if len(lines) == 1 else lines)

    def _found(self, line: str, *, plain: bool = True) -> Iterator[tuple[str, str]]:
        for secret, redactor in self._known:
            if redactor.text(line) != line:
                yield f"value of {secret.name}", secret.reveal()
        for name, rule in _RULES:
            if match := rule.search(line):
                text = match[0] if "value" not in rule.groupindex else match["value"]
                if not _WORDS.fullmatch(text):
                    yield name, text
        for text in dict.fromkeys(_assigned(line, plain=plain)):
            yield "assigned secret", text


def _assigned(line: str, *, plain: bool) -> Iterator[str]:
    """What is given to a telling name in this line. `plain`: whether a value may stand there without quotes."""
    for match in _ASSIGNED.finditer(line):
        text = match["value"]
        if not _WORDS.fullmatch(text) and _entropy(text) >= _BITS and any(sign.isdigit() for sign in text):
            yield text
    for rule in (_QUOTED, _PLAIN) if plain else (_QUOTED,):
        yield from (match["value"] for match in rule.finditer(line) if _is_value(match["name"], match["value"]))


def _is_value(name: str, text: str) -> bool:
    """Whether this is a secret that stands behind such a name, and not what stands for one or names one."""
    if _STANDS_FOR.fullmatch(text):
        return False
    if re.fullmatch(_BY_PEOPLE, name, re.IGNORECASE):
        return not (_NAMES_ONE.fullmatch(text) and _SAYS_SO.search(text))
    # tokens are made by machines; what is words alone behind such a name is the name of one
    return " " not in text and not text.isdigit() and not _NAMES_ONE.fullmatch(text) and any(map(str.isdigit, text))


def _leaves(data: object, field: str, key: str = "") -> Iterator[tuple[str, str, str]]:
    """Every text in JSON: its field, the key that it stands under, and itself; keys are texts too."""
    if isinstance(data, str):
        yield field, key, data
    elif isinstance(data, dict):
        for name, value in cast("dict[str, object]", data).items():
            yield f"{field} (a key)", "", name
            yield from _leaves(value, f"{field}.{name[:_SHOWN]}", name)
    elif isinstance(data, list):
        for number, value in enumerate(cast("list[object]", data)):
            yield from _leaves(value, f"{field}[{number}]", key)


def _entropy(text: str) -> float:
    return -sum(count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())
