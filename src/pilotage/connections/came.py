"""What came of sending a call once, and what it means for the limits and for the step's one act. Pure."""

from dataclasses import dataclass, field
from typing import Final

from pilotage.authoring.ports import Call
from pilotage.connections.accounts import Account
from pilotage.connections.bodies import ContractBroken, decode
from pilotage.connections.counting import scaled
from pilotage.connections.sorting import Answered, Cut, Seen, Verdict, heard
from pilotage.connections.values import Heard, Standing
from pilotage.kernel.foreign import RAISED
from pilotage.machinery.net.masking import hide_bytes
from pilotage.machinery.net.messages import Answer


@dataclass(frozen=True, kw_only=True, slots=True)
class Came:
    """What came of sending once."""

    what: Seen
    words: str
    answer: Answer | None = None
    value: object = field(default=None, repr=False)
    late: bool = False
    """It was too late to send it."""
    timed_out: bool = False
    """It was sent, and no answer came in time."""


NO_ANSWER: Final = Came(what=Cut(), words="")

STANDINGS: Final = {
    Verdict.ANSWERED: Standing.ANSWERED,
    Verdict.ABSENT: Standing.ANSWERED,
    Verdict.NOT_DONE: Standing.NOT_DONE,
    Verdict.CREDENTIAL: Standing.NOT_DONE,
    Verdict.REFUSED: Standing.REFUSED,
    Verdict.UNKNOWN: Standing.UNKNOWN,
    Verdict.MALFORMED: Standing.UNKNOWN,
}
"""How the step's one act stands after a verdict."""


def came_of(call: Call, answer: Answer) -> Came:
    """What an answer is for a call: its status, and its body as what the call expects."""
    wait = answer.headers.get("retry-after") is not None
    words = f"It answered {answer.status}."
    if not 200 <= answer.status < 300:
        return Came(what=Answered(status=answer.status, retry_after=wait), words=words, answer=answer)
    broken = answer.fault if call.expect is not None or call.raw else None
    value: object = answer.body if call.raw else None
    if broken is None and not call.raw:
        try:
            kind = answer.headers.get("content-type", "")
            value = decode(hide_bytes(answer.body), kind, call.expect, absent_is_none=call.absent_is_none)
        except ContractBroken as error:
            broken = error.what
    if broken is not None:
        words = f"It answered {answer.status}, but {broken}."
    what = Answered(status=answer.status, holds=broken is None, retry_after=wait)
    return Came(what=what, words=words, answer=answer, value=value)


def heard_of(account: Account, call: Call, seen: Came) -> Heard:
    """What the other side did, in the words for people."""
    return heard(seen.what, account.not_done, absent_is_none=call.absent_is_none)


def used_of(account: Account, call: Call, seen: Came) -> dict[str, int]:
    """What a call that was sent used of what it reserved, where that is known to be another amount."""
    if not call.reserve or not isinstance(seen.what, Answered):
        return {}
    if account.not_done.mean(seen.what.status, retry_after=seen.what.retry_after):
        return dict.fromkeys(call.reserve, 0)
    if call.used is None or seen.value is None:
        return {}
    try:
        return scaled(call.used(seen.value))
    except RAISED:  # the author's code: where it cannot say, all of it was used
        return {}
