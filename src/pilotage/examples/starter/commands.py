"""`pilotage new`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from pilotage.examples.starter.writing import Written, write_project
from pilotage.kernel.clock import SystemClock
from pilotage.machinery.cli.output import Output


@dataclass(frozen=True)
class NewCommand:
    """Makes a project."""

    house: object
    out: Output

    def new(
        self,
        name: Annotated[str, Parameter(help="lower-case letters, digits and hyphens")],
        *,
        folder: Annotated[Path | None, Parameter(help="where; else a folder of that name, here")] = None,
    ) -> None:
        """Make a project of one's own, that runs and whose tests pass.

        It has an automation for expense claims, its tests, a payment service to run against, and a few records. Nothing
        that is there is written over.
        """
        written = write_project(name, folder or Path(name), today=SystemClock().now().date())
        steps = _next(written)
        data = {
            "project": str(written.folder),
            "name": written.name,
            "package": written.package,
            "files": list(written.files),
            "next": [command for command, _ in steps],
        }
        if self.out.put(data):
            return
        self.out.line(f"Made {written.folder}:", style="bold")
        for file in written.files:
            self.out.line(f"  {file}")
        self.out.heading("What to try next")
        width = max(len(command) for command, _ in steps) + 2
        for command, what in steps:
            self.out.line(f"  {command:<{width}} {what}")


def _next(written: Written) -> list[tuple[str, str]]:
    try:
        place = written.folder.relative_to(Path.cwd())
    except ValueError:
        place = written.folder
    return [
        (f"cd {place}", ""),
        ("python -m pytest", "its tests; pilotage[testing] brings pytest"),
        ("python fake_payments.py &", "the payment service, on this machine alone"),
        (f"pilotage submit {written.name} records.csv", "seven claims; one is broken"),
        ("pilotage run", "work until nothing moves by itself"),
        ("pilotage inbox", "what people must decide"),
    ]
