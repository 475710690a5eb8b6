"""References: the short word under which the log has what a page must not show."""

import secrets
from typing import Final

_LETTERS: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_reference() -> str:
    """A word such as `W-7K2M9QRT`, to read out on the telephone."""
    return "W-" + "".join(secrets.choice(_LETTERS) for _ in range(8))
