"""Small grammar for messages."""

from collections.abc import Iterable


def within(*places: str) -> str:
    """A place in a place: tickets, path, assign(team) with an arrow between."""
    return " › ".join(places)  # the arrow of paths, and no greater-than


def an(word: str) -> str:
    """A word with its article: a Team, an Invoice."""
    return f"{'an' if word[:1].lower() in 'aeio' else 'a'} {word}"


def listed(words: Iterable[str], last: str = "and") -> str:
    """Words as a list: a, b and c."""
    *rest, final = list(words) or [""]
    return f"{', '.join(rest)} {last} {final}" if rest else final
