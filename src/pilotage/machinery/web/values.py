"""What a subject says about its pages: a `Page` with named slots, a `Panel` that fills one, the `Visit` they are loaded for.

A page is: visit -> context -> template. The context is a frozen dataclass whose fields, each with a sentence below it, are
the template's variables; the frame adds one more, `frame`. A template is named by its subject and file:
"operations/today.html" is `pilotage/operations/templates/today.html`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, Generic, Literal, TypeVar, cast

from pilotage.kernel.clock import Clock, SystemClock

C_co = TypeVar("C_co", covariant=True)
T = TypeVar("T")

_SLUG: Final = re.compile(r"[a-z][a-z0-9-]*")


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One look at one page: what loaders may know of the request."""

    path: str
    query: Mapping[str, str]
    now: datetime
    named: Mapping[str, str] = field(default_factory=dict[str, str])
    """What stands in the address where the page's path has a name in braces."""
    _read: dict[object, object] = field(default_factory=dict[object, object], repr=False)

    def once(self, read: Callable[[], T]) -> T:
        """What `read` gives, read once for this visit: all panels of a page show the same moment."""
        if read not in self._read:
            try:
                self._read[read] = read()
            except Exception as error:  # what cannot be read now is not tried again by every panel of the page
                self._read[read] = _Unread(error=error)
                raise
        found = self._read[read]
        if isinstance(found, _Unread):
            raise found.error
        return cast("T", found)


@dataclass(frozen=True, kw_only=True)
class _Unread:
    """What stands in place of a value that could not be read."""

    error: Exception


@dataclass(frozen=True, kw_only=True)
class Page(Generic[C_co]):
    """A page: an address, a context, a template, and slots that panels of other subjects may fill."""

    name: str
    """In addresses, ids and panels: lower case, such as "today"."""
    title: str
    """In the navigation and above the page."""
    path: str
    """Its address; "/cases/{case}" has a name that the visit knows. Such a page has neither panels nor live blocks."""
    context: type[C_co]
    load: Callable[[Visit], C_co]
    template: str
    slots: tuple[str, ...] = ()
    """The places where the template calls `frame.slot(name)`."""
    live: tuple[str, ...] = ()
    """Blocks of the template that are sent again when they change; block x holds one element with the id `live-x`."""
    icon: str = ""
    """A lucide icon; decoration only, and absent where the asset build has not run."""
    navigation: Literal["main", "foot", "none"] = "main"
    under: str = ""
    """The name of the page in the navigation to which this one belongs; empty: it stands there itself, or nowhere."""
    order: int = 100

    def __post_init__(self) -> None:
        if not _SLUG.fullmatch(self.name):
            msg = f'The page name "{self.name}" is not lower-case letters, digits and hyphens.'
            raise ValueError(msg)
        if "{" in self.path and (self.slots or self.live):
            msg = f"The page {self.name} is one for each {self.path}, so it can have neither slots nor live blocks."
            raise ValueError(msg)


@dataclass(frozen=True, kw_only=True)
class Panel(Generic[C_co]):
    """A part of a page that belongs to another subject than the page does."""

    name: str
    page: str
    """The name of the page."""
    slot: str
    title: str
    context: type[C_co]
    load: Callable[[Visit], C_co]
    template: str
    """What stands inside the panel; the frame draws the panel itself."""
    order: int = 100
    look: Literal["panel", "plain"] = "panel"
    """A plain panel has no border, and its title is for those who listen to the page."""

    def __post_init__(self) -> None:
        if not _SLUG.fullmatch(self.name):
            msg = f'The panel name "{self.name}" is not lower-case letters, digits and hyphens.'
            raise ValueError(msg)


@dataclass(frozen=True, kw_only=True)
class WebSettings:
    """What the frame needs to know of this process."""

    token: str = field(repr=False)
    """The start token: who opens the link with it gets a session. One for each start of the process."""
    environment: str = "dev"
    version: str = ""
    clock: Clock = field(default_factory=SystemClock)
    refresh_seconds: int = 30
    """How often a page without script loads itself again."""
    template_folders: Mapping[str, Path] = field(default_factory=dict[str, Path])
    """Folders of templates of projects outside the package, by their first name; tests bring theirs so."""
    static_folder: Path | None = None
    """Another folder of static files than the package's own; tests show so that pages do without the vendor's."""

    def link(self, address: str) -> str:
        """The link to print at the start: the address with the start token."""
        return f"{address.rstrip('/')}/?token={self.token}"
