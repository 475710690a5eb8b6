"""What the exit code of a command means; the one place where it is said."""

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes of `pilotage`."""

    OK = 0
    """It was done, and what was asked about is well."""
    NOT_WELL = 1
    """It was done, and what was asked about is not well: doctor or check found something, a replay failed again, or a rehearsal held code back."""
    REFUSED = 2
    """It was not done: wrong usage, or an error with a code and a remedy."""
    UNEXPECTED = 70
    """It was not done, for a reason that nobody foresaw: a fault of the program."""
    INTERRUPTED = 130
    """Ctrl-C; what was on its way has been put away in order."""
    NOBODY_READS = 141
    """Whoever read the output went away, such as `head`."""
    TERMINATED = 143
    """The operating system asked the process to end (SIGTERM)."""
