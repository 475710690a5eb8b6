"""Small grammar for messages."""

from collections.abc import Iterable


def an(word: str) -> str:
    """A word with its article: a Team, an Invoice."""
    return f"{'an' if word[:1].lower() in 'aeio' else 'a'} {word}"


def listed(words: Iterable[str], last: str = "and") -> str:
    """Words as a list: a, b and c."""
    *rest, final = list(words) or [""]
    return f"{', '.join(rest)} {last} {final}" if rest else final
