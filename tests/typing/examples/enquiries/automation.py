"""Customers' questions: a model says which team answers and what is wished, and drafts the reply that a person sends."""

from datetime import date
from enum import Enum

import pilotage as pl
from pydantic import BaseModel, Field


class Team(Enum):
    """The teams that answer customers."""

    BANKING = "banking"
    CARDS = "cards"


class Question(BaseModel):
    """A question as it leaves the mailbox."""

    id: str = Field(min_length=1)
    product: str
    text: str = Field(min_length=1)


class Wish(BaseModel):
    """What is wished."""

    what: str
    by: date | None = None


class Reply(BaseModel):
    """What we would answer."""

    text: str


service, service_lead = pl.Role("service"), pl.Role("service lead")

openai = pl.Connection(
    "openai",
    base_url="https://api.openai.com/v1",
    credential=pl.Secret("openai-key", max_age="90d"),
    limits=[pl.Quota(5, per="day", of="USD", zone="Europe/Berlin")],
    timeout="60s",
)
cellar = pl.Connection("cellar", base_url=pl.Setting("cellar-url"), timeout="60s")

small = pl.Model("smollm2", through=cellar, price=pl.Price(input=0, output=0))
gpt = pl.Model("gpt-5-mini", through=openai, fallback=small, timeout="30s")

route = pl.Prompt("route.md", version=3)
wishes = pl.Prompt("wishes.md", version=1)
reply_to = pl.Prompt("reply.md", version=2, at_most=5_000)


def data_of(question: Question) -> dict[str, str]:
    """What the prompt names."""
    return {"text": question.text, "product": question.product}


@pl.judge(batch=16, through=[openai, cellar], uses=[route])
async def team(questions: list[Question]) -> list[pl.Judgement[Team] | pl.Failure]:
    """Which team answers this question."""
    return await gpt.classify(questions, into=Team, prompt=route, text=data_of)


@pl.judge(through=[openai, cellar], uses=[wishes])
async def wish(question: Question) -> pl.Judgement[Wish]:
    """What the customer wishes."""
    return await gpt.extract(
        question, into=Wish, prompt=wishes, text=lambda question: question.text, confidence=pl.Agreement(5)
    )


@pl.judge(through=[openai, cellar], uses=[reply_to])
async def reply(question: Question, wish: Wish) -> pl.Judgement[Reply]:
    """What we would answer."""
    return await gpt.draft(question, into=Reply, prompt=reply_to, text=lambda question: question.text)


ask = pl.Ask(service, within="4h", then=service_lead)
questions = pl.Automation(
    "questions",
    purpose="Every question is answered by the team that knows, and no reply leaves unread.",
    takes=Question,
    gives=Reply,
    key=lambda question: question.id,
    owner=service_lead,
    process=pl.Path(
        team.alone(above=0.80, otherwise=ask),
        wish.alone(above=0.80, otherwise=ask),
        reply.always_ask(ask),
    ),
)
