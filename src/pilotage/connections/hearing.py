"""What an answer says about the other side's limits: 429, Retry-After, and the `RateLimit` headers in their several forms. Pure.

Read are the fields of the IETF draft ("RateLimit" with r and t, "RateLimit-Policy" with q and w), those of its earlier
versions ("RateLimit: limit=, remaining=, reset=", and one header each), and the older "X-RateLimit-..." ones, whose reset
may be a moment instead of a length.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

_PARAMETER: Final = re.compile(r"([a-z]+)\s*=\s*\"?(\d+(?:\.\d+)?)\"?")
_NUMBER: Final = re.compile(r"^\s*(\d+(?:\.\d+)?)")
_PREFIXES: Final = ("ratelimit", "x-ratelimit", "x-rate-limit")
_A_MOMENT: Final = 1e9
"""A reset from here on is a moment in seconds since 1970; from a thousand times that, in milliseconds."""
LONGEST: Final = 31 * 86_400.0
_USUAL_WAIT: Final = 1.0
"""Seconds for which a service is left alone that says "too many" and not for how long."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """One limit as the other side tells it."""

    remaining: int
    reset: float
    """Seconds until it is counted anew."""
    limit: int | None = None
    window: float | None = None
    """Seconds that it covers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """What one answer says about limits."""

    told: Told | None = None
    """The tightest of what it tells."""
    throttled: bool = False
    """It refused the call as one too many."""
    wait: float | None = None
    """Seconds that it asks to wait."""

    @property
    def urgent(self) -> bool:
        """Whether others must know of it at once: the other side wants no more calls now."""
        return self.throttled or (self.told is not None and not self.told.remaining and self.told.reset > 0)

    def aged(self, seconds: float) -> "Notice":
        """The same, so many seconds after it was heard: what it asked to wait for is nearer by as much."""
        wait = _USUAL_WAIT if self.throttled and self.wait is None else self.wait
        return replace(
            self,
            wait=None if wait is None else max(0.0, wait - seconds),
            told=None if self.told is None else replace(self.told, reset=max(0.0, self.told.reset - seconds)),
        )

    def with_earlier(self, other: "Notice") -> "Notice":
        """This one and one before it."""
        waits = [one for one in (self.wait, other.wait) if one is not None]
        return Notice(
            told=self.told or other.told,
            throttled=self.throttled or other.throttled,
            wait=max(waits) if waits else None,
        )


def read_notice(headers: Mapping[str, str], *, throttled: bool, wait: float | None, now: datetime) -> Notice | None:
    """What an answer says; None where it says nothing. Names of headers are in lower case."""
    named = {name: text.lower() for name, text in headers.items() if name.startswith(_PREFIXES)}
    told = _tightest([*_structured(named), *_apart(named, now)]) if named else None
    if told is None and not throttled:
        return None
    return Notice(told=told, throttled=throttled, wait=wait)


def _tightest(all_told: list[Told]) -> Told | None:
    return min(all_told, key=lambda told: (told.remaining, -told.reset), default=None)


def _structured(named: Mapping[str, str]) -> list[Told]:
    """The combined field; a policy of the same name says how much in how long."""
    policies = {_name(item): _parameters(item) for item in _items(named.get("ratelimit-policy", ""))}
    field = named.get("ratelimit", "")
    if "remaining" in field:  # an earlier version of the draft: one limit, its members apart by commas
        told = _told(_parameters(field), {})
        return [] if told is None else [told]
    found = (_told(_parameters(item), policies.get(_name(item), {})) for item in _items(field))
    return [told for told in found if told is not None]


def _told(parameters: Mapping[str, float], policy: Mapping[str, float]) -> Told | None:
    remaining = parameters.get("r", parameters.get("remaining"))
    reset = parameters.get("t", parameters.get("reset", policy.get("w")))
    if remaining is None or reset is None:
        return None
    limit = policy.get("q", parameters.get("limit"))
    return Told(
        remaining=int(remaining),
        reset=min(reset, LONGEST),
        limit=None if limit is None else int(limit),
        window=policy.get("w", parameters.get("w")),
    )


def _apart(named: Mapping[str, str], now: datetime) -> list[Told]:
    """A header each for limit, remaining and reset."""
    found: list[Told] = []
    for prefix in _PREFIXES:
        remaining, reset = _number(named.get(f"{prefix}-remaining")), _number(named.get(f"{prefix}-reset"))
        if remaining is None or reset is None:
            continue
        if reset >= _A_MOMENT:
            reset = max(0.0, (reset / 1000 if reset >= 1000 * _A_MOMENT else reset) - now.timestamp())
        limit = _number(named.get(f"{prefix}-limit"))
        window = _parameters(named.get(f"{prefix}-limit", "")).get("w")
        found.append(
            Told(
                remaining=int(remaining),
                reset=min(reset, LONGEST),
                limit=None if limit is None else int(limit),
                window=window,
            )
        )
    return found


def _items(text: str) -> list[str]:
    return [item for item in text.split(",") if item.strip()]


def _name(item: str) -> str:
    return item.partition(";")[0].strip().strip('"')


def _parameters(text: str) -> dict[str, float]:
    return {name: float(value) for name, value in _PARAMETER.findall(text)}


def _number(text: str | None) -> float | None:
    found = _NUMBER.match(text or "")
    return None if found is None else float(found[1])
