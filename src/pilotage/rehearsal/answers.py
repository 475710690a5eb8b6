"""Recorded answers: which call each of them answers, as lines of JSON that a person can write, too.

    {"connection": "crm", "method": "GET", "path": "/customers/7", "answer": {"name": "Miller"}}
    {"connection": "helpdesk", "method": "POST", "path": "/assignments", "digest": "5f...", "status": 200, "answer": {"id": "A1"}}

A line with the digest of a body, or with the body itself as `json`, answers calls with that body alone; one without answers every
call of its method and path. Where several do, the nearest one is taken, and of two equally near ones the later.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

from pilotage.connections.recording import Asked, answer_in, digest_of
from pilotage.machinery.net.messages import Answer
from pilotage.rehearsal.errors import AnswersUnreadable

_KNOWN: Final = frozenset(
    {"connection", "method", "path", "query", "digest", "json", "status", "headers", "answer", "text"}
)
_FORM: Final = 'Write {"connection": ..., "method": ..., "path": ..., "answer": ...} in each line.'


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """Recorded answers by the call that they answer."""

    by_body: Mapping[Asked, Answer] = field(default_factory=dict[Asked, Answer])
    by_path: Mapping[tuple[str, ...], Answer] = field(default_factory=dict[tuple[str, ...], Answer])

    def to(self, call: Asked) -> Answer | None:
        """The answer that was recorded for this call, or None."""
        if (found := self.by_body.get(call)) is not None:
            return found
        if (found := self.by_body.get(call._replace(query="*"))) is not None:
            return found
        plain = (call.connection, call.method, call.path)
        return self.by_path.get((*plain, call.query)) or self.by_path.get((*plain, "*"))


def read_answers(file: Path) -> Answers:
    """Read a file of recorded answers. Raises AnswersUnreadable (PLT-273)."""
    by_body: dict[Asked, Answer] = {}
    by_path: dict[tuple[str, ...], Answer] = {}
    try:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    _keep(_entry(line, f"{file}, line {number}"), by_body, by_path)
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise AnswersUnreadable(f"{file} cannot be read: {said}.", "Name a file of lines of JSON. " + _FORM) from None
    return Answers(by_body=by_body, by_path=by_path)


def _entry(line: str, where: str) -> Mapping[str, object]:
    try:
        entry: object = json.loads(line)
    except ValueError:
        raise AnswersUnreadable(f"{where}, is no JSON.", _FORM) from None
    if not isinstance(entry, dict):
        raise AnswersUnreadable(f"{where}, is no object.", _FORM)
    found = cast("dict[str, object]", entry)
    texts = {name: found.get(name) for name in ("connection", "method", "path")}
    if missing := [name for name, value in texts.items() if not isinstance(value, str)]:
        raise AnswersUnreadable(f"{where}, says no {missing[0]}.", _FORM)
    if unknown := sorted(found.keys() - _KNOWN):
        raise AnswersUnreadable(f"{where}, says {unknown[0]!r}, which means nothing.", _FORM)
    if not isinstance(found.get("status", 200), int):
        raise AnswersUnreadable(f"{where}, has a status that is no number.", _FORM)
    return found


def _keep(entry: Mapping[str, object], by_body: dict[Asked, Answer], by_path: dict[tuple[str, ...], Answer]) -> None:
    plain = (str(entry["connection"]), str(entry["method"]).upper(), str(entry["path"]))
    query = str(entry.get("query", "*"))
    digest = entry.get("digest")
    if "json" in entry:
        digest = digest_of(json.dumps(entry["json"]).encode())
    if digest is None:
        by_path[*plain, query] = answer_in(entry)
    else:
        by_body[Asked(*plain, query, str(digest))] = answer_in(entry)
