"""How far the crash suite goes, and how it tells what it found.

`CRASHES=200` is the long form, which `./dev crash` runs: so many processes are struck on each database, and everything
else happens in proportion. Without it everything happens as often as CI has time for. `CRASH_SEED` does the same again.
`CRASH_REPORT` names a file that gets a line of JSON from each test.
"""

import json
import os
import random
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

CRASHES: Final = int(os.environ.get("CRASHES", "0"))
SEED: Final = int(os.environ.get("CRASH_SEED", str(random.SystemRandom().randrange(10**6))))
_BEGAN: Final = time.monotonic()


def times(short: int, *, share: float = 1.0) -> int:
    """How often something happens: in the short form so often, in the long form this share of CRASHES."""
    return max(short, round(CRASHES * share))


def tell(database_url: str, words: str) -> None:
    """Say how far it is, to whoever watches the long form."""
    if CRASHES:
        sys.stderr.write(f"  {time.monotonic() - _BEGAN:6.0f} s  {kind(database_url)}: {words}\n")
        sys.stderr.flush()


def report(test: str, database_url: str, figures: Mapping[str, object]) -> None:
    """Add a line to the file that CRASH_REPORT names."""
    tell(database_url, ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in figures.items()))
    if name := os.environ.get("CRASH_REPORT"):
        line = {"test": test, "database": kind(database_url), **figures, "seed": SEED}
        with Path(name).open("a", encoding="utf-8") as file:
            file.write(f"{json.dumps(line)}\n")


def kind(database_url: str) -> str:
    """Which database it is."""
    return database_url.partition(":")[0]
