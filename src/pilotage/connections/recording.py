"""Answers of real calls, written down so that a rehearsal can give them again; and what a call is known by.

Nothing of a request is kept but its digest. What was answered is kept whole, without the values of secrets: the file holds what is
personal, and its owner alone may read it.
"""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple, cast

from pilotage.connections.accounts import Client
from pilotage.machinery.net.departure import Departure
from pilotage.machinery.net.messages import Answer, Outgoing
from pilotage.machinery.net.redaction import Redactor

KEY: Final = "{effect key}"
"""What stands in a body in place of the effect's key, which is another one in each run."""
_HEADERS: Final = ("content-type", "retry-after")
"""What a step can tell an answer by, beside its status and its body."""
_JSON: Final = ("content-type", "application/json")


class Asked(NamedTuple):
    """What a call is known by."""

    connection: str
    method: str
    path: str
    query: str
    digest: str
    """Of its body, in which the effect's key is blanked; empty for none."""


def asked(connection: str, request: Outgoing) -> Asked:
    """What a call is known by."""
    return Asked(connection, request.method, request.path, request.query, digest_of(request.body, request.key))


def digest_of(body: bytes | None, key: str | None = None) -> str:
    """The digest of a body, the same whatever the order of its fields."""
    if not body:
        return ""
    if key is not None:
        body = body.replace(key.encode(), KEY.encode())
    with suppress(ValueError):  # what is no JSON is digested as it is
        body = json.dumps(json.loads(body), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return hashlib.blake2b(body, digest_size=16).hexdigest()


def line_of(call: Asked, answer: Answer) -> dict[str, object]:
    """A call and its answer as they stand in a line of a file of recorded answers."""
    line: dict[str, object] = {**call._asdict(), "status": answer.status}
    headers = {name: answer.headers[name] for name in _HEADERS if name in answer.headers}
    with suppress(ValueError):
        line["answer"] = json.loads(answer.body)
        headers = {name: value for name, value in headers.items() if (name, value) != _JSON}
    if "answer" not in line:
        line["text"] = answer.body.decode(errors="replace")
    return {**line, "headers": headers} if headers else line


def answer_in(line: Mapping[str, object]) -> Answer:
    """The answer that stands in a line: `answer` as JSON or `text` as it is, with its status and headers."""
    given = cast("Mapping[str, object]", line.get("headers", {}))
    headers = {str(name).lower(): str(value) for name, value in given.items()}
    if "text" in line:
        body = str(line["text"]).encode()
    else:
        body = json.dumps(line["answer"]).encode() if "answer" in line else b""
        headers.setdefault(*_JSON)
    return Answer(status=cast("int", line.get("status", 200)), headers=headers, body=body)


class Recorder:
    """Appends each answer to a file, as a line of JSON. Several processes may write to the same one."""

    def __init__(self, file: Path, redactor: Callable[[], Redactor]) -> None:
        self._file = file
        self._redactor = redactor

    def around(self, connection: str, client: Client) -> Client:
        """The client, whose answers are written down."""
        return _Recorded(connection, client, self)

    def note(self, call: Asked, answer: Answer) -> None:
        """Write one answer down; one that did not come whole is none."""
        if answer.fault is not None:
            return
        redactor = self._redactor()
        call = call._replace(path=redactor.text(call.path), query=redactor.text(call.query))
        headers = {name: redactor.text(value) for name, value in answer.headers.items()}
        kept = Answer(status=answer.status, headers=headers, body=redactor.body(answer.body))
        self._append(json.dumps(line_of(call, kept), ensure_ascii=False).encode() + b"\n")

    def _append(self, line: bytes) -> None:
        descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)


class _Recorded:
    def __init__(self, connection: str, client: Client, recorder: Recorder) -> None:
        self._connection = connection
        self._client = client
        self._recorder = recorder

    async def send(self, request: Outgoing, leaving: Departure) -> Answer:
        """Send it, and note the answer."""
        answer = await self._client.send(request, leaving)
        self._recorder.note(asked(self._connection, request), answer)
        return answer

    async def close(self) -> None:
        """Close every connection."""
        await self._client.close()
