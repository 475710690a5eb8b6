"""How a call outside may fail. Connections raise these; an author raises one only around a client that is not ours.

In a batch step a `Failure` may also be returned in place of the one case that failed.
"""

from typing import ClassVar

from pilotage.kernel.errors import PilotageError, UsuallyRemedied


class Failure(UsuallyRemedied, PilotageError):
    """A step could not be done for this case."""

    code: ClassVar[str] = "PLT-195"
    usual_remedy: ClassVar[str] = "Look at the case's timeline; replay it when the cause is gone."


class TransientFailure(Failure):
    """Nothing was done, and trying again later may help."""

    code: ClassVar[str] = "PLT-196"
    retryable: ClassVar[bool] = True
    usual_remedy: ClassVar[str] = "It is tried again by itself; nothing needs to be done."


class PermanentFailure(Failure):
    """The other side refused, and would refuse again."""

    code: ClassVar[str] = "PLT-197"
    usual_remedy: ClassVar[str] = "Correct what the other side refused, then replay the case."


class UnknownOutcome(Failure):
    """It is not known whether the other side did it."""

    code: ClassVar[str] = "PLT-198"
    usual_remedy: ClassVar[str] = "Ask the other side before it is sent again."


class MalformedResponse(Failure):
    """The answer breaks its contract; it is never data."""

    code: ClassVar[str] = "PLT-199"
    usual_remedy: ClassVar[str] = (
        "Compare the answer with the contract named in expect=; for an effect, ask the other side."
    )
