"""`pilotage secret scan`."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from pilotage.credentials.commands.house import House, Opened
from pilotage.credentials.scanning import Finding, scan
from pilotage.machinery.cli.exits import Exit
from pilotage.machinery.cli.output import Output

_PASSED_OVER: Final = frozenset({".git", ".venv", "node_modules", "__pycache__", ".pilotage", "site"})
_MOST: Final = 8 << 20
"""Bytes; a longer file is data, and is passed over by name."""


@dataclass(frozen=True)
class ScanningCommand:
    """Looks for what should not be there."""

    house: House
    out: Output

    def scan(self, *paths: Annotated[Path, Parameter(help="files and folders; else the project's folder")]) -> int:
        """Look for secrets that are written down in files: code, configuration, prompts, logs.

        By the shape of well-known tokens, by what is assigned to a telling name, and by every value in the local store. It ends
        with 1 if something is found, and shows no value. A line with `pilotage: no secret` is passed over.
        """
        project = self.house.project()
        found: list[Finding] = []
        searched = 0
        with self.house.database() as database:
            keeper = Opened(project=project).keeper(database)
            known = keeper.values()
            for file in _files(paths or [project.root]):
                searched += 1
                with file.open(encoding="utf-8", errors="replace") as lines:
                    found += scan(str(file), lines, known)
            keeper.scanned(len(found), searched)
        if not self.out.put({"files": searched, "findings": [_as_data(one) for one in found]}):
            for one in found:
                self.out.line(f"{one.place}:{one.line}: {one.rule} ({one.begins}, digest {one.digest})")
            self.out.say(f"{searched:,} files were searched, {len(found):,} secrets found.")
        return Exit.NOT_WELL if found else Exit.OK


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_file():
            yield path
            continue
        for folder, below, names in os.walk(path):
            below[:] = sorted(set(below) - _PASSED_OVER)
            for name in sorted(names):
                file = Path(folder, name)
                if file.is_file() and file.stat().st_size <= _MOST:
                    yield file


def _as_data(one: Finding) -> Mapping[str, object]:
    return asdict(one)
