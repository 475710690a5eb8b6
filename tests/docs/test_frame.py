"""The documentation is complete: every page is found, every link leads somewhere, every word is explained."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

import pytest

from pilotage.cases.values import EffectState, Place

ROOT: Final = Path(__file__).resolve().parents[2]
DOCS: Final = ROOT / "docs"

# The words of the product. One more word is one more line here and one more paragraph on the page.
WORDS: Final = {
    *("automation", "step", "effect", "contract", "process", "hand-over", "rule", "exception", "connection", "book"),
    *("case", "place", "variant", "quarantine", "batch", "checkpoint", "effect ledger", "replay", "rehearse", "unwind"),
    *("hold", "decision", "inbox", "policy", "spot check", "audit trail", "environment", "release", "stage"),
    *(
        "segment",
        "gate",
        "scorecard",
        "finding",
        "waiver",
        "certificate",
        "content",
        "breaker",
        "answers differently",
        "model",
        "prompt",
        "quote",
        "agreement",
    ),
    *("source", "webhook", "token", "document", "mailbox", "query"),
}


def test_every_word_is_explained() -> None:
    """The glossary has the words of the product, the places of a case and the states of an effect, and no others."""
    explained = re.findall(r"(?m)^(\S.*)\n:   ", (DOCS / "glossary.md").read_text(encoding="utf-8"))
    wanted = WORDS | {place.value for place in Place} | {state.value for state in EffectState}
    assert sorted(explained) == sorted(wanted)


def test_every_page_is_in_the_navigation() -> None:
    """A page that nobody can find is no page, and an entry without a page is a dead end."""
    config = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))
    listed = set(re.findall(r"[\w/-]+\.md", str(config["project"]["nav"])))
    assert listed == {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")}


def test_every_decision_is_in_the_list() -> None:
    """The list of decisions names every record, by its number, and no two records share one."""
    records = sorted(path.name for path in (DOCS / "decisions").glob("[0-9]*.md"))
    index = (DOCS / "decisions" / "index.md").read_text(encoding="utf-8")
    assert re.findall(r"\((\d{4}-[\w-]+\.md)\)", index) == records
    assert len({name[:4] for name in records}) == len(records)


@pytest.mark.parametrize("page", [*ROOT.glob("*.md"), *DOCS.rglob("*.md")], ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    """A link to a file of the repository has that file at its end."""
    prose = re.sub(r"(?s)```.*?```|`[^`\n]+`", "", page.read_text(encoding="utf-8"))
    links = re.findall(r"\]\((?!https?://|#|mailto:)([^)#]+)[^)]*\)", prose)
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.slow
def test_the_documentation_is_built_without_a_warning(tmp_path: Path) -> None:
    """The pages become a site, strictly."""
    shutil.copy(ROOT / "zensical.toml", tmp_path)
    shutil.copytree(DOCS, tmp_path / "docs")
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "site" / "index.html").exists()
