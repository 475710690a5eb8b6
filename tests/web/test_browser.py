"""The pages in a real browser: accessible, by keyboard, on a phone, in the dark, live, and without script."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright
from tests.web.conftest import EMPTY, SAMPLES, Shown, Site, axe_file, served

from pilotage.cases.values_today import Places

CHROMIUM = Path("/usr/bin/chromium")
AXE = axe_file()
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDE: Final[ViewportSize] = {"width": 1280, "height": 900}
PHONE: Final[ViewportSize] = {"width": 390, "height": 844}
NARROW: Final[ViewportSize] = {"width": 320, "height": 640}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no Chromium at {CHROMIUM}"),
]


@dataclass
class Visitor:
    """A browser that came with the link, and everything that it complained about."""

    page: Page
    site: Site
    complaints: list[str] = field(default_factory=list[str])

    def open(self, path: str = "/", places: Places | Exception | None = None) -> Page:
        """Open a page over these places."""
        if places is not None:
            self.site.shown.places = places
        self.page.goto(self.site.address + path)
        return self.page


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium. Not for the session: Playwright keeps an event loop in this thread while it is open."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def module_site() -> Iterator[Site]:
    """A server that all tests of this file look at."""
    yield from served(Shown())


@pytest.fixture
def looked_at(module_site: Site) -> Site:
    """The server, over an empty platform."""
    module_site.shown.places = EMPTY
    return module_site


def visitor_in(context: BrowserContext, site: Site) -> Visitor:
    """A browser that opens the link."""
    visitor = Visitor(page=context.new_page(), site=site)
    visitor.page.on("console", lambda message: visitor.complaints.append(f"{message.type}: {message.text}"))
    visitor.page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
    visitor.page.on("request", lambda request: _note_stranger(visitor, request.url))
    visitor.page.goto(site.link)
    return visitor


def _note_stranger(visitor: Visitor, url: str) -> None:
    if not url.startswith((visitor.site.address + "/", "data:")):
        visitor.complaints.append(f"asked another host: {url}")


@pytest.fixture
def visitor(browser: Browser, looked_at: Site) -> Iterator[Visitor]:
    """A visitor on a wide screen; nothing may be complained about."""
    with browser.new_context(viewport=WIDE) as context:
        visitor = visitor_in(context, looked_at)
        yield visitor
        assert visitor.complaints == []


def axe(page: Page) -> list[str]:
    """What the accessibility checker finds; the policy of the page is set aside for the checker alone."""
    assert AXE is not None
    page.add_script_tag(path=AXE)
    found = page.evaluate("() => axe.run()")
    return [
        f"{violation['id']}: {node['html']} ({node['failureSummary']})"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


@pytest.mark.skipif(AXE is None, reason="axe-core is not installed: npm ci has not run")
@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "viewport"), [("light", WIDE), ("dark", PHONE)])
def test_no_accessibility_violation(
    browser: Browser, looked_at: Site, scheme: Literal["light", "dark"], viewport: ViewportSize
) -> None:
    """Every sample with its parts unfolded, the patterns, a failing page, one that is not there and a refusal pass axe."""
    with browser.new_context(viewport=viewport, color_scheme=scheme, bypass_csp=True) as context:
        visitor = visitor_in(context, looked_at)
        found: dict[str, list[str]] = {}
        for name, places in {**SAMPLES, "failing": ConnectionError("gone")}.items():
            page = visitor.open("/", places)
            for summary in page.locator("summary").all():
                summary.click()
            found[name] = axe(page)
        found["patterns"] = axe(visitor.open("/patterns"))
        found["not found"] = axe(visitor.open("/nothing"))
        context.clear_cookies()
        found["refused"] = axe(visitor.open("/"))
        assert {name: faults for name, faults in found.items() if faults} == {}


@pytest.mark.parametrize("path", ["/", "/patterns", "/nothing"])
def test_nothing_hangs_over_the_edge_of_a_phone(browser: Browser, looked_at: Site, path: str) -> None:
    """At 320 pixels no page scrolls sideways, with huge numbers and long words too."""
    with browser.new_context(viewport=NARROW) as context:
        visitor = visitor_in(context, looked_at)
        for places in SAMPLES.values():
            page = visitor.open(path, places)
            assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


def test_a_finger_hits_what_it_aims_at(browser: Browser, looked_at: Site) -> None:
    """On a phone every link and summary is at least 24 pixels high, and those of the navigation 44."""
    with browser.new_context(viewport=PHONE, has_touch=True) as context:
        page = visitor_in(context, looked_at).open("/", SAMPLES["trouble"])
        for target in page.locator("a:not(.skip), summary, button").all():
            box = target.bounding_box()
            assert box is not None
            assert box["height"] >= 24, target.inner_text()
        box = page.get_by_role("link", name="Today").bounding_box()
        assert box is not None
        assert box["height"] >= 44


def test_the_keyboard_goes_everywhere(visitor: Visitor) -> None:
    """From the skip link to the content, on through refresh, the places and the folded parts, which open with the keyboard."""
    page = visitor.open("/", SAMPLES["healthy"])
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Refresh")).to_be_focused()
    for place in ("Ready", "Moving", "With people", "Done"):
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name=place, exact=True)).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#panel-places summary")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".sums")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.locator("#panel-flow summary")).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    expect(page.locator("#panel-flow .scroll")).to_be_focused()


def test_focus_can_be_seen(visitor: Visitor) -> None:
    """What has the focus has an outline."""
    page = visitor.open()
    page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_a_change_arrives_without_loading_the_page(visitor: Visitor) -> None:
    """When the places change, the sentence, the counts and the notices follow within seconds, and it says Live."""
    page = visitor.open("/", SAMPLES["healthy"])
    expect(page.get_by_role("status").filter(has_text="All is well")).to_be_visible()
    expect(page.locator("[data-live-words]")).to_have_text(re.compile(r"^Live, as of 14:24:11 UTC$"))
    page.evaluate("() => { document.body.dataset.same = 'yes' }")

    visitor.site.shown.places = SAMPLES["trouble"]

    expect(page.get_by_role("heading", name="What needs somebody")).to_be_visible()
    expect(page.locator("#panel-health")).to_contain_text("Held: the connection helpdesk")
    expect(page.locator("#panel-attention")).to_contain_text("3 dead letters, the oldest for 2 hours")
    expect(page.locator("#panel-places")).to_contain_text("318")
    assert page.evaluate("document.body.dataset.same") == "yes"


def test_a_change_leaves_focus_and_what_is_unfolded(visitor: Visitor) -> None:
    """Who reads the numbers of the chart with the keyboard stays where they are when the numbers change."""
    page = visitor.open("/", SAMPLES["healthy"])
    expect(page.locator("[data-live-words]")).to_have_text(re.compile("^Live"))
    summary = page.locator("#panel-flow summary")
    summary.focus()
    page.keyboard.press("Enter")

    visitor.site.shown.places = SAMPLES["trouble"]

    expect(page.locator("#panel-flow .lead")).to_contain_text("705 records came in")
    expect(page.locator("#panel-flow table")).to_be_visible()
    expect(summary).to_be_focused()


def test_hostile_text_arrives_live_as_text(visitor: Visitor) -> None:
    """A hold's reason that is a script is shown by the live update and not run."""
    page = visitor.open("/", SAMPLES["healthy"])
    expect(page.locator("[data-live-words]")).to_have_text(re.compile("^Live"))
    page.on("dialog", lambda dialog: visitor.complaints.append(f"a script ran: {dialog.message}"))

    visitor.site.shown.places = SAMPLES["hostile"]

    expect(page.locator("#panel-attention")).to_contain_text("<img src=x onerror=alert(1)>")
    expect(page.locator("#panel-attention img")).to_have_count(0)


def test_a_lost_connection_is_said(browser: Browser) -> None:
    """When the server ends, the page says within seconds that its figures are no longer live, and of when they are."""
    running = served(Shown(places=SAMPLES["healthy"]))
    site = next(running)
    with browser.new_context(viewport=WIDE) as context:
        visitor = visitor_in(context, site)
        page = visitor.page
        page.clock.install()
        visitor.open()
        expect(page.locator("[data-live-words]")).to_have_text(re.compile("^Live"))
        next(running, None)
        page.clock.fast_forward(15_000)
        expect(page.locator("[data-live-lost]")).to_contain_text("Not live")
        expect(page.locator("[data-live-words]")).to_have_text("As of 14:24:11 UTC")


def test_without_script_the_page_is_whole(browser: Browser, looked_at: Site) -> None:
    """With script switched off all figures are there, the folded parts open, and the page loads itself again."""
    looked_at.shown.places = SAMPLES["healthy"]
    with browser.new_context(viewport=WIDE, java_script_enabled=False) as context:
        page = visitor_in(context, looked_at).page
        expect(page.locator("#panel-health")).to_contain_text("All is well")
        expect(page.locator("#panel-places")).to_contain_text("312")
        page.locator("#panel-flow summary").click()
        expect(page.locator("#panel-flow table")).to_be_visible()
        expect(page.locator("noscript meta[http-equiv=refresh]")).to_have_attribute("content", "30")
        looked_at.shown.places = SAMPLES["trouble"]
        page.get_by_role("link", name="Refresh").click()
        expect(page.locator("#panel-health")).to_contain_text("Held")
        page.get_by_role("link", name="Keep it still").click()
        expect(page.locator("meta[http-equiv=refresh]")).to_have_count(0)


def test_without_the_built_files_a_browser_finds_nothing_missing(browser: Browser, tmp_path: Path) -> None:
    """Where the asset build has not run, no request fails and the page reads the same."""
    from pilotage.machinery.web.assets import FOLDER

    for file in FOLDER.iterdir():
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
    shown = Shown(places=SAMPLES["healthy"])
    shown.settings = replace(shown.settings, static_folder=tmp_path)
    for site in served(shown):
        with browser.new_context(viewport=WIDE) as context:
            visitor = visitor_in(context, site)
            expect(visitor.page.locator("#panel-health")).to_contain_text("All is well")
            assert visitor.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_follow_the_visitor(browser: Browser, looked_at: Site, scheme: Literal["light", "dark"]) -> None:
    """The page is pale where the visitor's system is, and dark where it is dark."""
    with browser.new_context(viewport=WIDE, color_scheme=scheme) as context:
        page = visitor_in(context, looked_at).page
        red = page.evaluate("getComputedStyle(document.documentElement).backgroundColor.match(/\\d+/)[0]")
        assert (int(red) > 200) == (scheme == "light")


def test_the_token_is_not_in_the_address_and_the_cookie_not_in_reach(visitor: Visitor) -> None:
    """After the first visit neither a look at the address bar nor a script finds the secrets."""
    assert visitor.site.shown.settings.token not in visitor.page.url
    assert visitor.page.evaluate("document.cookie") == ""


def test_another_page_cannot_read_or_frame_this_one(browser: Browser, looked_at: Site) -> None:
    """A page of another origin on the same machine gets nothing, although the browser has a session."""
    other = served(Shown())
    stranger = next(other)
    with browser.new_context(viewport=WIDE, bypass_csp=True) as context:
        visitor_in(context, looked_at)
        page = visitor_in(context, stranger).page
        outcome = page.evaluate(
            "address => fetch(address, {credentials: 'include'}).then(() => 'read', () => 'refused')",
            looked_at.address + "/",
        )
    next(other, None)
    assert outcome == "refused"


def test_on_paper_the_navigation_is_gone(visitor: Visitor) -> None:
    """A printed page has the figures and not the buttons."""
    page = visitor.open("/", SAMPLES["healthy"])
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation")).to_be_hidden()
    expect(page.locator("#panel-places")).to_be_visible()
