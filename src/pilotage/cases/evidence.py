"""Whether the words that a judging step quotes really stand in the record. Pure."""

from collections.abc import Sequence


def missing_quotes(quotes: Sequence[tuple[str, str | None]], record: object) -> list[str]:
    """The quoted words (text, field or None for anywhere) that are not in the record, blanks and case folded."""
    return [text for text, field in quotes if _folded(text) not in _folded(_text_of(record, field))]


def _text_of(record: object, field: str | None) -> str:
    if field is not None:
        return str(getattr(record, field, ""))
    fields = getattr(type(record), "model_fields", {})
    return " ".join(str(getattr(record, name)) for name in fields)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
