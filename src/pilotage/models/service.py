"""Asking models: the first that gives an answer which holds is believed as far as it goes; where none does, a person decides."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pilotage.authoring.asking import Inquiry, Use
from pilotage.authoring.failures import Failure, TransientFailure
from pilotage.authoring.judgements import Judgement, abstain
from pilotage.authoring.ports import Caller
from pilotage.models.errors import CannotBeAsked, NothingHeld, TooLong
from pilotage.models.forms import Form, form_of
from pilotage.models.judging import Judging, use_of

Answer = Judgement[object] | Failure
Noted = Callable[[Sequence[Use]], None]


@dataclass(frozen=True, kw_only=True)
class Asking:
    """Asks models for one running step."""

    caller: Caller
    noted: Noted = lambda uses: None
    """Told of everything that was asked and what it took, whatever becomes of the step."""

    async def ask(self, inquiry: Inquiry, /) -> list[Answer]:
        """What came of it for each item, in order. Raises what is wrong with the step itself."""
        form = form_of(inquiry)
        places = asyncio.Semaphore(inquiry.at_once)

        async def one(data: Mapping[str, str]) -> Answer:
            async with places:
                return await self._item(inquiry, form, data)

        answers = await asyncio.gather(*map(one, inquiry.items), return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException) and not isinstance(answer, Failure):
                raise answer
        return [answer for answer in answers if isinstance(answer, Judgement | Failure)]

    async def _item(self, inquiry: Inquiry, form: Form, data: Mapping[str, str]) -> Answer:
        if set(data) != set(inquiry.prompt.fields):
            raise CannotBeAsked(
                f"The prompt {inquiry.prompt_name} is asked with {', '.join(sorted(data))}, "
                f"and names {', '.join(sorted(inquiry.prompt.fields))}.",
                "Let text= give the data that the prompt's file names in its line `data:`.",
            )
        if sum(map(len, data.values())) > inquiry.at_most:
            why = TooLong(f"The text is longer than the {inquiry.at_most:,} signs that are asked about.")
            return _abstained(why, [use_of(inquiry, inquiry.models[0], why.word)])
        uses: list[Use] = []
        try:
            return await self._chain(inquiry, form, data, uses)
        finally:
            self.noted(uses)

    async def _chain(self, inquiry: Inquiry, form: Form, data: Mapping[str, str], uses: list[Use]) -> Answer:
        """The first judgement that holds; else what the last model failed with."""
        failed: Failure | NothingHeld | None = None
        for model in inquiry.models:
            asked = Judging(caller=self.caller, inquiry=inquiry, form=form, data=data, model=model)
            became = "failed"
            try:
                judgement, measure = await asked.judge()
                became = "answered"
            except (NothingHeld, TransientFailure) as error:
                failed = error
                became = error.word if isinstance(error, NothingHeld) else "not reached"
            else:
                uses.append(asked.use(became, measure))
                judgement.asked = tuple(uses)
                return judgement
            finally:
                if became != "answered":
                    uses.append(asked.use(became))
        assert failed is not None  # there is always a model
        return _abstained(failed, uses) if isinstance(failed, NothingHeld) else failed


def _abstained(why: NothingHeld, uses: Sequence[Use]) -> Judgement[object]:
    judgement: Judgement[object] = abstain(f"{why.word.capitalize()}: {why.what} {why.remedy}")
    judgement.asked = tuple(uses)
    return judgement
