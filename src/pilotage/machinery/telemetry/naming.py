"""What a span may say of where a call went: never a query, and of a path what is no record's."""

import re
from typing import Final

from pilotage.machinery.net.masking import hide
from pilotage.machinery.net.messages import Outgoing
from pilotage.machinery.telemetry.values import Paths

_WORD: Final = re.compile(r"[a-z][a-z_-]{0,29}|v\d{1,2}")
_PORTS: Final = {"http": 80, "https": 443}


def shown_url(request: Outgoing, paths: Paths) -> str:
    """The URL without its query, and without what may come from a record."""
    origin = request.origin
    return hide(f"{origin}{shown_path(request.path, paths)}")


def shown_path(path: str, paths: Paths) -> str:
    """The path: its plain words, with a star for each other part."""
    if paths is Paths.WHOLE:
        return path
    if paths is Paths.NONE:
        return ""
    return "/".join(part if not part or _WORD.fullmatch(part) else "*" for part in path.split("/"))


def port_of(request: Outgoing) -> int | None:
    """The port, also where the URL does not say it."""
    return request.origin.port or _PORTS.get(request.origin.scheme)


def type_of(error: BaseException) -> str:
    """What an error is called in a span: its code where it is one of ours, else its class. Never its text."""
    code = getattr(error, "code", None)
    return code if isinstance(code, str) and code.startswith("PLT-") else type(error).__name__
