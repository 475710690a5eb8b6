"""The other side of a model's connection, in memory: it says what the test tells it to, and shows what it was asked."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, cast

from pydantic_core import to_json

from pilotage.authoring.connection import Connection
from pilotage.machinery.net.client import Answer, Outgoing
from pilotage.machinery.net.departure import Departure
from pilotage.testing.services import FakeService, Request

_BYTES_A_TOKEN: Final = 4


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a model was asked, as it arrived."""

    model: str
    told: str
    """The first message: the prompt and the rules of the answer."""
    data: Mapping[str, str]
    """What it was asked about."""
    again: bool
    """It is shown an answer that did not hold, and asked once more."""
    body: Mapping[str, object]
    """All of it."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer as the server sends it, where it is more than a text."""

    content: str | None = None
    finish: str = "stop"
    refusal: str | None = None
    signs: tuple[tuple[str, float], ...] = ()
    """The answer's pieces with the logarithm of their probability."""
    tools: tuple[str, ...] = ()
    """Tools that the model asks for."""


Says = Callable[[Question], object]


class FakeModel(FakeService):
    """A model's server in memory. What it says comes from a function: a mapping is sent as JSON, a text as it is."""

    def __init__(self, connection: Connection, /) -> None:
        super().__init__(connection)
        self.questions: list[Question] = []
        """Everything that it was asked, oldest first."""
        self.single: bool = False
        """It gives one answer at a time, however many are asked for."""
        self.counts: bool = True
        """It says how many tokens it took."""
        self._says: Says = lambda question: Reply(content="")
        self._refusals: list[tuple[int, str, str]] = []
        self.on("POST", "/chat/completions")(self._completions)

    def says(self, function: Says, /) -> Says:
        """Answer with what this function gives for a question; usable as a decorator."""
        self._says = function
        return function

    def refuse(self, status: int, code: str = "", message: str = "", *, times: int = 1) -> None:
        """Refuse the next `times` requests with this status, and an error as OpenAI's servers word it."""
        self._refusals += [(status, code, message)] * times

    async def send(self, request: Outgoing, leaving: Departure) -> Answer:
        """Answer a request of the platform."""
        if not self._refusals:
            return await super().send(request, leaving)
        leaving.check()
        leaving.leave()
        status, code, message = self._refusals.pop(0)
        body = to_json({"error": {"code": code, "type": "invalid_request_error", "message": message}})
        return Answer(status=status, headers={"content-type": "application/json"}, body=body)

    def _completions(self, request: Request) -> object:
        question = _question(request.json)
        self.questions.append(question)
        number = 1 if self.single else cast("int", request.json.get("n", 1))
        replies = [_reply(self._says(question)) for _ in range(number)]
        answer: dict[str, object] = {
            "object": "chat.completion",
            "model": question.model,
            "choices": [_choice(place, reply) for place, reply in enumerate(replies)],
        }
        if self.counts:
            answer["usage"] = {
                "prompt_tokens": len(to_json(request.json.get("messages"))) // _BYTES_A_TOKEN,
                "completion_tokens": sum(len(reply.content or "") // _BYTES_A_TOKEN + 1 for reply in replies),
            }
        return answer


def _question(body: Mapping[str, object]) -> Question:
    messages = cast("list[Mapping[str, str]]", body["messages"])
    return Question(
        model=str(body["model"]),
        told=messages[0]["content"],
        data=json.loads(messages[1]["content"])["data"],
        again=len(messages) > 2,
        body=body,
    )


def _reply(said: object) -> Reply:
    if isinstance(said, Reply):
        return said
    return Reply(content=said if isinstance(said, str) else to_json(said).decode())


def _choice(place: int, reply: Reply) -> dict[str, object]:
    message: dict[str, object] = {"role": "assistant", "content": reply.content}
    if reply.refusal is not None:
        message["refusal"] = reply.refusal
    if reply.tools:
        message["tool_calls"] = [
            {"id": f"call_{name}", "type": "function", "function": {"name": name, "arguments": "{}"}}
            for name in reply.tools
        ]
    choice: dict[str, object] = {"index": place, "message": message, "finish_reason": reply.finish}
    if reply.signs:
        choice["logprobs"] = {"content": [{"token": sign, "logprob": chance} for sign, chance in reply.signs]}
    return choice
