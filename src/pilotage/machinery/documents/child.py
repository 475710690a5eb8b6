"""The side that reads: a process without rights to much, which answers one line for each document and ends when it must.

What comes in is hostile: a file of a few kilobytes may unpack to gigabytes, name ten thousand pages or loop for ever. The
address space is bounded, so the worst ends this process alone; whoever asks ends it after some seconds.
"""

import json
import os
import resource
import sys
from collections.abc import Callable, Mapping
from typing import IO, Final

from pilotage.machinery.documents import invoices, texts
from pilotage.machinery.documents.values import Bounds, Unreadable

_TASKS: Final[Mapping[str, Callable[[bytes, str, str, Bounds], object]]] = {
    "text": texts.text,
    "factur-x": invoices.factur_x,
}


def main(limits: dict[str, object]) -> None:
    """Answer until nobody asks any more."""
    bounds = Bounds(**limits)  # type: ignore[arg-type]
    given, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    _shrink(bounds)
    while line := given.readline():
        head: dict[str, object] = json.loads(line)
        data = given.read(int(str(head["size"])))
        said, over = _answer(head, data, bounds)
        _tell(answers, said, over=over)
        if over:
            return


def _shrink(bounds: Bounds) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (bounds.memory, bounds.memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # it writes no file


def _answer(head: Mapping[str, object], data: bytes, bounds: Bounds) -> tuple[Mapping[str, object], bool]:
    """What was found or why nothing was; and whether this process had better end."""
    try:
        return {"found": _TASKS[str(head["task"])](data, str(head["name"]), str(head["media_type"]), bounds)}, False
    except Unreadable as error:
        return {"reason": error.reason}, False
    except MemoryError:
        return {"reason": f"it needs more than {bounds.memory >> 20:,} MiB of memory"}, True
    except RecursionError:
        return {"reason": "it is nested too deeply"}, True
    except Exception as error:  # noqa: BLE001 - the libraries raise whatever a broken file makes them stumble over
        if any(isinstance(one, MemoryError) for one in (*error.args, error.__context__)):  # some wrap it
            return {"reason": f"it needs more than {bounds.memory >> 20:,} MiB of memory"}, True
        return {"reason": f"it is damaged ({type(error).__name__})"}, False


def _tell(answers: IO[bytes], said: Mapping[str, object], *, over: bool) -> None:
    answers.write((b"!" if over else b"") + json.dumps(said).encode() + b"\n")
    answers.flush()
