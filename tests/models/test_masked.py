"""A model reads no credential of ours, wherever it stands in what it is asked; the case says that it was taken out."""

from collections.abc import Iterator

import pytest

from pilotage.machinery.net.masking import watch
from pilotage.machinery.net.redaction import REDACTED, Redactor
from pilotage.testing import FakeModel, Place, Platform
from tests.models.desk import Ticket, desk, local, openai, tickets

CANARY = "cAnArY/4c7e+x&9b1f"
HIDDEN = "cAnA\u200brY/4c7e+x\u200b&9b1f"
"""With spaces of no width, which are left out before a model reads it."""


class Holding:
    """Somebody who holds a credential."""

    def __init__(self, *values: str) -> None:
        self.values = values
        watch(self)

    def redactor(self) -> Redactor:
        """Of these values."""
        return Redactor(self.values)


@pytest.fixture
def gpt() -> FakeModel:
    """A model that quotes what stands behind the value."""
    model = FakeModel(openai)
    model.says(lambda question: {"label": "cards", "quote": "does not work"})
    return model


@pytest.fixture
def platform(gpt: FakeModel) -> Iterator[Platform]:
    """A platform on which it answers."""
    with Platform(tickets, services=[gpt, FakeModel(local), desk()]) as made:
        yield made


@pytest.mark.parametrize("value", [CANARY, HIDDEN])
def test_a_record_in_which_one_stands(platform: Platform, gpt: FakeModel, value: str) -> None:
    """The model reads the text without it, its quote is found in that text, and the timeline tells people."""
    holding = Holding(CANARY)
    case = platform.submit(tickets, Ticket(id="T1", text=f"Please help, the key {value} does not work."))
    platform.settle()
    (question,) = gpt.questions
    assert question.data == {"text": f"Please help, the key {REDACTED} does not work."}
    assert (case.place, holding.values) == (Place.DONE, (CANARY,))
    assert "was taken out first" in "\n".join(case.timeline)


def test_a_prompt_or_a_label_in_which_one_stands(platform: Platform, gpt: FakeModel) -> None:
    """What the author wrote is searched too: the prompt's file, the labels, and the answer that is shown once more."""
    holding = Holding("Which team", "banking")
    answers = iter(['{"label": "banking', '{"label": "cards", "quote": "key"}'])
    gpt.says(lambda question: next(answers, '{"label": "cards", "quote": "key"}'))
    gpt.single = True
    platform.submit(tickets, Ticket(id="T1", text="the key"))
    platform.settle()
    assert len(gpt.questions) > 1
    assert all("banking" not in str(question) for question in gpt.questions), holding
