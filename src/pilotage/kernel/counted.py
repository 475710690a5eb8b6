"""A number with its noun, for every sentence in which something is counted."""


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun: "1 case", "318 cases"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
