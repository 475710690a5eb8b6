"""Answers of a real service, kept in a file: recorded once, and given again in tests and rehearsals.

A file of them has a line of JSON for each answer, which `pilotage rehearse --answers` reads as well:

    {"connection": "openai", "method": "POST", "path": "/chat/completions", "digest": "5f...", "status": 200, "answer": {...}}
"""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple, cast

from pilotage.authoring.connection import Connection
from pilotage.machinery.net.addresses import Addresses
from pilotage.machinery.net.client import Bounds, HttpClient
from pilotage.machinery.net.departure import Departure
from pilotage.machinery.net.door import Door
from pilotage.machinery.net.messages import Answer, Outgoing, origin
from pilotage.testing.services import FakeService

_TYPE: Final = "content-type"


class _Asked(NamedTuple):
    method: str
    path: str
    query: str
    digest: str


class RecordedAnswers(FakeService):
    """The other side of a connection as it once answered; with `record_from` it asks the real one for what is missing.

    What was asked with the same body again and again is answered in the order of the file, the last answer for ever.
    """

    def __init__(
        self,
        connection: Connection,
        file: Path | str,
        /,
        *,
        record_from: str | None = None,
        authorization: str | None = None,
    ) -> None:
        super().__init__(connection)
        self.file = Path(file)
        self._real = record_from
        self._authorization = authorization
        """What goes to the real service as its key; it is never written down."""
        self._client: HttpClient | None = None
        self._answers: dict[_Asked, list[Answer]] = {}
        self._given: dict[_Asked, int] = {}
        if self.file.exists():
            for line in filter(str.strip, self.file.read_text(encoding="utf-8").splitlines()):
                self._keep(json.loads(line))

    async def send(self, request: Outgoing, leaving: Departure) -> Answer:
        """Give the recorded answer, or record one. Raises LookupError where there is none, and nobody to ask."""
        asked = _Asked(request.method, request.path, request.query, _digest(request.body))
        recorded, given = self._answers.setdefault(asked, []), self._given.get(asked, 0)
        if given < len(recorded) or (recorded and self._real is None):
            leaving.check()
            leaving.leave()
            self._given[asked] = given + 1
            return recorded[min(given, len(recorded) - 1)]
        if self._real is None:
            msg = (
                f"{self.file} has no answer for {asked.method} {asked.path} with this body ({asked.digest}); record it."
            )
            raise LookupError(msg)
        answer = await self._ask(request, leaving, self._real)
        self._given[asked] = given + 1
        recorded.append(answer)
        with self.file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(self._line(asked, answer), ensure_ascii=False) + "\n")
        return answer

    async def close(self) -> None:
        """Close what was opened to the real service."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def _ask(self, request: Outgoing, leaving: Departure, real: str) -> Answer:
        if self._client is None:
            bounds = Bounds(total=self.connection.timeout.seconds or Bounds().total)
            self._client = HttpClient(Door(Addresses(allow_private=True)), bounds)
        headers = dict(request.headers)
        if self._authorization is not None:
            headers["Authorization"] = self._authorization
        return await self._client.send(replace(request, origin=origin(real), headers=headers), leaving)

    def _line(self, asked: _Asked, answer: Answer) -> dict[str, object]:
        line: dict[str, object] = {"connection": self.connection.name, **asked._asdict(), "status": answer.status}
        with suppress(ValueError):
            return {**line, "answer": json.loads(answer.body)}
        kind = answer.headers.get(_TYPE, "text/plain")
        return {**line, "headers": {_TYPE: kind}, "text": answer.body.decode(errors="replace")}

    def _keep(self, line: Mapping[str, object]) -> None:
        if line.get("connection") != self.connection.name:
            return
        asked = _Asked(*(str(line.get(name, "")) for name in _Asked._fields))
        headers = cast("dict[str, str]", line.get("headers", {_TYPE: "application/json"}))
        body = json.dumps(line["answer"]) if "answer" in line else str(line.get("text", ""))
        answer = Answer(status=cast("int", line.get("status", 200)), headers=headers, body=body.encode())
        self._answers.setdefault(asked, []).append(answer)


def _digest(body: bytes | None) -> str:
    """The digest of a body, the same whatever the order of its fields."""
    if not body:
        return ""
    with suppress(ValueError):  # what is no JSON is digested as it is
        body = json.dumps(json.loads(body), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return hashlib.blake2b(body, digest_size=16).hexdigest()
