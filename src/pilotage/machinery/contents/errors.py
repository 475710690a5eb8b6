"""What can be wrong with a large content. Codes PLT-340 to PLT-342."""

from typing import ClassVar

from pilotage.kernel.errors import PilotageError


class ContentMissing(PilotageError):
    """A content that something refers to is not in the file store."""

    code: ClassVar[str] = "PLT-340"
    retryable: ClassVar[bool] = True


class ContentAltered(PilotageError):
    """A file of the file store does not have the digest that is its name."""

    code: ClassVar[str] = "PLT-341"


class ContentTooLarge(PilotageError):
    """A content is larger than the file store takes."""

    code: ClassVar[str] = "PLT-342"
