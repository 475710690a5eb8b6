"""How a call fails, each kind with what is known about it; and what a step must not do with a connection. Codes PLT-221 to PLT-230, PLT-250 to PLT-259, PLT-550, PLT-571."""

from datetime import datetime
from typing import ClassVar

from pilotage.authoring.failures import MalformedResponse, PermanentFailure, TransientFailure, UnknownOutcome
from pilotage.connections.values import RawResponse
from pilotage.kernel.errors import PilotageError


class NotDone(TransientFailure):
    """The other side did nothing, which is known; it may be sent again."""

    code: ClassVar[str] = "PLT-221"

    def __init__(
        self,
        what: str,
        /,
        *,
        retry_after: float | None = None,
        response: RawResponse | None = None,
        timed_out: bool = False,
    ) -> None:
        super().__init__(what, self.usual_remedy)
        self.retry_after = retry_after
        """Seconds, where the other side said how long to wait."""
        self.response = response
        self.timed_out = timed_out
        """It was sent, and its time was over before an answer came."""
        self.unanswered: str | None = None
        """The connection, where nobody has had an answer from it of late: then it is not this case that is at fault."""


class NotSent(NotDone):
    """The time by which it had to be sent was over, so it was not sent."""

    code: ClassVar[str] = "PLT-222"
    usual_remedy: ClassVar[str] = "Nothing was done; it gets a new permission to send by itself."


class NoRoom(NotDone):
    """The account's own limits had no room in the time that the call may wait; nothing was sent.

    `limit` is the limit in words, `unit` what it counts ("calls", "tokens", "USD"). `free_at` is when there is room again, as
    far as that is known; `retry_after` says the same in seconds. A case whose step raises it waits for the connection: it is
    no failure of its own.
    """

    code: ClassVar[str] = "PLT-251"
    usual_remedy: ClassVar[str] = "It goes on by itself when there is room; `pilotage limits` says when."

    def __init__(
        self, what: str, /, *, limit: str = "", unit: str = "calls", free_at: datetime | None = None, after: float = 1.0
    ) -> None:
        super().__init__(what, retry_after=after)
        self.limit = limit
        self.unit = unit
        self.free_at = free_at


class HeldBack(NotDone):
    """A call that was made before and failed is held back, because a part of the connection's calls fails; nothing was sent.

    All repeats of a connection share a part of its calls: those of acts, of questions about them, of steps that read and of
    models. A case whose step raises it waits, and has failed at nothing.
    """

    code: ClassVar[str] = "PLT-571"
    usual_remedy: ClassVar[str] = "It goes on by itself; `pilotage connections` says how many may go now."

    def __init__(self, what: str, /, *, after: float) -> None:
        super().__init__(what, retry_after=after)


class TooHeavy(PilotageError):
    """One call asks for more than a limit of the account can ever give."""

    code: ClassVar[str] = "PLT-252"


class AnotherOrigin(PilotageError):
    """A client that is not ours tried to call another place than the base URL of its connection."""

    code: ClassVar[str] = "PLT-253"


class ConnectionAway(NotDone):
    """The connection is left alone because the other side fails; whoever needs it waits."""

    code: ClassVar[str] = "PLT-250"
    usual_remedy: ClassVar[str] = "Nothing was sent; it goes on by itself when the other side answers again."

    def __init__(
        self, what: str, /, *, connection: str, until: int, after: float, response: RawResponse | None = None
    ) -> None:
        super().__init__(what, retry_after=after, response=response)
        self.connection = connection
        self.until = until
        """Platform time at which it is tried again."""

    def after_call(self, words: str, response: RawResponse | None) -> "ConnectionAway":
        """The same, for a call that was made and told us so."""
        return ConnectionAway(
            f"{words} {self.what}",
            connection=self.connection,
            until=self.until,
            after=self.retry_after or 0.0,
            response=response,
        )


class Refused(PermanentFailure):
    """The other side refused the call and would refuse it again."""

    code: ClassVar[str] = "PLT-223"

    def __init__(self, what: str, /, *, response: RawResponse | None = None) -> None:
        super().__init__(what, self.usual_remedy)
        self.response = response


class SecretGivenAway(PermanentFailure):
    """What was to be sent holds the value of a secret that does not belong to the other side; nothing was sent."""

    code: ClassVar[str] = "PLT-550"
    usual_remedy: ClassVar[str] = (
        "Take the value out of the record or of the step's code, and replay the case; rotate the secret if others have seen it."
    )


class OutcomeUnknown(UnknownOutcome):
    """The call may have been done; no answer says whether it was."""

    code: ClassVar[str] = "PLT-224"

    def __init__(self, what: str, /, *, response: RawResponse | None = None) -> None:
        super().__init__(what, self.usual_remedy)
        self.response = response


class AnswerMalformed(MalformedResponse):
    """The answer to a reading call breaks its contract."""

    code: ClassVar[str] = "PLT-225"

    def __init__(self, what: str, /, *, response: RawResponse | None = None) -> None:
        super().__init__(what, self.usual_remedy)
        self.response = response
        self.unanswered: str | None = None


class SecondCall(PilotageError):
    """An effect tried a second state-changing call."""

    code: ClassVar[str] = "PLT-226"


class OnlyReads(PilotageError):
    """A step that may only read tried a state-changing call."""

    code: ClassVar[str] = "PLT-227"


class PathRefused(PilotageError):
    """The path of a call is none that can be added to a base URL."""

    code: ClassVar[str] = "PLT-228"


class BodyNotJson(PilotageError):
    """What was to be sent cannot be written as JSON."""

    code: ClassVar[str] = "PLT-229"


class ConnectionUnknown(PilotageError):
    """A step called a connection that no automation here declares."""

    code: ClassVar[str] = "PLT-230"
