"""The reference is what the program says of itself, and leaves nothing out."""

import re
from pathlib import Path
from typing import Final

import pytest
from tools.reference import FOLDER, PAGES

from pilotage.__main__ import ENTRIES
from pilotage.authoring.codes import CODES

ROOT: Final = Path(__file__).resolve().parents[2]
SOURCES: Final = {path: path.read_text(encoding="utf-8") for path in (ROOT / "src" / "pilotage").rglob("*.py")}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_what_the_program_says(name: str) -> None:
    """Nobody edits it by hand: `python tools/reference.py` writes it."""
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name](), "python tools/reference.py"


def test_no_error_is_missing() -> None:
    """Every code that the source gives to an error has its line, and every code of a definition error, too."""
    given = {code for text in SOURCES.values() for code in re.findall(r'\bcode(?:: \S+)? = "(PLT-\d{3})"', text)}
    told = set(re.findall(r"\*\*(PLT-\d{3})\*\*", (FOLDER / "errors.md").read_text(encoding="utf-8")))
    assert given - told - {"PLT-000"} == set()
    assert len(given) > 50
    defined = set(re.findall(r"\*\*(PLT-\d{3})\*\*", (FOLDER / "errors-definition.md").read_text(encoding="utf-8")))
    assert defined == set(CODES)


def test_no_setting_is_missing() -> None:
    """Every variable of ours that the program reads, and every key of [tool.pilotage], has its line."""
    page = (FOLDER / "settings.md").read_text(encoding="utf-8")
    variables = {name for text in SOURCES.values() for name in re.findall(r'"(PILOTAGE_[A-Z_]+)"', text)}
    keys = {key for text in SOURCES.values() for key in re.findall(r'\btable(?:\.get\(|, |\[)"([a-z-]+)"', text)}
    assert {"PILOTAGE_ENVIRONMENT", "PILOTAGE_DATABASE_URL"} <= variables
    assert {"automations", "database", "settings", "include", "lock"} <= keys
    assert [name for name in sorted(variables | keys) if not re.search(rf"(?m)^\| `{name}[.`]", page)] == []


def test_every_command_that_a_page_names_exists() -> None:
    """A page that tells somebody at night to call a command names one that is there."""
    names = {entry.name for entry in ENTRIES} | {entry.name.split()[0] for entry in ENTRIES}
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *SOURCES_OF_PROJECTS]
    wrong = [
        f"{page.name}: pilotage {word}"
        for page in pages
        for word in re.findall(r"(?m)(?:^\$? ?|`)pilotage ([a-z]+)", page.read_text(encoding="utf-8"))
        if word not in names and (page.name, word) not in NOT_YET
    ]
    assert wrong == []
    assert [word for _, word in NOT_YET if word in names] == []


SOURCES_OF_PROJECTS: Final = sorted((ROOT / "src" / "pilotage" / "examples" / "starter" / "project").rglob("*.jinja"))

# Words of a remedy whose command comes later. An entry goes when the command is there; none may be added.
NOT_YET: Final[set[tuple[str, str]]] = set()
