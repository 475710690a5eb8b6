"""Text as every file and every database holds it."""

import re
from typing import Final

_UNWRITABLE: Final = re.compile("[\x00\ud800-\udfff]")


def writable(text: str) -> str:
    """The text, with a question mark for what some database refuses: a NUL, and halves of surrogate pairs.

    For what others said, such as the message of an error: that it cannot be written must keep nothing from being written.
    """
    return _UNWRITABLE.sub("\ufffd", text)


def is_writable(text: str) -> bool:
    """Whether every database holds it as it is."""
    return _UNWRITABLE.search(text) is None
