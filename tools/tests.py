"""Runs the tests: all of them, or with `--fast` those that take no time. Other arguments go to pytest.

The whole suite runs on as many processes as there are cores, and pytest's closing line is the last thing said.
"""

import os
import sys

FAST = ("-m", "not slow and not browser and not crash and not peers", "--hypothesis-profile=fast")


def arguments(given: list[str]) -> list[str]:
    """What pytest is called with."""
    rest = [word for word in given if word != "--fast"]
    chosen = [*FAST] if "--fast" in given else []
    # One process is the better choice for one file or one test: what it prints can be read.
    if not any(word.startswith(("-n", "--pdb", "tests", "-k", "--collect")) for word in rest):
        chosen += ["-n", "auto", "--dist", "loadgroup"]
    return [*chosen, *rest]


if __name__ == "__main__":
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *arguments(sys.argv[1:])])
