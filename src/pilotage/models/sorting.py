"""Why a call to a model failed, in the words of models. Pure.

What may pass by itself (nobody listens, throttled, a server's own fault) stays what it is: the case waits and is tried again,
if no other model answers. What another attempt would not change becomes one of `models.errors`.
"""

import json
from typing import Final, cast

from pilotage.authoring.failures import Failure, MalformedResponse
from pilotage.connections.errors import NoRoom, NotDone, Refused
from pilotage.connections.values import RawResponse
from pilotage.models.chat import ChatAnswer, ChatChoice
from pilotage.models.errors import (
    CutShort,
    KeyRefused,
    ModelUnknown,
    MoneyGone,
    NothingHeld,
    NotValid,
    RefusedToAnswer,
    TimedOut,
    TooLong,
)

BUDGET: Final = "USD"
"""The unit of a limit that is a budget."""
_LONG: Final = ("context_length_exceeded", "exceed_context_size", "context size", "context length", "maximum context")
_FILTER: Final = ("content_filter", "content_policy", "content management policy", "invalid_prompt")


def sorted_failure(model: str, failure: Failure) -> Failure | NothingHeld:
    """What a failed call means: itself where it may pass, else why the model gave nothing."""
    if isinstance(failure, NoRoom) and failure.unit == BUDGET:
        until = "" if failure.free_at is None else f" until {failure.free_at:%H:%M UTC on %Y-%m-%d}"
        return MoneyGone(f"The budget of {failure.limit.replace('.00 ', ' ')} is gone{until}.")
    if isinstance(failure, NotDone):
        return TimedOut(f"{model} did not answer in time.") if failure.timed_out else failure
    if isinstance(failure, MalformedResponse):
        return CutShort(f"What the server of {model} answered is no answer of a model.")
    if isinstance(failure, Refused) and failure.response is not None:
        return _refused(model, failure.response)
    return failure


def _refused(model: str, response: RawResponse) -> NothingHeld:
    """Why the server refused, as far as it says so in a way that many servers share."""
    status, said = response.status, _said(response)
    if status in {401, 403}:
        return KeyRefused(f"The server of {model} did not accept the key ({status}).")
    if any(word in said for word in _FILTER):
        return RefusedToAnswer(f"The content filter of {model} refused the text.")
    if any(word in said for word in _LONG) or status == 413:
        return TooLong(f"The text is longer than {model} can read.")
    if status == 404:
        return ModelUnknown(f"Its server has no model {model} (404).")
    return RefusedToAnswer(f"The server of {model} refused the request ({status}).")


def _said(response: RawResponse) -> str:
    """The error's code, type and words, as the server gave them."""
    try:
        data: object = json.loads(response.body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(data, dict):
        return ""
    whole = cast("dict[str, object]", data)
    error = whole.get("error", whole)
    if not isinstance(error, dict):
        return str(error).lower()
    found = cast("dict[str, object]", error)
    return " ".join(str(found.get(name, "")) for name in ("code", "type", "message")).lower()


def content_of(model: str, choice: ChatChoice) -> str:
    """The text of one answer. Raises one of `models.errors` where it is none, or not whole."""
    message = choice.message
    if choice.finish_reason == "content_filter":
        raise RefusedToAnswer(f"The content filter of {model} stopped the answer.")
    if message.refusal:
        raise RefusedToAnswer(f"{model} refused to answer.")
    if choice.finish_reason == "length":
        raise CutShort(f"The answer of {model} was cut short.")
    if message.tool_calls:
        raise NotValid(f"{model} asked for a tool, and there is none.")
    if not (message.content or "").strip():
        raise CutShort(f"The answer of {model} is empty.")
    return message.content or ""


def none_in(model: str, answer: ChatAnswer) -> CutShort | None:
    """What is wrong with an answer of the server in which there is none of the model."""
    return None if answer.choices else CutShort(f"The server of {model} gave no answer of it.")
