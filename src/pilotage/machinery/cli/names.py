"""The nearest names to one that does not exist. Pure."""

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """The known names that are written most like this one, the likeliest first; upper and lower case are alike."""
    lowered = {each.lower(): each for each in known}
    close = difflib.get_close_matches(name.lower(), lowered, n=most, cutoff=0.6)
    begins = [each for each in lowered if name and each.startswith(name.lower()) and each not in close]
    return [lowered[each] for each in (*close, *begins)][:most]


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """A sentence with the nearest names, or `otherwise` where none is near."""
    near = nearest(name, known)
    return f"Did you mean {' or '.join(near)}?" if near else otherwise
