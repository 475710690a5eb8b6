"""Makes the web application of pages and panels."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Final, TypeAlias

from fastapi import FastAPI, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from pilotage.machinery.telemetry.framework import UNTOLD
from pilotage.machinery.web.assets import PREFIX, KeptFiles
from pilotage.machinery.web.contexts import asked_by
from pilotage.machinery.web.door import Door, Sessions, session_of
from pilotage.machinery.web.errors import PagesDoNotFit
from pilotage.machinery.web.failures import Border, Failures
from pilotage.machinery.web.headers import SafeHeaders
from pilotage.machinery.web.live import Live
from pilotage.machinery.web.patterns import patterns_page
from pilotage.machinery.web.rendering import Renderer
from pilotage.machinery.web.unread import Unread
from pilotage.machinery.web.values import Page, Panel, Visit, WebSettings

Site: TypeAlias = FastAPI
"""The web application, for those who only pass it on."""
_READ: Final = ["GET", "HEAD"]


def make_app(
    pages: Sequence[Page[object]],
    panels: Sequence[Panel[object]],
    settings: WebSettings,
    *,
    beside: Mapping[str, ASGIApp] | None = None,
) -> FastAPI:
    """The application with these pages, the patterns page and the static files.

    `beside` are applications that know their own callers, by the beginning of their addresses: the door is not theirs.
    Raises PagesDoNotFit (PLT-902) when a panel names a page or slot that does not exist, two have the same name, or a
    template's slots are not the page's.
    """
    pages = [*pages, patterns_page(pages, panels)]
    renderer = Renderer(pages, _checked(pages, panels), settings)
    _check_templates(renderer)
    failures = Failures(renderer)
    live = Live(renderer, settings.clock)

    app = FastAPI(title="Pilotage", docs_url=None, redoc_url=None, openapi_url=None, telemetry=UNTOLD)
    app.state.live = live  # serving.py ends the streams before it stops
    failures.install(app)
    for page in pages:
        app.add_api_route(page.path, _shows(page, renderer, settings), methods=_READ, response_class=HTMLResponse)
        if "{" not in page.path:
            app.add_api_route(f"/live/{page.name}", _streams(page, live), response_class=EventSourceResponse)
    app.mount(PREFIX, KeptFiles(directory=renderer.assets.folder), name="static")

    # From the inside to the outside.
    app.add_middleware(Border, failures=failures)
    app.add_middleware(Door, token=settings.token, sessions=Sessions(), refuse=failures.refuse, onward=failures.onward)
    app.add_middleware(Beside, applications=beside or {})
    app.add_middleware(SafeHeaders)
    app.add_middleware(Unread)
    return app


class Beside:
    """The ASGI middleware that hands requests of programs to the application that knows them, past the door of the pages."""

    def __init__(self, app: ASGIApp, *, applications: Mapping[str, ASGIApp]) -> None:
        self._app = app
        self._applications = applications

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on to whom it is for."""
        path = str(scope.get("path", ""))
        found = next((app for begins, app in self._applications.items() if path.startswith(begins)), self._app)
        await found(scope, receive, send)


def _shows(page: Page[object], renderer: Renderer, settings: WebSettings) -> Callable[[Request], HTMLResponse]:
    def show(request: Request) -> HTMLResponse:
        visit = Visit(
            path=request.url.path,
            query=dict(request.query_params),
            now=settings.clock.now(),
            named={name: str(value) for name, value in request.path_params.items()},
        )
        return HTMLResponse(renderer.page(page, visit, csrf=session_of(request).csrf))

    return show


def _streams(page: Page[object], live: Live) -> Callable[[Request], AsyncIterator[ServerSentEvent]]:
    async def stream(request: Request) -> AsyncIterator[ServerSentEvent]:
        async for event in live.stream(page, dict(request.query_params)):
            yield event

    return stream


def _checked(pages: Sequence[Page[object]], panels: Sequence[Panel[object]]) -> Sequence[Panel[object]]:
    """The panels, when each has a page, a slot and a name of its own."""
    by_name = {page.name: page for page in pages}
    for kind, names in (
        ("page", [page.name for page in pages]),
        ("page address", [page.path for page in pages]),
        ("panel", [panel.name for panel in panels]),
    ):
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise PagesDoNotFit(f'There is more than one {kind} "{twice[0]}".', "Give each a name of its own.")
    for panel in panels:
        page = by_name.get(panel.page)
        if page is None:
            known = ", ".join(sorted(by_name))
            raise PagesDoNotFit(f'The panel "{panel.name}" is for a page "{panel.page}".', f"The pages are: {known}.")
        if panel.slot not in page.slots:
            known = ", ".join(page.slots) or "none"
            raise PagesDoNotFit(
                f'The panel "{panel.name}" is for a slot "{panel.slot}" of {page.name}.', f"Its slots are: {known}."
            )
    return panels


def _check_templates(renderer: Renderer) -> None:
    for page in renderer.pages:
        asked = asked_by(renderer.environment, page.template)
        if sorted(asked.slots) != sorted(page.slots):
            raise PagesDoNotFit(
                f"{page.template} has the slots {list(asked.slots)}, the page {page.name} has {list(page.slots)}.",
                "Call frame.slot(...) once for each slot of the page.",
            )
        if missing := set(page.live) - asked.blocks:
            raise PagesDoNotFit(
                f"{page.template} has no block {missing}.", "Name the blocks of the template in `live`."
            )
        for panel in renderer.panels_of(page):
            renderer.environment.get_template(panel.template)
