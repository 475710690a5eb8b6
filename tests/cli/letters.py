"""A small automation for the command line's tests: letters are judged, and filed where nobody has to be asked."""

from enum import Enum

from pydantic import BaseModel, Field

import pilotage as pl


class Drawer(Enum):
    """Where a letter is filed."""

    BILLS = "bills"
    LOVE = "love letters"
    REST = "rest"


class Letter(BaseModel):
    """What arrives."""

    id: str = Field(min_length=1)
    words: str
    pages: int = 1


class Filed(BaseModel):
    """What became of it."""

    drawer: Drawer
    pages: int


clerk, lead = pl.Role("clerk"), pl.Role("lead")


@pl.judge
def drawer(letter: Letter) -> pl.Judgement[Drawer]:
    """Where the letter belongs."""
    if "?" in letter.words:
        return pl.abstain("It asks a question.")
    sure = 0.5 if "perhaps" in letter.words else 0.9
    return pl.Judgement(
        Drawer.BILLS if "pay" in letter.words else Drawer.REST,
        confidence=sure,
        evidence=[pl.Quote(letter.words.split()[0], of="words")],
    )


@pl.compute
def filed(letter: Letter, drawer: Drawer) -> Filed:
    """File it; a letter of more than nine pages does not fit."""
    if letter.pages > 9:
        msg = "The drawer is full"
        raise ValueError(msg)
    return Filed(drawer=drawer, pages=letter.pages)


letters = pl.Automation(
    "letters",
    purpose="Every letter lies in its drawer.",
    takes=Letter,
    gives=Filed,
    key=lambda letter: letter.id,
    segments={"length": lambda letter: "long" if letter.pages > 3 else "short"},
    owner=lead,
    deputy=clerk,
    process=pl.Path(drawer.alone(above=0.8, otherwise=pl.Ask(clerk, within="4h", then=lead)), filed),
)
