"""Calls to one model: through the connection's limits, counted, with the failure sorted."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import cast

from pydantic_core import from_json, to_json

from pilotage.authoring.asking import AskedModel
from pilotage.authoring.failures import Failure
from pilotage.authoring.ports import Call, Caller
from pilotage.connections.errors import ConnectionAway, HeldBack, NoRoom, TooHeavy
from pilotage.machinery.net.masking import hide
from pilotage.machinery.telemetry.scope import asking
from pilotage.models.chat import ChatAnswer
from pilotage.models.errors import MoneyGone, TimedOut, TooLong
from pilotage.models.messages import Body, at_most
from pilotage.models.pricing import known, money
from pilotage.models.sorting import sorted_failure
from pilotage.models.values import Tokens, Took


@dataclass(kw_only=True)
class Calling:
    """What one model was asked for one item, and what that took."""

    caller: Caller
    model: AskedModel
    took: list[Took] = field(default_factory=list[Took])

    async def ask(self, body: Body) -> ChatAnswer:
        """The server's answer. Raises a Failure that may pass, or one of `models.errors`."""
        self._refuse_without_price()
        with asking(self.model.name, connection=self.model.connection) as told:
            answer = await self._answer(body)
            tokens = tokens_of(answer)
            cost = None if tokens is None else self._money(tokens)
            self.took.append(Took(tokens=tokens, money=cost))
            told.took(
                tokens=None if tokens is None else (tokens.inward, tokens.outward),
                cost=None if cost is None else float(cost),
            )
        return answer

    async def _answer(self, body: Body) -> ChatAnswer:
        call = Call(
            method="POST",
            path="/chat/completions",
            body=_masked(body),
            expect=ChatAnswer,
            reads=True,
            reserve=self._reserve(body),
            used=self._used,
        )
        try:
            async with asyncio.timeout(self.model.timeout):
                return cast("ChatAnswer", await self.caller.call(self.model.connection, call))
        except TimeoutError:
            self.took.append(Took(tokens=None, money=None))
            raise TimedOut(f"{self.model.name} did not answer in time.") from None
        except TooHeavy as error:  # nothing was sent
            raise TooLong(f"{error.what} So the text is too long for it.") from None
        except (NoRoom, ConnectionAway, HeldBack) as failure:  # nothing was sent
            raise sorted_failure(self.model.name, failure) from None
        except Failure as failure:
            self.took.append(Took(tokens=None, money=None))
            raise sorted_failure(self.model.name, failure) from None

    def _refuse_without_price(self) -> None:
        if self.model.budget and not known(self.model.name, self.model.price):
            raise MoneyGone(
                f"{self.model.connection} has a budget in USD, and what {self.model.name} costs is not known.",
                "Decide it by hand; write Model(..., price=Price(input=..., output=...)).",
            )

    def _money(self, tokens: Tokens) -> Decimal | None:
        return money(self.model.name, self.model.price, tokens)

    def _reserve(self, body: Body) -> dict[str, float]:
        inward, outward = at_most(body, self.model)
        most = self._money(Tokens(inward=inward, outward=outward))
        return {"tokens": float(inward + outward), **({} if most is None else {"USD": float(most)})}

    def _used(self, answer: object) -> Mapping[str, float]:
        tokens = tokens_of(cast("ChatAnswer", answer))
        if tokens is None:
            return {}
        amount = self._money(tokens)
        used = {"tokens": float(tokens.inward + tokens.outward)}
        return used if amount is None else {**used, "USD": float(amount)}


def _masked(body: Body) -> Body:
    """The request without credentials that this process holds, wherever they stand: in the prompt's file, in a label."""
    messages = cast("list[dict[str, str]]", body["messages"])
    masked = [{**one, "content": hide(one["content"])} for one in messages]
    how = body.get("response_format")
    if how is None or hide(text := to_json(how).decode()) == text:
        return {**body, "messages": masked}
    return {**body, "messages": masked, "response_format": from_json(hide(text))}


def tokens_of(answer: ChatAnswer) -> Tokens | None:
    """What the answer says that it took; None where it does not say it."""
    usage = answer.usage
    if usage is None:
        return None
    cached = usage.prompt_tokens_details.cached_tokens if usage.prompt_tokens_details is not None else None
    return Tokens(
        inward=usage.prompt_tokens, outward=usage.completion_tokens, cached=min(cached or 0, usage.prompt_tokens)
    )
