"""The pages of cases and connections in a real browser: accessible, by keyboard, on a phone, in the dark, without script."""

import threading
from collections.abc import Iterator
from queue import Queue
from typing import Final, Literal

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect
from tests.web import test_browser as eyes
from tests.web.conftest import TOKEN
from tests.web.desk import HOSTILE, Desk, bills, opened

from pilotage.machinery.web.serving import serve
from pilotage.machinery.web.values import WebSettings
from pilotage.testing import Fault

pytestmark = eyes.pytestmark
browser = eyes.browser
NARROW: Final = eyes.NARROW


class Street:
    """A served platform and the addresses that are looked at."""

    def __init__(self, desk: Desk, address: str) -> None:
        self.desk, self.address = desk, address
        self.case = desk.id_of("R1")
        self.paths = ["/cases", f"/cases/{self.case}", f"/cases/{desk.id_of('W1')}", "/connections"]
        self.paths += ["/cases?failure=refused+us", "/cases?place=withdrawn", "/cases/C-1"]

    def enter(self, page: Page) -> None:
        """Open the link."""
        page.goto(f"{self.address}/?token={TOKEN}")


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    """A platform with something of everything, an outage among it."""
    url = f"sqlite:///{tmp_path_factory.mktemp('street') / 'p.db'}"
    for desk in opened(url):
        desk.case("R1", fault=Fault.REFUSED, client="Donaudampfschifffahrtselektrizitätenhauptbetriebswerk" * 4)
        desk.case("W1", client="unsure")
        desk.case("X1", fault=Fault.CHANGED_BODY)
        desk.case(f"K{HOSTILE}")
        desk.books.fault(Fault.DOWN, times=10_000)
        for number in range(60):
            desk.platform.submit(bills, {"id": f"B{number:02}"})
        for _ in range(9):
            desk.platform.clock.forward("20s")
            desk.platform.settle()
        desk.platform.inner.watch.write()
        site = desk.platform.inner.site(WebSettings(token=TOKEN, clock=desk.platform.clock.manual))
        announced: Queue[str] = Queue()
        stop = threading.Event()
        server = threading.Thread(target=serve, args=(site,), kwargs={"announce": announced.put, "stop": stop})
        server.start()
        try:
            yield Street(desk, announced.get(timeout=20))
        finally:
            stop.set()
            server.join(timeout=20)


@pytest.mark.skipif(eyes.AXE is None, reason="axe-core is not installed: npm ci has not run")
@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "viewport"), [("light", eyes.WIDE), ("dark", eyes.PHONE)])
def test_no_accessibility_violation(
    browser: Browser, street: Street, scheme: Literal["light", "dark"], viewport: ViewportSize
) -> None:
    """Lists, cases, connections and what is not there pass axe with all their parts unfolded."""
    with browser.new_context(viewport=viewport, color_scheme=scheme, bypass_csp=True) as context:
        page = context.new_page()
        street.enter(page)
        found: dict[str, list[str]] = {}
        for path in street.paths:
            page.goto(street.address + path)
            for summary in page.locator("summary").all():
                summary.click()
            found[path] = eyes.axe(page)
        assert {path: faults for path, faults in found.items() if faults} == {}


def test_nothing_hangs_over_the_edge_of_a_phone(browser: Browser, street: Street) -> None:
    """At 320 pixels no page scrolls sideways, and every link, summary and button is at least 24 pixels high."""
    with browser.new_context(viewport=NARROW, has_touch=True) as context:
        page = context.new_page()
        street.enter(page)
        for path in street.paths:
            page.goto(street.address + path)
            assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], path
            for target in page.locator("a:not(.skip), summary, button, select").all():
                box = target.bounding_box()
                assert box is not None
                assert box["height"] >= 24, (path, target.inner_text())


def test_without_script_the_way_leads_from_today_to_what_was_said(browser: Browser, street: Street) -> None:
    """By links, a form and a folded part alone; nothing is complained about, and no other host is asked."""
    complaints: list[str] = []
    with browser.new_context(viewport=eyes.WIDE, java_script_enabled=False) as context:
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on(
            "request", lambda request: complaints.append(request.url) if street.address not in request.url else None
        )
        street.enter(page)
        page.get_by_role("link", name="Dead letter").click()
        page.get_by_label("Failure").select_option("refused us")
        page.get_by_role("button", name="Show").click()
        page.get_by_role("link", name="R1").click()
        expect(page.get_by_role("heading", name="R1", exact=True)).to_be_visible()
        page.get_by_text("What books said: 422").click()
        expect(page.get_by_role("region", name="Body of the answer")).to_contain_text('{"error": "refused"}')
        page.get_by_role("link", name="Connections").click()
        expect(page.locator("main")).to_contain_text("Down since 14:0")
    assert complaints == []


def test_the_keyboard_reaches_the_raw_answer(browser: Browser, street: Street) -> None:
    """A summary opens with Enter, and the text behind it can be scrolled with the keys."""
    with browser.new_context(viewport=eyes.WIDE) as context:
        page = context.new_page()
        street.enter(page)
        page.goto(f"{street.address}/cases/{street.case}")
        page.locator("details.raw summary").first.focus()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        expect(page.locator(".raw-text").first).to_be_focused()
