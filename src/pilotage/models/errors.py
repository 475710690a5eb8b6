"""Why a model gave nothing that holds. Codes PLT-280 to PLT-289.

None of them ends a case: another model is asked, or the step abstains with these words and a person decides. `word` is what
the timeline says.
"""

from typing import ClassVar

from pilotage.kernel.errors import PilotageError, UsuallyRemedied


class CannotBeAsked(PilotageError):
    """A step asked for something that no model can be asked for: a contract without a schema, or other data than the prompt names."""

    code: ClassVar[str] = "PLT-280"


class NothingHeld(UsuallyRemedied, PilotageError):
    """A model gave nothing that holds; the errors below say why."""

    code: ClassVar[str] = "PLT-281"
    word: ClassVar[str] = "gave nothing"
    usual_remedy: ClassVar[str] = "Decide it by hand."


class KeyRefused(NothingHeld):
    """The model's server did not accept the credential."""

    code: ClassVar[str] = "PLT-282"
    word: ClassVar[str] = "key refused"
    usual_remedy: ClassVar[str] = "Decide it by hand; put the right key into the secret that the connection names."


class ModelUnknown(NothingHeld):
    """The server has no model of that name, or no such path."""

    code: ClassVar[str] = "PLT-283"
    word: ClassVar[str] = "model unknown"
    usual_remedy: ClassVar[str] = "Decide it by hand; correct the model's name, or the connection's base_url."


class TooLong(NothingHeld):
    """The text is longer than the prompt allows, or than the model can read."""

    code: ClassVar[str] = "PLT-284"
    word: ClassVar[str] = "too long"
    usual_remedy: ClassVar[str] = "Decide it by hand; or give a shorter text, or a model that reads more."


class RefusedToAnswer(NothingHeld):
    """The server or the model refused to answer: a content filter, a refusal, or a request that it does not take."""

    code: ClassVar[str] = "PLT-285"
    word: ClassVar[str] = "refused"


class CutShort(NothingHeld):
    """The answer ended before it was whole, or there was none in the answer of the server."""

    code: ClassVar[str] = "PLT-286"
    word: ClassVar[str] = "cut short"
    usual_remedy: ClassVar[str] = "Decide it by hand; where it happens often, let the model write more: most_tokens=..."


class NotValid(NothingHeld):
    """The answer does not hold: it is no JSON of the asked form, names no allowed label, or quotes what is not in the text."""

    code: ClassVar[str] = "PLT-287"
    word: ClassVar[str] = "not valid"


class TimedOut(NothingHeld):
    """No answer came in time."""

    code: ClassVar[str] = "PLT-288"
    word: ClassVar[str] = "timed out"


class MoneyGone(NothingHeld):
    """The budget of the connection is gone, or it has one and the model's price is not known."""

    code: ClassVar[str] = "PLT-289"
    word: ClassVar[str] = "budget gone"
    usual_remedy: ClassVar[str] = "Decide it by hand, or let it wait: the budget is a limit of the connection."
