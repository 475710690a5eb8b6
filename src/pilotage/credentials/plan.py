"""What the project's file says of secrets: `[tool.pilotage.secrets]`, and what an environment has differently."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NoReturn, cast

from pilotage.credentials.errors import StoresMisdescribed
from pilotage.credentials.leasing import Terms
from pilotage.kernel.durations import duration
from pilotage.kernel.errors import NotADuration

STORES: Final = ("environment", "files", "local", "openbao", "aws")
USUAL: Final = ("environment", "files", "local")
_TIMES: Final = ("lease", "grace")
_DIGEST: Final = re.compile(r"[0-9a-f]{16}")
_KNOWN: Final = {"stores", "openbao", "aws", "allow", *_TIMES}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Which stores are asked, in which order, and for how long a value is held."""

    stores: tuple[str, ...] = USUAL
    terms: Terms = field(default_factory=Terms)
    options: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    """What a store needs to know: the address of a vault."""
    allow: tuple[str, ...] = ()
    """Digests, as `pilotage secret scan` prints them, of what is no secret."""


def read_plan(table: object, environment: str) -> Plan:
    """The plan of an environment. Raises StoresMisdescribed (PLT-237)."""
    given = _table(table, "secrets")
    own = _table(given.get(environment, {}), f"secrets.{environment}")
    said: dict[str, object] = {
        **{name: value for name, value in given.items() if not isinstance(value, dict) or name in _KNOWN},
        **own,
    }
    if unknown := sorted(set(said) - _KNOWN):
        _refuse(
            f"[tool.pilotage.secrets] has {unknown[0]!r}, which means nothing.", f"Known: {', '.join(sorted(_KNOWN))}."
        )
    stores = said.get("stores", USUAL)
    if not isinstance(stores, list | tuple) or not stores or not set(cast("list[object]", stores)) <= set(STORES):
        _refuse(
            f"stores of [tool.pilotage.secrets] is {stores!r}.", f"Name some of: {', '.join(STORES)}, in their order."
        )
    times = {name: _seconds(name, said[name]) for name in _TIMES if name in said}
    return Plan(
        stores=tuple(str(one) for one in cast("list[object]", stores)),
        terms=Terms(**times),
        options={
            name: {key: str(value) for key, value in _table(said[name], f"secrets.{name}").items()}
            for name in ("openbao", "aws")
            if name in said
        },
        allow=_digests(said.get("allow", ())),
    )


def _digests(value: object) -> tuple[str, ...]:
    found = [str(one) for one in cast("list[object]", value)] if isinstance(value, list | tuple) else [""]
    if not all(_DIGEST.fullmatch(one) for one in found):
        _refuse(
            "allow of [tool.pilotage.secrets] is no list of digests.",
            'Write them as `pilotage secret scan` prints them: allow = ["0123456789abcdef"].',
        )
    return tuple(found)


def _table(value: object, name: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        _refuse(f"tool.pilotage.{name} is no table.", f"Write [tool.pilotage.{name}] and its keys below.")
    return cast("Mapping[str, object]", value)


def _seconds(name: str, value: object) -> float:
    try:
        seconds = duration(str(value)).seconds
    except NotADuration:
        seconds = 0.0
    if seconds <= 0:
        _refuse(f"{name} of [tool.pilotage.secrets] is {value!r}.", 'Write a length of time, such as "5m".')
    return seconds


def _refuse(what: str, remedy: str) -> NoReturn:
    raise StoresMisdescribed(what, remedy)
