"""The static files: their addresses, digests and icons. What the asset build would bring may be absent."""

import hashlib
import json
import re
from functools import cache
from pathlib import Path
from typing import Final, cast

from fastapi.staticfiles import StaticFiles
from markupsafe import Markup
from starlette.responses import Response
from starlette.types import Scope

FOLDER: Final = Path(__file__).parent / "static"
PREFIX: Final = "/static"
_A_YEAR: Final = "public, max-age=31536000, immutable"
_COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)
_ICON: Final = re.compile(r"[a-z][a-z0-9-]*")


class Assets:
    """What is in the static folder. Read once: a running process does not change its files."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self.folder = folder
        self._integrity = _digests(folder / "vendor" / "manifest.json")
        self.address = cache(self._address)
        self.icon = cache(self._icon)

    def has(self, path: str) -> bool:
        """Whether there is such a file."""
        return (self.folder / path).is_file()

    def _address(self, path: str) -> str:
        """The address of a file, with its digest: a changed file has another address, so browsers may keep each."""
        file = self.folder / path
        if not file.is_file():
            return ""
        digest = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
        return f"{PREFIX}/{path}?v={digest}"

    def integrity(self, path: str) -> str:
        """The digest that the build wrote down for a file of somebody else's, for `integrity=`; empty when none."""
        return self._integrity.get(path.removeprefix("vendor/"), "")

    def _icon(self, name: str) -> Markup:
        """A lucide icon as inline SVG that screen readers pass over; nothing where the build has not run."""
        file = self.folder / "vendor" / "icons" / f"{name}.svg"
        if not _ICON.fullmatch(name) or not file.is_file():
            return Markup()
        drawing = _COMMENT.sub("", file.read_text(encoding="utf-8")).strip()
        drawing = re.sub(r'class="[^"]*"', 'class="icon" aria-hidden="true" focusable="false"', drawing, count=1)
        # The file is ours to trust: it comes from the package that the lock file names, not from a visitor.
        return Markup(drawing)  # noqa: S704


class KeptFiles(StaticFiles):
    """Serves the static folder; an address with a digest may be kept for a year, another is asked for again."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, with how long it may be kept."""
        response = await super().get_response(path, scope)
        versioned = cast("bytes", scope.get("query_string", b"")).startswith(b"v=")
        response.headers["Cache-Control"] = _A_YEAR if versioned and response.status_code < 400 else "no-cache"
        return response


def _digests(manifest: Path) -> dict[str, str]:
    try:
        content = cast("dict[str, dict[str, str]]", json.loads(manifest.read_text(encoding="utf-8")))
        return content["files"]
    except (OSError, ValueError, KeyError):
        return {}
