"""Templates to text: one Jinja environment, pages with their panels, and what is shown when a part of them fails."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, cast
from urllib.parse import quote, urlencode

import structlog
from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateNotFound
from jinja2_fragments import render_block
from markupsafe import Markup

from pilotage.machinery.api.references import new_reference
from pilotage.machinery.web import wording
from pilotage.machinery.web.assets import Assets
from pilotage.machinery.web.contexts import values_of
from pilotage.machinery.web.values import Page, Panel, Visit, WebSettings

_log: Final = structlog.get_logger("pilotage.web")


@dataclass(frozen=True, kw_only=True)
class Link:
    """An entry of the navigation."""

    title: str
    path: str
    icon: str
    current: str
    """For `aria-current`: "page" where it is this page, "true" where this page belongs to it, else empty."""


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What the layout shows around every page; the one variable that is in no page's context."""

    title: str
    page: str
    main: tuple[Link, ...]
    foot: tuple[Link, ...]
    environment: str
    version: str
    now: datetime
    assets: Assets = field(repr=False)
    csrf: str = field(default="", repr=False)
    live: str = ""
    """The address of the page's stream; empty: it has none."""
    again: str = ""
    """The address that loads the page again."""
    refresh_seconds: int = 0
    """How often the page loads itself again without script; 0: it does not."""
    refresh_switch: str = ""
    """The address of the page with that turned off, or on again."""
    slots: Mapping[str, Markup] = field(default_factory=dict[str, Markup], repr=False)

    def slot(self, name: str) -> Markup:
        """The panels in a slot, in their order."""
        return self.slots[name]


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A panel around its rendered inside."""

    id: str
    title: str
    look: str
    failed: bool
    """Its inside could not be made, and says so."""
    inside: Markup


@dataclass(frozen=True, kw_only=True)
class Failed:
    """What stands inside a panel that could not be made."""

    reference: str
    """Under which the log has the details."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """A page with nothing but words: an error, a refusal."""

    title: str
    what: str
    """What happened, in a sentence."""
    remedy: str
    """What to do next."""
    reference: str = ""
    """Under which the log has the details; empty: there are none."""
    status: int = 200
    """The status of the answer, which is shown small."""
    onward: str = ""
    """An address where the page goes by itself; empty: it stays."""
    near: str = ""
    """An address that may have been meant; empty: none."""


class SubjectLoader(BaseLoader):
    """Finds "operations/today.html" in `pilotage/operations/templates`; "web/..." is the frame's own."""

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._root = Path(__file__).parents[2]
        self._folders = {"web": Path(__file__).parent / "templates", **folders}

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:  # noqa: ARG002
        """The text of a template, and whether it is still the same."""
        subject, _, name = template.partition("/")
        folder = self._folders.get(subject, self._root / subject / "templates")
        path = (folder / name).resolve()
        if not path.is_relative_to(folder.resolve()) or not path.is_file():
            raise TemplateNotFound(template)
        changed = path.stat().st_mtime_ns
        return path.read_text(encoding="utf-8"), str(path), lambda: path.stat().st_mtime_ns == changed


def make_environment(settings: WebSettings) -> Environment:
    """The one Jinja environment: everything is escaped, and a missing value is an error."""
    environment = Environment(
        loader=SubjectLoader(settings.template_folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    filters = cast("dict[str, object]", environment.filters)
    filters |= {
        "count": wording.count,
        "counted": wording.counted,
        "age": wording.age,
        "listed": wording.listed,
        "clock": wording.clock,
        "day": wording.day,
        "minute": wording.minute,
        "iso": wording.iso,
    }
    return environment


class Renderer:
    """Renders pages, their panels and messages."""

    def __init__(self, pages: Sequence[Page[object]], panels: Sequence[Panel[object]], settings: WebSettings) -> None:
        self.environment = make_environment(settings)
        self.assets = Assets(settings.static_folder) if settings.static_folder else Assets()
        self.pages = sorted(pages, key=lambda page: (page.order, page.title))
        self._settings = settings
        self._failing: dict[str, tuple[str, str]] = {}
        self._panels = {
            page.name: sorted(
                (panel for panel in panels if panel.page == page.name),
                key=lambda panel: (page.slots.index(panel.slot), panel.order, panel.name),
            )
            for page in pages
        }

    def panels_of(self, page: Page[object]) -> Sequence[Panel[object]]:
        """The panels of a page, in the order of its slots."""
        return self._panels[page.name]

    def page(self, page: Page[object], visit: Visit, *, csrf: str) -> str:
        """A whole page."""
        slots = dict.fromkeys(page.slots, Markup())
        for panel in self.panels_of(page):
            slots[panel.slot] += self.panel(panel, visit)
        frame = self._frame(page, visit, csrf=csrf, slots=slots)
        return self._render(page.template, page.load(visit), frame=frame)

    def fragments(self, page: Page[object], visit: Visit) -> dict[str, str]:
        """What of a page may change while somebody looks: element id -> its text now."""
        parts = {f"panel-{panel.name}": str(self.panel(panel, visit)) for panel in self.panels_of(page)}
        if page.live:
            values = values_of(page.load(visit))
            frame = self._frame(page, visit, csrf="", slots={})
            for block in page.live:
                parts[f"live-{block}"] = render_block(
                    self.environment, page.template, block, frame=frame, **values
                ).strip()
        return parts

    def panel(self, panel: Panel[object], visit: Visit) -> Markup:
        """A panel. When its figures cannot be had it says that they are not known; the other panels go on."""
        try:
            inside = self._render(panel.template, panel.load(visit))
            self._failing.pop(panel.name, None)
            failed = False
        except Exception as error:  # noqa: BLE001 - the border of a request, drawn around each panel
            inside = self._render("web/failed.html", Failed(reference=self._reference_of(panel, error)))
            failed = True
        drawn = Drawn(
            id=f"panel-{panel.name}",
            title=panel.title,
            look="panel" if failed else panel.look,
            failed=failed,
            inside=Markup(inside),  # noqa: S704 - rendered just now, with everything escaped
        )
        return Markup(self._render("web/panel.html", drawn).strip())  # noqa: S704 - as above

    def _reference_of(self, panel: Panel[object], error: Exception) -> str:
        """A reference that is in the log: one for all panels that fail for one reason, as long as it lasts."""
        said = repr(error)
        known = [reference for reason, reference in self._failing.values() if reason == said]
        reference = known[0] if known else new_reference()
        self._failing[panel.name] = (said, reference)
        if not known:
            _log.error("panel.failed", panel=panel.name, page=panel.page, reference=reference, exc_info=error)
        return reference

    def message(self, message: Message, *, within: bool = False) -> str:
        """A page with nothing but words; `within`: for a visitor who is in, so with the navigation."""
        frame = Frame(
            title=message.title,
            page="",
            main=self._links("main") if within else (),
            foot=self._links("foot") if within else (),
            environment=self._settings.environment if within else "",
            version=self._settings.version if within else "",
            now=self._settings.clock.now(),
            assets=self.assets,
        )
        return self._render("web/message.html", message, frame=frame)

    def _frame(self, page: Page[object], visit: Visit, *, csrf: str, slots: Mapping[str, Markup]) -> Frame:
        still = visit.query.get("refresh") == "off"
        panels = bool(self._panels[page.name]) or bool(page.live)
        asked = {name: value for name, value in visit.query.items() if name != "refresh"}
        switched = asked if still else asked | {"refresh": "off"}
        return Frame(
            title=page.title,
            page=page.name,
            main=self._links("main", page),
            foot=self._links("foot", page),
            environment=self._settings.environment,
            version=self._settings.version,
            now=visit.now,
            assets=self.assets,
            csrf=csrf,
            live=_address(f"/live/{page.name}", asked) if panels else "",
            again=_address(visit.path, visit.query),
            refresh_seconds=self._settings.refresh_seconds if panels and not still else 0,
            refresh_switch=_address(visit.path, switched) if panels else "",
            slots=slots,
        )

    def _links(self, where: str, here: Page[object] | None = None) -> tuple[Link, ...]:
        current = {} if here is None else {here.name: "page", here.under: "true"}
        return tuple(
            Link(title=page.title, path=page.path, icon=page.icon, current=current.get(page.name, ""))
            for page in self.pages
            if page.navigation == where
        )

    def _render(self, template: str, context: object, **more: object) -> str:
        return self.environment.get_template(template).render(**values_of(context), **more)


def _address(path: str, query: Mapping[str, str]) -> str:
    # a path that begins with two slashes would be the name of another host
    path = "/" + quote(path.lstrip("/"))
    return f"{path}?{urlencode(query)}" if query else path
