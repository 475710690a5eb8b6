"""`pilotage secret scan`."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from pilotage.credentials.commands.house import House, Opened
from pilotage.credentials.scanning import Finding, Scanner
from pilotage.credentials.service.searching import search
from pilotage.credentials.stores.files import FileStore
from pilotage.kernel.counted import counted
from pilotage.machinery.cli.exits import Exit
from pilotage.machinery.cli.output import Output
from pilotage.machinery.contents.files import Contents
from pilotage.machinery.storage.database import Database

_PASSED_OVER: Final = frozenset({".git", ".venv", "node_modules", "__pycache__", ".pilotage", "site"})
_MOST: Final = 8 << 20
"""Bytes; a longer file is data, and is passed over by name."""


@dataclass(frozen=True)
class ScanningCommand:
    """Looks for what should not be there."""

    house: House
    out: Output

    def scan(
        self,
        *paths: Annotated[Path, Parameter(help="files and folders; else the project's folder")],
        stored: Annotated[bool, Parameter(help="look through the database and the large contents instead")] = False,
    ) -> int:
        """Look for secrets that are written down: in code, configuration, prompts, logs, and with --stored in records.

        By the shape of well-known tokens, by what is assigned to a telling name, and by every value in the local store and in
        the project's files of secrets. It ends with 1 if something is found, and shows no value. Passed over is a line with `pilotage: no secret`, and a value whose
        digest stands in `allow` of [tool.pilotage.secrets].
        """
        project = self.house.project()
        found: list[Finding] = []
        files = rows = 0
        with self.house.database() as database:
            keeper = Opened(project=project).keeper(database)
            files_here = FileStore(folder=project.folder / "secrets" / project.environment)
            known, allowed = [*keeper.values(), *files_here.values()], project.secrets.allow
            scanner = Scanner(known, allowed=allowed)
            for file in _files(paths or ([] if stored else [project.root])):
                files += 1
                with file.open(encoding="utf-8", errors="replace") as lines:
                    found += scanner.lines(str(file), lines)
            if stored:
                # whoever sends a record must not be able to say that it holds no secret
                scanner = Scanner(known, allowed=allowed, comments=False)
                rows = self._stored(database, Contents(project.contents_folder), scanner, found)
            keeper.scanned(len(found), files + rows)
        if not self.out.put({"files": files, "stored": rows, "findings": [_as_data(one) for one in found]}):
            for one in found:
                self.out.line(f"{one.place}:{one.line}: {one.rule} ({one.begins}, digest {one.digest})")
            were = "was" if files + rows == 1 else "were"
            self.out.say(f"{_searched(files, rows)} {were} searched, {counted(len(found), 'secret')} found.")
        return Exit.NOT_WELL if found else Exit.OK

    def _stored(self, database: Database, contents: Contents, scanner: Scanner, found: list[Finding]) -> int:
        count = 0
        with self.out.watching() as watched:
            for one in search(database, contents, scanner):
                count += one.places
                found += one.findings
                watched.show(f"{one.what}: {count:,} searched, {len(found):,} found")
        return count


def _searched(files: int, rows: int) -> str:
    stored = counted(rows, "stored row or content", "stored rows and contents") if rows else ""
    parts = [counted(files, "file") if files or not rows else "", stored]
    return " and ".join(filter(None, parts))


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
