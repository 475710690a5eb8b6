"""A real small model behind a real server: whatever it writes, it is a judgement that holds, or a person decides."""

import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

import pilotage as pl
from pilotage.cases.service.spending import spent
from pilotage.examples.tickets.contracts import Team
from pilotage.examples.tickets.phrases import phrase_book
from pilotage.testing import Place, Platform, RecordedAnswers
from tests.models.desk import Ticket, ask, lead
from tests.models.injections import injections

pytestmark = [pytest.mark.slow, pytest.mark.peers, pytest.mark.timeout(3600)]

cellar = pl.Connection("cellar", base_url="http://127.0.0.1:9/v1", timeout="20m")
free = pl.Price(input=0, output=0)
smollm = pl.Model("smollm2", through=cellar, price=free, most_tokens=40, at_once=1)
hasty = pl.Model("smollm2", through=cellar, price=free, most_tokens=40, timeout=timedelta(milliseconds=20))
sort = pl.Prompt("sort.md", version=1)


@pl.judge(batch=64, through=cellar, uses=[sort])
async def team(tickets: list[Ticket]) -> list[pl.Judgement[Team] | pl.Failure]:
    """Which team answers this ticket."""
    return await smollm.classify(
        tickets, into=Team, prompt=sort, text=lambda ticket: ticket.text, confidence=pl.Agreement(1)
    )


@pl.judge(through=cellar, uses=[sort])
async def team_in_haste(ticket: Ticket) -> pl.Judgement[Team]:
    """The same, by a model that has no time."""
    return await hasty.classify(
        ticket, into=Team, prompt=sort, text=lambda ticket: ticket.text, confidence=pl.Agreement(1)
    )


def automation(judge: object) -> pl.Automation[Ticket, Team]:
    """Tickets that this judge sorts."""
    return pl.Automation(
        "tickets",
        purpose="Every ticket has a team.",
        takes=Ticket,
        gives=Team,
        key=lambda ticket: ticket.id,
        owner=lead,
        process=pl.Path(judge.alone(above=0.6, otherwise=ask)),
    )


def labelled(number: int, chance: Random) -> list[tuple[str, Team]]:
    """Tickets of the example with the team that they are for."""
    book = phrase_book()
    topics = [topic for topic in book.topics if topic.team is not None and topic.phrases["en"]]
    picked = [chance.choice(topics) for _ in range(number)]
    return [(book.say(chance.choice(topic.phrases["en"]), "en", chance), topic.team) for topic in picked if topic.team]


def ran(url: str, file: Path, texts: Sequence[str]) -> tuple[list[tuple[Place, Team | None]], Counter[str], float, int]:
    """Where these tickets ended and with which team; why people are asked; seconds and tokens that were written."""
    tickets = automation(team)
    with Platform(tickets, services=[RecordedAnswers(cellar, file, record_from=url)]) as platform:
        cases = [platform.submit(tickets, Ticket(id=f"N{number}", text=text)) for number, text in enumerate(texts)]
        begun = time.monotonic()
        platform.settle()
        seconds = time.monotonic() - begun
        assert {case.place for case in cases} <= {Place.DONE, Place.WITH_PEOPLE}
        whys = Counter(decision.reason.split(":")[0] for decision in platform.inbox())
        with platform.inner.database.snapshot() as tx:
            (took,) = spent(tx)
        assert took.money == 0
        ended = [(case.place, case.output(team) if case.place is Place.DONE else None) for case in cases]
    return ended, whys, seconds, took.tokens_out


def test_whatever_it_writes_holds_or_goes_to_people(
    real_model: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Twenty tickets: each has a label with a quote that is there, or the reason why not; recorded, it is the same again."""
    asked = labelled(20, Random(7))
    file = tmp_path / "answers.jsonl"
    ended, whys, seconds, tokens = ran(real_model, file, [text for text, _ in asked])
    alone = [(gave, meant) for (place, gave), (_, meant) in zip(ended, asked, strict=True) if place is Place.DONE]
    right = sum(gave is meant for gave, meant in alone)
    said = (
        f"{len(asked)} tickets: {len(alone)} went on alone, {right} of them right; with people: {dict(whys)}; "
        f"{tokens} tokens in {seconds:.0f} s, {tokens / seconds:.1f} a second"
    )
    record_property("a real small model", said)
    sys.stdout.write(f"{said}\n")
    assert len(alone) + whys.total() == len(asked)
    again = ran("http://127.0.0.1:9/v1", file, [text for text, _ in asked])  # nobody listens there
    assert again[:2] == (ended, whys)


def test_the_collection_of_injections_moves_nothing(real_model: str, tmp_path: Path) -> None:
    """The real model reads a quarter of the tickets that try to be more than data: it gives a team, or people decide."""
    texts = [one.text for one in injections()][::4]
    ended, whys, _, _ = ran(real_model, tmp_path / "answers.jsonl", texts)
    sys.stdout.write(f"{len(texts)} tickets: {sum(place is Place.DONE for place, _ in ended)} labelled, {dict(whys)}\n")
    assert len(ended) == len(texts)
    assert all(gave is None or gave in Team for _, gave in ended)


def test_a_time_out_leads_to_people(real_model: str, tmp_path: Path) -> None:
    """A model that is too slow is not waited for, and the case says so in a word."""
    tickets = automation(team_in_haste)
    service = RecordedAnswers(cellar, tmp_path / "answers.jsonl", record_from=real_model)
    with Platform(tickets, services=[service]) as platform:
        case = platform.submit(tickets, Ticket(id="T1", text="My card is blocked."))
        platform.settle()
        assert case.place is Place.WITH_PEOPLE
        assert case.decision.reason.startswith("Timed out: smollm2 did not answer in time.")
        assert "team_in_haste: smollm2: timed out" in "\n".join(case.timeline)
