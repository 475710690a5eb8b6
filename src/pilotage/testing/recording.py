"""Answers of a real service, kept in a file: recorded once, and given again in tests and rehearsals.

A file of them has a line of JSON for each answer, which `pilotage rehearse --answers` reads as well:

    {"connection": "openai", "method": "POST", "path": "/chat/completions", "digest": "5f...", "status": 200, "answer": {...}}
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pilotage.authoring.connection import Connection
from pilotage.connections.recording import Asked, answer_in, asked, line_of
from pilotage.machinery.net.addresses import Addresses
from pilotage.machinery.net.client import Bounds, HttpClient
from pilotage.machinery.net.departure import Departure
from pilotage.machinery.net.door import Door
from pilotage.machinery.net.messages import Answer, Outgoing, origin
from pilotage.testing.services import FakeService


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
        self._answers: dict[Asked, list[Answer]] = {}
        self._given: dict[Asked, int] = {}
        if self.file.exists():
            for line in filter(str.strip, self.file.read_text(encoding="utf-8").splitlines()):
                self._keep(json.loads(line))

    async def send(self, request: Outgoing, leaving: Departure) -> Answer:
        """Give the recorded answer, or record one. Raises LookupError where there is none, and nobody to ask."""
        call = asked(self.connection.name, request)
        recorded, given = self._answers.setdefault(call, []), self._given.get(call, 0)
        if given < len(recorded) or (recorded and self._real is None):
            leaving.check()
            leaving.leave()
            self._given[call] = given + 1
            return recorded[min(given, len(recorded) - 1)]
        if self._real is None:
            msg = f"{self.file} has no answer for {call.method} {call.path} with this body ({call.digest}); record it."
            raise LookupError(msg)
        answer = await self._ask(request, leaving, self._real)
        self._given[call] = given + 1
        recorded.append(answer)
        with self.file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(line_of(call, answer), ensure_ascii=False) + "\n")
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

    def _keep(self, line: Mapping[str, object]) -> None:
        if line.get("connection") != self.connection.name:
            return
        call = Asked(*(str(line.get(name, "")) for name in Asked._fields))
        self._answers.setdefault(call, []).append(answer_in(line))
