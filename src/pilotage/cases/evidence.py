"""Whether the words that a judging step quotes really stand in the record, or in what the step was given. Pure."""

from collections.abc import Sequence


def missing_quotes(quotes: Sequence[tuple[str, str | None]], record: object, *given: object) -> list[str]:
    """The quoted words (text, field or None for anywhere) that stand nowhere, blanks and case folded.

    A quote that names a field is looked for in the record's; any other one also in what the step was given.
    """
    return [text for text, field in quotes if not any(_folded(text) in one for one in _places(field, record, given))]


def _places(field: str | None, record: object, given: Sequence[object]) -> list[str]:
    if field is not None:
        return [_folded(_text_of(record, field))]
    return [_folded(_text_of(one, None)) for one in (record, *(one for one in given if one is not record))]


def _text_of(record: object, field: str | None) -> str:
    if field is not None:
        return str(getattr(record, field, ""))
    fields = getattr(type(record), "model_fields", {})
    if not fields:
        return str(record)
    return " ".join(str(getattr(record, name)) for name in fields)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
