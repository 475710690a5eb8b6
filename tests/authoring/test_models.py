"""Models and prompts as they are declared: what is wrong is said where it is written, or by `pilotage check`."""

import asyncio
from enum import Enum
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

import pilotage as pl
from pilotage.authoring.checking import check
from pilotage.authoring.prompts import read_prompt
from pilotage.authoring.settings import UsedOutside
from pilotage.models.checks import without_price
from tests.authoring.programs import clerk, lead, words

account = pl.Connection("account", base_url="https://models.example/v1")
other = pl.Connection("other", base_url="https://other.example/v1", limits=[pl.Quota(5, per="day", of="USD")])
absent = pl.Prompt("absent.md", version=1)
second = pl.Model("own-model", through=other)
first = pl.Model("gpt-5-mini", through=account, fallback=second)


class Note(BaseModel):
    """A note."""

    text: str


class Kind(Enum):
    """What it is."""

    A = "a"
    B = "b"


@pl.judge(through=account)
async def kind(note: Note) -> pl.Judgement[Kind]:
    """What it is."""
    return await first.classify(note, into=Kind, prompt=absent, text=lambda note: note.text)


@pl.judge(through=[account, other])
async def kind_of(note: Note) -> pl.Judgement[Kind]:
    """What it is, with both connections named."""
    return await first.classify(note, into=Kind, prompt=absent, text=lambda note: note.text)


def automation(judge: object) -> pl.Automation[Note, Kind]:
    """An automation with this judge alone."""
    path = pl.Path(judge.alone(above=0.8, otherwise=pl.Ask(lead, within="4h")))
    return pl.Automation("notes", takes=Note, gives=Kind, key=lambda n: n.text, purpose="P.", owner=clerk, process=path)


def test_a_model_whose_connection_is_not_named() -> None:
    """PLT-177: also for a model that is asked only after another one."""
    assert words(lambda: automation(kind)) == [
        (
            "PLT-177 notes › path › kind: asks own-model, whose connection other it does not name in through=."
            " > Write through=other, or through=[...] with the connections of its fallbacks, too."
        )
    ]


def test_an_automation_knows_its_models_and_prompts() -> None:
    """Both are found in the functions, the fallback of a model with it; a prompt is a file of the release."""
    made = automation(kind_of)
    assert (made.models, made.prompts, made.artifacts) == ((first, second), (absent,), (absent,))


def test_a_prompt_without_a_file_and_a_model_without_a_price() -> None:
    """PLT-175 and PLT-178: `pilotage check` says both; under a budget a model without a price is an error."""
    made = automation(kind_of)
    (prompt,) = check([made])
    assert (prompt.code, prompt.place, prompt.message) == ("PLT-175", "Prompt absent.md", "there is no such file.")
    (price,) = without_price([made])
    assert (price.code, price.place, price.warning) == ("PLT-178", "Model own-model", False)


def test_a_model_has_a_name() -> None:
    """PLT-176, and what is counted is one or more."""
    assert words(lambda: pl.Model(" ", through=account))[0].startswith("PLT-176 Model: has no name.")
    assert words(lambda: pl.Model("m", through=account, at_once=0))[0].startswith("PLT-164 Model m")
    assert words(lambda: pl.Agreement(0))[0].startswith("PLT-164 Agreement(0)")


def test_outside_of_a_case_no_model_is_asked(tmp_path: Path) -> None:
    """PLT-194: a judge that asks a model is run by a platform, in a test too."""
    with pytest.raises(UsedOutside, match="PLT-194"):
        asyncio.run(kind_of(Note(text="x")))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Say which it is.", "it does not begin with its version"),
        ("---\nversion: one\n---\nSay.", 'its version is "one"'),
        ("---\nversion: 2\n---\nSay.", "it has the version 2, and the code asks for 1"),
        ("---\nversion: 1\n---\n \n", "it asks nothing"),
        ("---\nversion: 1\nmodel: x\n---\nSay.", '"model: x" says nothing that is known'),
        ("---\nversion: 1\nversion: 1\n---\nSay.", '"version: 1" says nothing that is known'),
        ("---\nversion: 1\ndata: text\n---\nSay {product}.", "{product} is none of its data (text)"),
    ],
)
def test_a_prompt_that_is_none(text: str, why: str, tmp_path: Path) -> None:
    """PLT-175: version, data and words, and no field that is not named."""
    (tmp_path / "it.md").write_text(text)
    prompt = pl.Prompt("it.md", version=1)
    prompt.folder = tmp_path
    (wrong,) = prompt.wrong()
    assert (wrong.code, wrong.message) == ("PLT-175", f"{why}.")


def test_a_field_in_a_prompt_becomes_its_name() -> None:
    """The contents travel apart: the prompt's own text never holds any."""
    read = read_prompt("---\nversion: 1\ndata: text, product\n---\nWhat of {product} is in {text}?\n", wanted=1)
    assert (read.fields, read.text) == (("text", "product"), 'What of "product" is in "text"?')


@given(st.text())
def test_a_prompt_computes_nothing(body: str) -> None:
    """Whatever is written in a prompt, it stays as it is, but for the names of its fields."""
    try:
        read = read_prompt(f"---\nversion: 1\n---\n{body}", wanted=1)
    except ValueError:
        return
    assert read.text == body.replace("\r\n", "\n").strip().replace("{text}", '"text"')
