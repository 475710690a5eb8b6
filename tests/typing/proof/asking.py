"""What asking a model gives, to the letter."""

from typing import Literal, TypeAlias, assert_type

import pilotage as pl
from enquiries.automation import Question, Reply, Team, Wish, gpt, reply_to, route, small, wishes

Mood: TypeAlias = Literal["calm", "angry"]
MOODS: tuple[Mood, ...] = ("calm", "angry")


async def gives(one: Question, several: list[Question]) -> None:
    """One item gives a judgement or raises; several give as many judgements or failures."""
    assert_type(await gpt.classify(one, into=Team, prompt=route, text=lambda q: q.text), pl.Judgement[Team])
    assert_type(
        await gpt.classify(several, into=Team, prompt=route, text=lambda q: q.text),
        list[pl.Judgement[Team] | pl.Failure],
    )
    assert_type(await gpt.classify(one, into=bool, prompt=route, text=lambda q: q.text), pl.Judgement[bool])
    assert_type(await gpt.classify(one, into=MOODS, prompt=route, text=lambda q: q.text), pl.Judgement[Mood])
    assert_type(await gpt.extract(one, into=Wish, prompt=wishes, text=lambda q: {"text": q.text}), pl.Judgement[Wish])
    assert_type(
        await gpt.extract(several, into=Wish, prompt=wishes, text=lambda q: q.text, confidence=pl.Stated()),
        list[pl.Judgement[Wish] | pl.Failure],
    )
    assert_type(await small.summarise(one, into=Reply, prompt=reply_to, text=lambda q: q.text), pl.Judgement[Reply])
    assert_type(await small.draft(one, into=Reply, prompt=reply_to, text=lambda q: q.text), pl.Judgement[Reply])


@pl.judge(through=[gpt.through, small.through])
async def mood(question: Question) -> pl.Judgement[Mood]:
    """Whether the customer is angry."""
    return await gpt.classify(
        question,
        into=MOODS,
        prompt=route,
        text=lambda question: question.text,
        confidence=pl.Probability(),
        quotes=False,
    )
