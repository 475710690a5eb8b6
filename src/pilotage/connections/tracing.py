"""Tells of each call that leaves: a span around it, the header that goes along, what came of it. Where nobody listens, nothing."""

from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TypeAlias

from pilotage.connections.accounts import Account
from pilotage.connections.leasing import Held
from pilotage.connections.values import EffectGuard
from pilotage.machinery.net.messages import Answer, Outgoing

if TYPE_CHECKING:  # who traces nothing loads nothing
    from pilotage.machinery.telemetry.calls import CallSpan
    from pilotage.machinery.telemetry.tracing import Telemetry

TOO_LATE: Final = "too late"
"""The outcome of a call that was not sent, because its time was over."""


class Untold:
    """A call on its way of which nobody is told."""

    __slots__ = ("outgoing",)

    def __init__(self, outgoing: Outgoing) -> None:
        self.outgoing = outgoing
        """The request as it is to be sent."""

    def came(self, word: str, answer: Answer | None) -> None:
        """What came of it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


Tells: TypeAlias = "Telemetry | None"
Told: TypeAlias = "Untold | CallSpan"


def told(
    telemetry: Tells,
    account: Account,
    outgoing: Outgoing,
    step: str,
    guard: EffectGuard | None,
    held: Held | None,
) -> Told:
    """The context in which one request of a step is sent, under what it holds of the account's limits."""
    if telemetry is None:
        return Untold(outgoing)
    return telemetry.call(
        outgoing,
        connection=account.name,
        step=step,
        attempt=None if guard is None else guard.attempt,
        waited=None if held is None else held.waited,
        sends=account.sends_trace,
    )


def told_permit(telemetry: Tells, account: Account, step: str, held: Held | None) -> AbstractContextManager[None]:
    """The context in which a client that is not ours has leave to call: what it calls in it is not seen."""
    if telemetry is None:
        return nullcontext()
    return telemetry.permit(account.name, step=step, waited=None if held is None else held.waited)
