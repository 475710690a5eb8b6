"""Names: lower-case letters, digits and hyphens, and how a readable one is made of a text."""

import re
import unicodedata
from typing import Final

from pilotage.authoring.codes import finding
from pilotage.authoring.findings import DefinitionError, Finding

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def slug(text: str) -> str:
    """A text as a name: "Public body" is public-body, InvoiceLine is invoice-line."""
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    parts = re.split(r"[^a-z0-9]+", _CAMEL.sub(" ", folded).lower())
    return "-".join(part for part in parts if part) or "unnamed"


def wrong_name(kind: str, name: str, line: str) -> Finding | None:
    """PLT-181 where a name is none."""
    if _NAME.fullmatch(name):
        return None
    suggestion = slug(name)
    if not suggestion[0].isalpha():
        suggestion = f"a-{suggestion}"
    return finding("PLT-181", place=f'{kind} "{name}"', line=line, suggestion=suggestion)


def refuse_name(kind: str, name: str, line: str) -> None:
    """Raise PLT-181 where a name is none."""
    if wrong := wrong_name(kind, name, line):
        raise DefinitionError(wrong)
