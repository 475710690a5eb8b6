"""Sorts what became of a call: answered, known not done, refused, unknown. The one place that decides it.

Only two things prove that a state-changing call was not done: none of it left, or a status that the connection declares to
mean so. A refusal (another 4xx) is taken at its word. Everything else is unknown. A reading call changes nothing, so it is
never unknown: it may be tried again, or its answer breaks its contract.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final, TypeAlias

from pilotage.connections.values import Heard


class Verdict(StrEnum):
    """What became of a call."""

    ANSWERED = "answered"
    ABSENT = "absent"
    """`find`: what was looked for is not there."""
    NOT_DONE = "not done"
    """It may be sent again."""
    CREDENTIAL = "credential not accepted"
    """Not done; the credential is read again, and the call is refused only if the source has no other one."""
    REFUSED = "refused"
    """Not done, and sending it again would change nothing."""
    UNKNOWN = "unknown"
    MALFORMED = "malformed"


@dataclass(frozen=True, kw_only=True, slots=True)
class NotDoneStatuses:
    """The statuses with which a service says that it did nothing and may be asked again."""

    always: frozenset[int] = frozenset({429})
    with_retry_after: frozenset[int] = frozenset({503})
    """Only where the answer also says when to try again."""

    def mean(self, status: int, *, retry_after: bool) -> bool:
        """Whether an answer with this status says that nothing was done."""
        return status in self.always or (retry_after and status in self.with_retry_after)


@dataclass(frozen=True, kw_only=True, slots=True)
class NeverSent:
    """No byte of the call left."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """Bytes may have left and no answer came: a time-out, a cut connection, something that is no HTTP."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """An answer came, its status and headers whole."""

    status: int
    holds: bool = True
    """Its body keeps the contract; asked only of a 2xx."""
    retry_after: bool = False
    """It says when to try again."""


Seen: TypeAlias = NeverSent | Cut | Answered

_DEFAULT: Final = NotDoneStatuses()
_NOT_MODIFIED: Final = 304
_UNAUTHORISED: Final = 401
_NOT_FOUND: Final = 404
_TIMED_OUT: Final = 408
_TOO_EARLY: Final = 425
_TOO_MANY: Final = 429


def sort_acting(seen: Seen, declared: NotDoneStatuses = _DEFAULT, *, repeats_unknown: bool = False) -> Verdict:
    """What became of a call that changes something.

    With `repeats_unknown` an earlier attempt may have been done: then a refusal, which may well say "it exists already",
    does not settle the effect.
    """
    match seen:
        case NeverSent():
            return Verdict.NOT_DONE
        case Cut():
            return Verdict.UNKNOWN
        case Answered():
            verdict = _said_to_acting(seen, declared)
    return Verdict.UNKNOWN if repeats_unknown and verdict is Verdict.REFUSED else verdict


def _said_to_acting(seen: Answered, declared: NotDoneStatuses) -> Verdict:
    status = seen.status
    if declared.mean(status, retry_after=seen.retry_after):
        return Verdict.NOT_DONE
    if status == _UNAUTHORISED:
        return Verdict.CREDENTIAL
    if 200 <= status < 300 and seen.holds:
        return Verdict.ANSWERED
    return Verdict.REFUSED if _refuses(status) else Verdict.UNKNOWN


def _refuses(status: int) -> bool:
    """Whether a status says that the request was not carried out and would not be.

    307 and 308 ask that the same request goes elsewhere, so it was not carried out here; other redirects may follow an act.
    408 is no refusal: some services answer so when their own work took too long, and then it may have been done.
    """
    return (400 <= status < 500 and status != _TIMED_OUT) or status in {307, 308}


def sort_reading(seen: Seen, declared: NotDoneStatuses = _DEFAULT, *, absent_is_none: bool = False) -> Verdict:
    """What became of a call that only reads."""
    if not isinstance(seen, Answered):
        return Verdict.NOT_DONE
    status = seen.status
    if status == _NOT_FOUND and absent_is_none:
        return Verdict.ABSENT
    if status == _UNAUTHORISED:
        return Verdict.CREDENTIAL
    if 200 <= status < 300:
        return Verdict.ANSWERED if seen.holds else Verdict.MALFORMED
    return _unanswered(seen, declared)


def _unanswered(seen: Answered, declared: NotDoneStatuses) -> Verdict:
    status = seen.status
    later = declared.mean(status, retry_after=seen.retry_after) or status in {_TIMED_OUT, _TOO_EARLY}
    if later or 500 <= status < 600:
        return Verdict.NOT_DONE
    if 300 <= status < 500 and status != _NOT_MODIFIED:
        return Verdict.REFUSED
    return Verdict.MALFORMED  # a status that nobody asked for: 1xx, 304, beyond 599


def heard(seen: Seen, declared: NotDoneStatuses = _DEFAULT, *, absent_is_none: bool = False) -> Heard:
    """What the other side did, whoever asked and for whatever.

    A 5xx with Retry-After is down all the same: it says how long it will be.
    """
    if not isinstance(seen, Answered):
        return Heard.DOWN
    status = seen.status
    if 200 <= status < 300:
        return Heard.ANSWERED if seen.holds else Heard.DIFFERS
    if status == _NOT_FOUND and absent_is_none:
        return Heard.ANSWERED
    if 500 <= status < 600 or status == _TIMED_OUT:
        return Heard.DOWN
    if status in {_TOO_MANY, _TOO_EARLY} or declared.mean(status, retry_after=seen.retry_after):
        return Heard.THROTTLED
    return Heard.REFUSED if 300 <= status < 500 and status != _NOT_MODIFIED else Heard.DIFFERS


_LONGEST_WAIT: Final = 7 * 86_400.0


def seconds_to_wait(retry_after: str | None, *, date: str | None, now: datetime) -> float | None:
    """What Retry-After says, in seconds; None where it says nothing that can be read.

    A date is counted from the answer's own Date, so that a wrong clock on either side does no harm, else from `now`.
    """
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:12]), _LONGEST_WAIT)
    until = _moment(text)
    if until is None:
        return None
    since = _moment(date or "") or now
    return min(max((until - since).total_seconds(), 0.0), _LONGEST_WAIT)


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
