"""A process of its own in which records are rehearsed.

    python -P -m pilotage.rehearsal.child

It is started with an environment in which nothing secret stands. It reads what it has to do in one line of JSON, leaves the
network, and only then loads the platform, and behind the other walls anybody's code. What it asks and tells are lines of JSON,
too: a setting that a step reads, how far it is, and at the end the report. What the loaded code prints goes to stderr.
"""

import json
import os
import sys
import threading
from collections.abc import Mapping
from typing import IO

from pilotage.rehearsal import walls


class Parent:
    """Whoever started this process; asked for settings, and told how far it is."""

    def __init__(self, told: IO[str], said: IO[str]) -> None:
        self._told = told
        self._said = said
        self._lock = threading.Lock()
        self._settings: dict[str, str | None] = {}

    def tell(self, data: Mapping[str, object]) -> None:
        """Write one line."""
        with self._lock:
            self._write(data)

    def setting(self, name: str) -> str | None:
        """The text of a setting; the values of secrets are none."""
        with self._lock:
            if name not in self._settings:
                self._write({"setting": name})
                self._settings[name] = json.loads(self._said.readline() or "{}").get("value")
            return self._settings[name]

    def seen(self, what: str, count: int) -> None:
        """How far it is."""
        self.tell({"seen": what, "count": count})

    def _write(self, data: Mapping[str, object]) -> None:
        self._told.write(json.dumps(data, ensure_ascii=False) + "\n")
        self._told.flush()


def main() -> None:
    """Rehearse what the first line says."""
    told = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    parent = Parent(told, sys.stdin)
    request = json.loads(sys.stdin.readline())
    outside = walls.cut_off() if request["cut_off"] else "it was not asked for"
    from pilotage.rehearsal.behind import rehearse  # noqa: PLC0415 - the threads that libraries start are born inside

    parent.tell(rehearse(request, parent, outside))


if __name__ == "__main__":
    main()
