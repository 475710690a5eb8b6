"""What anybody's code prints while a command runs: `print`, warnings, what Python says of an exception that nobody can catch."""

import sys
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import IO, Any, cast

from pilotage.machinery.net.masking import hide


class _Masked:
    """A stream that is written to without the credentials that this process holds."""

    def __init__(self, inner: IO[str]) -> None:
        self._inner = inner

    def write(self, text: str) -> int:
        """Write it without them."""
        self._inner.write(hide(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write each without them."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


@contextmanager
def masked_streams() -> Generator[None]:
    """Standard output and standard error are masked for as long as the block lasts."""
    before = sys.stdout, sys.stderr
    masked = _Masked(before[0]), _Masked(before[1])
    sys.stdout, sys.stderr = cast("Any", masked)
    try:
        yield
    finally:
        if sys.stdout is masked[0]:
            sys.stdout = before[0]
        if sys.stderr is masked[1]:
            sys.stderr = before[1]
