"""Who sits in front of the command line, and how that is known."""

import getpass
from typing import Final

KNOWN: Final = "shell user, not verified"


def shell_user() -> str:
    """The name of the operating system's user; nothing proves that it is that person."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a user without a name, such as in some containers
        return "unknown user"
