"""What is missing in an environment for a connection to be called from there, from declarations alone."""

from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel

import pilotage as pl
from pilotage.credentials.plan import Plan
from pilotage.operations.usable import missing


class Word(BaseModel):
    """What comes in and goes out."""

    text: str


desk = pl.Connection(
    "desk",
    base_url=pl.Setting("desk-url"),
    credential=pl.Secret("desk-token", max_age="90d"),
    signing=pl.Secret("desk-signing", max_age="90d"),
)


@pl.compute(through=desk)
async def looked_up(word: Word) -> Word:
    """What the desk says of it."""
    return await desk.get(f"/words/{word.text}", expect=Word)


words = pl.Automation(
    "words",
    purpose="Every word is looked up.",
    takes=Word,
    gives=Word,
    key=lambda word: word.text,
    owner=pl.Role("clerk"),
    process=pl.Path(looked_up),
)


@dataclass
class Office:
    """An environment."""

    settings: dict[str, str] = field(default_factory=dict)
    secrets: Plan = field(default_factory=Plan)
    folder: Path = Path("nowhere")
    environment: str = "office"

    def setting(self, name: str) -> str | None:
        """The text of a setting."""
        return self.settings.get(name)


def said(office: Office, *, has: set[str], granted: set[str]) -> list[str]:
    """What is missing there, in words."""
    found = missing(
        office,
        [words],
        has=has.__contains__,
        granted=lambda secret, automation: secret in granted and automation == "words",
    )
    assert all(one.warning for one in found)
    return [f"{one.code} {one.place}: {one.message} > {one.remedy}" for one in found]


def test_all_that_is_missing_stands_in_one_warning() -> None:
    """PLT-573: settings, secrets and grants together, each with what to do; nothing where nothing is missing."""
    (everything,) = said(Office(), has=set(), granted=set())
    assert everything == (
        "PLT-573 Connection desk: cannot be called from office: the setting desk-url is not set; the secret desk-token has no "
        "value; words may not use the secret desk-token; the secret desk-signing has no value; words may not use the secret "
        "desk-signing. > set DESK_URL, or desk-url in [tool.pilotage.settings.office]; `pilotage secret set desk-token`; "
        "`pilotage secret grant desk-token words`; `pilotage secret set desk-signing`; `pilotage secret grant desk-signing words`"
    )
    both = {"desk-token", "desk-signing"}
    assert said(Office(settings={"desk-url": "https://desk.example"}), has=both, granted=both) == []
    (one,) = said(Office(settings={"desk-url": "https://desk.example"}), has=both, granted={"desk-token"})
    assert one.endswith("words may not use the secret desk-signing. > `pilotage secret grant desk-signing words`")
