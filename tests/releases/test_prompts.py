"""A prompt is a part of the release: its words are in the digest, its version is told."""

from pathlib import Path

import pytest

from pilotage.releases.artefact import Artefacts
from pilotage.releases.errors import ReleaseDoesNotLoad
from pilotage.releases.making import Frozen, freeze
from pilotage.releases.outline import prompts_in

pytestmark = pytest.mark.slow
WAY = '''\
from enum import Enum

import pilotage as pl
from pydantic import BaseModel

class Urgent(Enum):
    YES = "yes"
    NO = "no"

class Note(BaseModel):
    text: str

boss = pl.Role("boss")
account = pl.Connection("account", base_url="https://models.example/v1")
gpt = pl.Model("gpt-5-mini", through=account)
prompt = pl.Prompt("prompts/ask.md", version=2)

@pl.judge(through=account, uses=[prompt])
async def urgent(note: Note) -> pl.Judgement[Urgent]:
    """Whether it is urgent."""
    return await gpt.classify(note, into=Urgent, prompt=prompt, text=lambda note: note.text)

notes = pl.Automation(
    "notes", purpose="Notes are read.", takes=Note, gives=Urgent, key=lambda note: note.text, owner=boss,
    process=pl.Path(urgent.always_ask(pl.Ask(boss, within="1d"))),
)
'''


def frozen(root: Path) -> Frozen:
    """Freeze the project as it is."""
    return freeze(root, ["notes.way:notes"], Artefacts(folder=root / ".pilotage" / "releases"))


def test_a_prompt_is_part_of_the_release(tmp_path: Path) -> None:
    """Its file is in it, other words give another digest, and a version that the code does not ask for is refused."""
    (tmp_path / "pyproject.toml").write_text('[tool.pilotage]\nautomations = ["notes.way:notes"]\n')
    package = tmp_path / "notes"
    (package / "prompts").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "way.py").write_text(WAY)
    prompt = package / "prompts" / "ask.md"
    prompt.write_text("---\nversion: 2\n---\nIs {text} urgent?\n")
    first = frozen(tmp_path)
    assert "notes/prompts/ask.md" in {file.path for file in first.manifest.files}
    assert prompts_in(first.outlines["notes"]) == ["prompts/ask.md 2"]
    prompt.write_text("---\nversion: 2\n---\nIs {text} very urgent?\n")
    assert frozen(tmp_path).digest != first.digest
    prompt.write_text("---\nversion: 3\n---\nIs {text} urgent?\n")
    with pytest.raises(ReleaseDoesNotLoad, match="it has the version 3, and the code asks for 2"):
        frozen(tmp_path)
