"""What is missing in an environment for a connection to be called from there, from declarations alone."""

from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel

import pilotage as pl
from pilotage.credentials.plan import Plan
from pilotage.operations.allowed import misspelt, shut_off
from pilotage.operations.usable import missing
from pilotage.project import read_project


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


def test_a_name_that_nothing_has_is_named() -> None:
    """PLT-591: an environment or a connection with a slip in it allows nothing: a warning with the nearest name, for all environments."""
    said = {
        "live": {"erp": ["10.0.3.7"], "epr": ["10.0.3.8"], "inbox": True, "*": ["10.0.9.9"]},
        "office": False,
        "lvie": ["10.0.3.0/24"],
        "erp": ["10.0.3.7"],
    }
    project = read_project(Path(), {"private-addresses": said, "settings": {"office": {}}})
    found = misspelt(project.addresses_said, environments=project.environments, connections=["erp", "inbox"])
    assert all(one.warning and one.code == "PLT-591" for one in found)
    assert [(one.message, one.remedy) for one in found] == [
        (
            'under private-addresses stands "lvie", and there is no such environment: it allows nothing.',
            "Write live if you mean that. There are: dev, test, live, office.",
        ),
        (
            'under private-addresses stands "erp", and there is no such environment: it allows nothing.',
            'A connection stands under its environment: live = { erp = ["..."] }.',
        ),
        (
            'under live stands "epr", and there is no such connection: it allows nothing.',
            "Write erp if you mean that. There are: erp, inbox.",
        ),
    ]


def test_a_list_or_a_yes_names_nothing() -> None:
    """Without a table there is no name to be wrong."""
    for said in (True, ["10.0.3.0/24"], None, {"live": ["10.0.3.0/24"]}):
        project = read_project(Path(), {"private-addresses": said})
        assert misspelt(project.addresses_said, environments=project.environments, connections=[]) == []


def test_a_service_at_an_address_that_is_not_allowed_is_named_before_it_is_called() -> None:
    """PLT-593: also in dev, where a list counts as everywhere; what is allowed, public or a name is left alone."""

    def shut(url: str, said: object) -> list[str]:
        project = read_project(Path(), {} if said is None else {"private-addresses": said})
        assert project.environment == "dev"
        found = shut_off([words], project.addresses, environment="dev", setting={"desk-url": url}.get)
        assert all(one.warning for one in found)
        return [f"{one.code} {one.place}: {one.message} > {one.remedy}" for one in found]

    (one,) = shut("http://127.0.0.1:8000", ["10.0.3.0/24"])
    why = "private-addresses counts there, too, and does not name it"
    assert one.startswith(f"PLT-593 Connection desk: is at 127.0.0.1, which may not be called from dev: {why}. > ")
    assert 'write private-addresses = ["127.0.0.1"] into' in one
    assert len(shut("http://localhost:8000", {"dev": {"crm": ["127.0.0.1"]}})) == 1
    assert len(shut("http://169.254.169.254", None)) == 1
    for url, said in (
        ("http://127.0.0.1:8000", None),
        ("http://127.0.0.1:8000", {"live": ["10.0.3.0/24"]}),
        ("http://127.0.0.1:8000", {"dev": {"desk": ["127.0.0.1"]}}),
        ("http://localhost:8000", ["localhost"]),
        ("http://10.0.3.9", ["10.0.3.0/24"]),
        ("https://desk.example", False),
        ("https://93.184.215.14", False),
        ("no url at all [", False),
    ):
        assert shut(url, said) == [], (url, said)
