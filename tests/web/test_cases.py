"""The pages of cases over a real platform, on both databases: what is known is shown, and nothing of it is run."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from fastapi.testclient import TestClient
from tests.web.conftest import ADDRESS
from tests.web.desk import HOSTILE, Account, Desk, bills, clerk, opened

from pilotage.cases.pages.listing import MOST
from pilotage.cases.service.describing import as_data
from pilotage.cases.service.whole import read_whole
from pilotage.cases.store import listing, looking
from pilotage.cases.store.listing import Wanted
from pilotage.inbox.telling import decisions_of
from pilotage.kernel.ids import shown
from pilotage.machinery.storage.database import Database
from pilotage.testing import Fault


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    """The platform at two in the afternoon."""
    yield from opened(database_url)


def attributes(page: str) -> list[str]:
    """The names of all attributes of a page."""
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            del tag
            found.extend(name for name, _ in attrs)

    Reader().feed(page)
    return found


def words(page: str) -> str:
    """The text of a page without its markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_a_case_is_told_from_its_arrival_to_its_end(desk: Desk) -> None:
    """Place, timeline, what its steps gave and how sure they were, what went out with its key, and its record."""
    case = desk.case("B1")
    page = words(desk.page(f"/cases/{case}"))
    for said in (
        "Done at",
        "It arrived.",
        "93% sure",
        "“Seestern”",
        "confirmed",
        "book was done through books",
        "4400",
    ):
        assert said in page, said
    (effect,) = read_whole(desk.database, "B1", parts=(), keep=14).known.effects
    assert effect.key in page


@pytest.mark.parametrize(
    ("fault", "word", "status"),
    [
        (Fault.REFUSED, "refused us", "422"),
        (Fault.CHANGED_BODY, "answers differently", "200"),
        (Fault.THROTTLED, "throttled", "429"),
        (Fault.DONE_THEN_500, "down", "500"),
    ],
)
def test_each_failure_has_its_word_and_what_was_said(desk: Desk, fault: Fault, word: str, status: str) -> None:
    """On the case's page, with the raw answer for as long as it is kept; where no answer came the word stands alone."""
    case = desk.case("B1", fault=fault)
    page = desk.page(f"/cases/{case}")
    assert f">{word}</span>" in page
    assert f"What books said: {status}" in page
    assert "Kept until Monday 16 March 2026, 14:02:00 UTC" in words(page)
    assert f'href="/cases/{case}"' in desk.page(f"/cases?failure={word.replace(' ', '+')}")
    for _ in range(6):  # throttled, it is left alone for a while
        desk.platform.clock.forward("20s")
        desk.platform.settle()
    assert ">down</span>" in desk.page(f"/cases/{desk.case('B2', fault=Fault.DOWN)}")


def test_the_page_knows_what_the_command_line_knows(desk: Desk) -> None:
    """Everything that `pilotage case --raw --json` gives stands on the page: one source, told in two ways."""
    case = desk.case("B1", fault=Fault.REFUSED)
    page = words(desk.page(f"/cases/{case}"))
    whole = read_whole(desk.database, case, parts=(decisions_of,), keep=14)
    data = json.loads(json.dumps(as_data(whole, raw=True), default=str))
    texts = [entry for one in data["timeline"] for entry in one["words"]]
    texts += [data["key"], data["case"], data["release"], *data["record"].values()]
    texts += [str(one[name]) for one in data["effects"] for name in ("key", "state", "effect")]
    texts += [one["word"] for one in data["failures"]] + [str(one["status"]) for one in data["responses"]]
    assert len(texts) > 10
    assert [text for text in texts if text not in page.replace("&#39;", "'")] == []


def test_what_comes_from_outside_is_text(desk: Desk) -> None:
    """Keys, fields, header values and raw bodies that are markup are read and not run; signs that nobody sees are written out."""
    case = desk.case(f"K{HOSTILE}", client=HOSTILE)
    for path in (
        f"/cases/{case}",
        "/cases",
        "/cases?place=waiting",
        f"/cases?automation={HOSTILE}",
        f"/cases/{HOSTILE}",
    ):
        page = desk.visitor.get(path).text
        assert "<script>alert" not in page, path
        assert "<img" not in page, path
        assert not [name for name in attributes(page) if name == "style" or name.startswith("on")], path
    page = desk.page(f"/cases/{case}")
    assert "&lt;script&gt;alert(1)" in page
    assert "\u202e" not in page
    raw = page.split('class="raw-text"')[-1]
    assert "&lt;script&gt;alert(1)" in raw
    assert "u202e" in raw


def test_who_decided_stands_with_the_case(desk: Desk) -> None:
    """An open decision says how it is settled; a settled one who did, and why."""
    case = desk.case("B1", client="unsure")
    page = words(desk.page(f"/cases/{case}"))
    assert "With people" in page
    assert "pilotage decide D-" in page
    view = desk.platform.submit(bills, {"id": "B1", "client": "unsure"})
    view.decision.settle(Account(number="4711"), by=clerk, reason="I know them.")
    desk.platform.settle()
    page = words(desk.page(f"/cases/{case}"))
    assert "I know them." in page
    assert "4711" in page


def test_what_is_not_there_is_said(desk: Desk) -> None:
    """An id that is none, and a record that is in quarantine, are 404 with words; a program gets a problem with a code."""
    assert "There is no case" in desk.page("/cases/C-1K3X8Q0T7M2A4", 404)
    desk.platform.submit(bills, {"number": 1})
    with desk.database.snapshot() as tx:
        (kept,) = looking.quarantined_of(tx)
    assert "is in quarantine, malformed" in desk.page(f"/cases/{shown('Q', kept.id)}", 404)
    problem = desk.visitor.get("/cases/C-1", headers={"accept": "application/json"}).json()
    assert (problem["status"], problem["code"]) == (404, "PLT-560")
    assert problem["remedy"]


def test_nobody_looks_without_the_link(desk: Desk) -> None:
    """The pages of cases have the door of all pages."""
    case = desk.case("B1")
    stranger = TestClient(desk.visitor.app, base_url=ADDRESS)
    for path in ("/cases", f"/cases/{case}", "/live/cases"):
        answer = stranger.get(path)
        assert answer.status_code == 403, path
        assert "B1" not in answer.text


def test_the_list_is_gone_through_page_by_page(desk: Desk) -> None:
    """Every case once, the newest first, also while new ones come in between two pages."""
    for number in range(120):
        desk.platform.submit(bills, {"id": f"N{number:03}"})
    seen: list[str] = []
    path = "/cases"
    while path:
        page = desk.page(path)
        seen += re.findall(r'href="/cases/C-[0-9A-Z]+">(N\d+)<', page)
        if len(seen) == MOST:
            desk.platform.submit(bills, {"id": "late"})
        found = re.search(r'href="([^"]+)" rel="next"', page)
        path = found[1].replace("&amp;", "&") if found else ""
    assert seen == [f"N{number:03}" for number in reversed(range(120))]


@pytest.mark.parametrize("few", [True, False])
def test_both_ways_of_finding_give_the_same(desk: Desk, monkeypatch: pytest.MonkeyPatch, *, few: bool) -> None:
    """Out of an index where few fit, or through the newest a stretch at a time: the same cases in the same order."""
    for number in range(12):
        desk.case(f"B{number:02}", fault=Fault.REFUSED if number % 3 == 0 else None)
    if not few:
        monkeypatch.setattr(listing, "FEW", 0)
        monkeypatch.setattr(listing, "STRETCH", 5)
        monkeypatch.setattr(listing, "STRETCH_OF_WORDS", 5)
    for wanted in (
        Wanted(place="dead letter"),
        Wanted(word="refused us"),
        Wanted(automation="bills", place="dead letter", word="refused us"),
    ):
        assert keys(desk.database, wanted, 2) == ["B09", "B06", "B03", "B00"]
    assert keys(desk.database, Wanted(place="done", automation="bills"), 3) == [
        f"B{number:02}" for number in reversed(range(12)) if number % 3
    ]
    assert keys(desk.database, Wanted(automation="others"), 3) == []
    assert keys(desk.database, Wanted(place="done", word="refused us"), 3) == []


def keys(database: Database, wanted: Wanted, most: int) -> list[str]:
    """The keys of all pages together."""
    found: list[str] = []
    with database.snapshot() as tx:
        while True:
            page = listing.listed(tx, wanted, most)
            found += [row.key for row in page.cases]
            if page.more is None:
                return found
            wanted = replace(wanted, before=page.more)


def test_today_leads_to_the_cases_of_a_place(desk: Desk) -> None:
    """Each place that has cases is a link to their list, and a case there to its page."""
    case = desk.case("B1", fault=Fault.REFUSED)
    today = desk.page("/")
    assert 'href="/cases?place=dead+letter"' in today
    assert f'href="/cases/{case}"' in desk.page("/cases?place=dead+letter")
