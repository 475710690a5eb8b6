"""What a server that speaks the chat completions of OpenAI answers, as far as it is read."""

from pydantic import BaseModel, ConfigDict, Field


class _Read(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Sign(_Read):
    """One piece of the answer, with the logarithm of its probability."""

    token: str
    logprob: float


class Signs(_Read):
    """The answer's pieces in order."""

    content: list[Sign] | None = None


class Message(_Read):
    """What the model said."""

    content: str | None = None
    refusal: str | None = None
    tool_calls: list[object] | None = None


class ChatChoice(_Read):
    """One of its answers."""

    message: Message
    finish_reason: str | None = None
    logprobs: Signs | None = None


class Details(_Read):
    """What of the input the server knew already."""

    cached_tokens: int | None = Field(default=None, ge=0)


class Usage(_Read):
    """What was used."""

    prompt_tokens: int = Field(ge=0)
    completion_tokens: int = Field(ge=0)
    prompt_tokens_details: Details | None = None


class ChatAnswer(_Read):
    """A whole answer."""

    choices: list[ChatChoice] = Field(default_factory=list[ChatChoice])
    usage: Usage | None = None
