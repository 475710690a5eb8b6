"""Pages, panels and their contexts: what is declared is what is rendered, and everything is escaped."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from tests.web.conftest import Shown

from pilotage.cases.values_today import Places
from pilotage.machinery.web.app import make_app
from pilotage.machinery.web.contexts import asked_by, disagreements, documented
from pilotage.machinery.web.errors import PagesDoNotFit
from pilotage.machinery.web.patterns import patterns_page
from pilotage.machinery.web.rendering import Drawn, Failed, Frame, Message
from pilotage.machinery.web.values import Page, Panel, Visit, WebSettings

SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)", re.IGNORECASE)


def test_every_template_shows_exactly_what_its_context_documents(shown: Shown) -> None:
    """The variables of each template are the fields of its context, and each field has its sentence."""
    renderer = shown.renderer()
    pages = [*shown.pages, patterns_page(shown.pages, shown.panels)]
    found = [
        fault
        for each in [*pages, *shown.panels]
        for fault in disagreements(renderer.environment, each.template, each.context)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("template", "context"), [("web/panel.html", Drawn), ("web/failed.html", Failed), ("web/message.html", Message)]
)
def test_the_frames_own_templates_keep_to_their_values(shown: Shown, template: str, context: type) -> None:
    """The templates of the frame ask for nothing that their values do not have."""
    asked = asked_by(shown.renderer().environment, template).variables
    assert asked - {"frame"} == set(documented(context))


def test_a_context_that_its_template_does_not_fit_is_found(shown: Shown) -> None:
    """The check of contexts can fail: an unknown variable, an unused field and a missing sentence are each named."""

    @dataclass(frozen=True, kw_only=True)
    class Wrong:
        day: str
        weather: str
        """Never shown."""

    found = disagreements(shown.renderer().environment, "operations/today.html", Wrong)
    assert found == [
        "operations/today.html never shows Wrong.weather",
        "Wrong.day has no sentence below it that says what it is",
    ]
    unknown = disagreements(shown.renderer().environment, "operations/health.html", Wrong)
    assert "operations/health.html asks for title, which Wrong does not have" in unknown


def test_the_page_is_whole_for_every_sample(shown: Shown, visitor: TestClient, sample: Places) -> None:
    """Each state of a platform is a page with one main heading, all panels, and a sentence at the top."""
    shown.places = sample
    answer = visitor.get("/")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.text.count("<h1>") == 1
    for panel in ("health", "attention", "places", "flow", "effects"):
        assert f'id="panel-{panel}"' in answer.text
    assert 'class="health-sentence"' in answer.text


def test_all_panels_show_one_moment(shown: Shown, visitor: TestClient) -> None:
    """A visit reads the places once, however many panels show them."""
    before = shown.read
    visitor.get("/")
    assert shown.read == before + 1


def test_what_comes_from_outside_is_text_and_never_markup(
    shown: Shown, visitor: TestClient, samples: dict[str, Places]
) -> None:
    """A hold's reason that is a script is read, not run."""
    shown.places = samples["hostile"]
    page = visitor.get("/").text

    assert "&lt;script&gt;alert" in page
    assert "<img src=x" not in page
    assert "{{ 7 * 7 }}" in page
    assert not SCRIPT.search(page)


def test_pages_have_no_inline_style_or_handler(shown: Shown, visitor: TestClient, sample: Places) -> None:
    """What the policy would refuse is in no page: no style attributes, no inline script, no handlers."""
    shown.places = sample
    for address in ("/", "/patterns"):
        page = visitor.get(address).text
        assert not re.search(r"<[^>]+\sstyle\s*=", page)
        assert not re.search(r"<[^>]+\son[a-z]+\s*=", page)
        assert "<style" not in page
        assert not SCRIPT.search(page)


def test_pages_load_from_this_host_alone(shown: Shown, visitor: TestClient) -> None:
    """Every address that a page loads from begins with a slash."""
    for address in ("/", "/patterns"):
        loaded = re.findall(r'(?:src|href|action)="([^"]*)"', visitor.get(address).text)
        assert loaded
        assert [each for each in loaded if not each.startswith(("/", "#")) or each.startswith("//")] == []


def test_a_panel_that_fails_says_that_it_is_not_known(shown: Shown, visitor: TestClient) -> None:
    """When the figures cannot be read the page says so, never that all is well, and shows nothing of the cause."""
    shown.places = ConnectionError("could not reach db-17.internal with password hunter2")
    answer = visitor.get("/")

    assert answer.status_code == 200
    assert answer.text.count("Not known") == 5
    assert "All is well" not in answer.text
    assert "hunter2" not in answer.text
    assert "Traceback" not in answer.text
    assert len(set(re.findall(r"W-[0-9A-Z]{8}", answer.text))) == 1, "one cause, one reference"


def test_one_failing_panel_leaves_the_others(shown: Shown) -> None:
    """A panel of another subject that fails does not take the page with it."""

    @dataclass(frozen=True, kw_only=True)
    class Nothing:
        begin: bool
        """Not used."""

    def fail(visit: Visit) -> Nothing:
        raise RuntimeError(visit.path)

    shown.more_panels = (
        Panel(
            name="later",
            page="today",
            slot="flow",
            title="Later",
            context=Nothing,
            load=fail,
            template="operations/health.html",
        ),
    )
    with TestClient(shown.app(), base_url="http://127.0.0.1:8451") as client:
        page = client.get(f"/?token={shown.settings.token}").text
    assert page.count("Not known") == 1
    assert "Nothing has come in yet" in page


def test_panels_stand_in_their_slot_in_their_order(shown: Shown) -> None:
    """A panel with a lower order stands before one with a higher, whoever declared it first."""
    moved = [replace(panel, order=5) if panel.name == "effects" else panel for panel in shown.panels]
    with TestClient(make_app(shown.pages, moved, shown.settings), base_url="http://127.0.0.1:8451") as client:
        page = client.get(f"/?token={shown.settings.token}").text
    assert page.index('id="panel-effects"') < page.index('id="panel-flow"')


def test_a_panel_for_a_slot_that_does_not_exist_stops_the_start(shown: Shown) -> None:
    """The error names the panel and the slots that there are."""
    panels = [replace(shown.panels[0], slot="cellar")]
    with pytest.raises(PagesDoNotFit, match="cellar") as caught:
        make_app(shown.pages, panels, shown.settings)
    assert "health, attention, places, flow" in caught.value.remedy


def test_a_panel_for_a_page_that_does_not_exist_stops_the_start(shown: Shown) -> None:
    """The error names the pages that there are."""
    with pytest.raises(PagesDoNotFit, match="tomorrow") as caught:
        make_app(shown.pages, [replace(shown.panels[0], page="tomorrow")], shown.settings)
    assert "today" in caught.value.remedy


def test_two_panels_of_one_name_stop_the_start(shown: Shown) -> None:
    """A name is an element's id, so it must be there once."""
    with pytest.raises(PagesDoNotFit, match='more than one panel "places"'):
        make_app(shown.pages, [shown.panels[0], shown.panels[0]], shown.settings)


def test_a_page_must_have_the_slots_of_its_template(shown: Shown) -> None:
    """A slot that the template does not draw would hide its panels."""
    pages = [replace(shown.pages[0], slots=("health", "attention", "places", "flow", "cellar"))]
    with pytest.raises(PagesDoNotFit, match="cellar"):
        make_app(pages, [], shown.settings)


def test_a_page_must_have_the_blocks_that_it_calls_live(shown: Shown) -> None:
    """A block that does not exist cannot be sent again."""
    with pytest.raises(PagesDoNotFit, match="weather"):
        make_app([replace(shown.pages[0], live=("weather",))], [], shown.settings)


def test_names_are_fit_for_addresses_and_ids(shown: Shown) -> None:
    """A page or panel name with a space or a quotation mark is refused where it is written."""
    with pytest.raises(ValueError, match="lower-case"):
        replace(shown.pages[0], name='to "day"')
    with pytest.raises(ValueError, match="lower-case"):
        replace(shown.panels[0], name="Places")


def test_the_patterns_page_shows_every_partial(shown: Shown, visitor: TestClient) -> None:
    """A macro that the patterns page does not show would be changed without anybody seeing it."""
    from pilotage.machinery import web

    templates = Path(web.__file__).parent / "templates"
    macros = {
        name
        for file in (templates / "partials").glob("*.html")
        for name in re.findall(r"{% macro (\w+)", file.read_text(encoding="utf-8"))
    }
    source = (templates / "patterns.html").read_text(encoding="utf-8")
    assert {name for name in macros if f"{name}(" not in source} == set()
    assert visitor.get("/patterns").status_code == 200


def test_the_patterns_page_documents_every_context(shown: Shown, visitor: TestClient) -> None:
    """Each field of each page and panel stands there with its sentence."""
    page = visitor.get("/patterns").text
    for each in (*shown.pages, *shown.panels):
        for name, sentence in documented(each.context).items():
            assert f"<code>{name}</code>" in page
            assert sentence.replace("'", "&#39;").replace('"', "&#34;") in page


def test_the_page_works_without_script_by_loading_itself_again(visitor: TestClient) -> None:
    """There is a plain link, a refresh for browsers without script, and a way to turn that off."""
    page = visitor.get("/").text
    assert '<noscript><meta http-equiv="refresh" content="30"></noscript>' in page
    assert 'href="/">Refresh</a>' in page
    assert 'href="/?refresh=off">Keep it still</a>' in page
    still = visitor.get("/?refresh=off").text
    assert 'http-equiv="refresh"' not in still
    assert 'href="/">Let it load itself again</a>' in still


def test_without_the_built_files_the_page_is_whole(shown: Shown, tmp_path: Path) -> None:
    """Where the asset build has not run there is no script and no icon, every file exists, and the page refreshes."""
    from pilotage.machinery.web.assets import FOLDER

    for file in FOLDER.iterdir():
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
    shown.settings = replace(shown.settings, static_folder=tmp_path)
    with TestClient(shown.app(), base_url="http://127.0.0.1:8451") as client:
        page = client.get(f"/?token={shown.settings.token}").text
        assert "<script" not in page
        assert '  <meta http-equiv="refresh" content="30">' in page
        for address in re.findall(r'<link rel="(?:stylesheet|icon)" href="([^"]+)"', page):
            assert client.get(address).status_code == 200
    assert "Nothing has come in yet" in page


def test_files_with_a_digest_may_be_kept_and_others_not(visitor: TestClient) -> None:
    """The address of a file changes with the file, so it may be kept for a year; without the digest it is asked for."""
    page = visitor.get("/").text
    kept = next(each for each in re.findall(r'href="(/static/[^"]+)"', page) if "frame.css" in each)
    assert "immutable" in visitor.get(kept).headers["cache-control"]
    assert visitor.get("/static/frame.css").headers["cache-control"] == "no-cache"


def test_files_outside_the_folder_are_not_served(visitor: TestClient) -> None:
    """No way leads out of the static folder."""
    for address in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static/vendor/../../app.py"):
        assert visitor.get(address).status_code in {404, 405}


def test_templates_outside_the_folders_are_not_found(shown: Shown) -> None:
    """A template's name cannot lead out of its subject's folder."""
    from jinja2 import TemplateNotFound

    for name in ("operations/../pages.py", "../../pyproject.toml", "operations/nothing.html"):
        with pytest.raises(TemplateNotFound):
            shown.renderer().environment.get_template(name)


def test_the_navigation_marks_where_one_is(visitor: TestClient) -> None:
    """The link of the open page says so to those who listen."""
    assert re.search(r'<a href="/" aria-current="page">.*?Today</a>', visitor.get("/").text, re.DOTALL)
    assert 'href="/patterns" aria-current="page"' in visitor.get("/patterns").text


def test_a_missing_value_is_an_error_and_no_empty_place(shown: Shown) -> None:
    """A template that asks for what is not there fails, so that a slip is not a blank."""
    from jinja2 import UndefinedError

    with pytest.raises(UndefinedError):
        shown.renderer().environment.from_string("{{ nothing.here }}").render()


def test_the_frame_is_documented(shown: Shown) -> None:
    """The one variable that every template has is a value of a known type."""
    assert set(documented(Frame)) >= {"title", "live", "again", "slots"}


def test_a_head_request_is_answered(visitor: TestClient) -> None:
    """A browser or a monitor may ask for the headers alone."""
    assert visitor.head("/").status_code == 200


def test_another_project_may_bring_templates(tmp_path: Path) -> None:
    """A page of a project outside the package finds its template in the folder that the settings name."""
    (tmp_path / "hello.html").write_text("{% extends 'web/layout.html' %}{% block main %}{{ word }}{% endblock %}")

    @dataclass(frozen=True, kw_only=True)
    class Hello:
        word: str
        """The word."""

    page = Page(
        name="hello",
        title="Hello",
        path="/",
        context=Hello,
        load=lambda visit: Hello(word=visit.query["word"]),
        template="mine/hello.html",
    )
    settings = WebSettings(token="t", template_folders={"mine": tmp_path})
    with TestClient(make_app([page], [], settings), base_url="http://127.0.0.1:8451") as client:
        assert "&lt;b&gt;" in client.get("/?token=t&word=<b>").text
