"""Where a declaration stands, as file:line, so that every finding can be clicked."""

import linecache
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Final

_OWN: Final = ("pilotage.authoring", "functools", "contextlib")
_LOOKAHEAD: Final = 40


def here() -> str:
    """The line of the author's program that is running now."""
    frame = _author()
    return "" if frame is None else _shown(frame.f_code.co_filename, frame.f_globals.get("__name__"), frame.f_lineno)


def folder_here() -> Path:
    """The folder of the author's module that is running now."""
    frame = _author()
    return Path.cwd() if frame is None else Path(frame.f_code.co_filename).resolve().parent


def line_of(function: Callable[..., object]) -> str:
    """The line of a function's `def`, below its decorators."""
    code = getattr(function, "__code__", None)
    if code is None:
        return ""
    number: int = code.co_firstlineno
    for ahead in range(_LOOKAHEAD):
        text = linecache.getline(code.co_filename, number + ahead).lstrip()
        if text.startswith(("def ", "async def ")):
            number += ahead
            break
    return _shown(code.co_filename, getattr(function, "__module__", None), number)


def _author() -> FrameType | None:
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # the one way to learn where a declaration stands
    while frame is not None and str(frame.f_globals.get("__name__", "")).startswith(_OWN):
        frame = frame.f_back
    return frame


def _shown(file: str, module: object, number: int) -> str:
    path = Path(file)
    try:
        return f"{path.relative_to(Path.cwd()).as_posix()}:{number}"
    except (ValueError, OSError):
        depth = str(module).count(".") + 1 if module else 1
        return f"{'/'.join(path.parts[-depth:])}:{number}"
