"""What a command prints: data on stdout, words on stderr, one JSON object with --json, progress while a person watches.

No meaning is carried by colour alone. What comes out of records is shown as it is: control signs are written out, so that
a customer's text can move no cursor, and nothing in it is taken for markup.
"""

import json
import os
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Protocol

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TaskProgressColumn, TextColumn
from rich.table import Table
from rich.text import Text

from pilotage.machinery.net.masking import hide

_WIDE = 240
"""The width of a table that goes into a file or a pipe: nobody's window."""
_PAGE = 110
_HIDDEN = {0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)}
"""Signs that turn the direction of text."""
_ESCAPED = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if code not in {9, 10}} | {
    code: f"\\u{code:04x}" for code in _HIDDEN
}


def plain(text: str) -> str:
    """The text with control signs written out, and without the credentials that this process holds."""
    return hide(text).translate(_ESCAPED)


class Watched(Protocol):
    """Shows how far something has come."""

    def show(self, words: str, done: int | None = None, total: int | None = None) -> None:
        """Say where it is; with `total` as a bar."""
        ...


class _Unwatched:
    def show(self, words: str, done: int | None = None, total: int | None = None) -> None:
        """Nobody watches."""


class _Screen(Console):
    """A console whose reader may go away: the border of commands says what that means, not rich."""

    def on_broken_pipe(self) -> None:
        """Called where the error is at hand."""
        raise  # noqa: PLE0704 - rich calls it while it handles the error


def _console(file: IO[str]) -> Console:
    return _Screen(
        file=file,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=False,
        width=None if file.isatty() else _WIDE,
    )


@dataclass(kw_only=True)
class Output:
    """Where a command's data and words go."""

    as_json: bool = False
    data: Console = field(default_factory=lambda: _console(sys.stdout))
    words: Console = field(default_factory=lambda: _console(sys.stderr))
    has_put: bool = False
    """Whether the one object of --json is out."""

    @property
    def page(self) -> Console:
        """Where help is printed: data, in lines that can be read."""
        return self.data if self.data.is_terminal else Console(file=self.data.file, highlight=False, width=_PAGE)

    @property
    def watched(self) -> bool:
        """Whether a person watches while it works."""
        return self.words.is_terminal and not self.as_json and os.environ.get("TERM") != "dumb"

    def put(self, data: Mapping[str, object]) -> bool:
        """With --json, print this one object and say True; otherwise the caller prints it for people."""
        if self.as_json:
            self.data.file.write(hide(json.dumps(data, ensure_ascii=False, default=str)) + "\n")
            self.data.file.flush()
            self.has_put = True
        return self.as_json

    def line(self, text: str = "", *, style: str = "") -> None:
        """A line of data for people."""
        self.data.print(Text(plain(text), style=style), soft_wrap=not self.data.is_terminal)
        self.data.file.flush()

    def heading(self, text: str) -> None:
        """A line above a part, with a blank line before it."""
        self.line()
        self.line(text, style="bold")

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[object]], *, title: str = "") -> None:
        """A table; whole numbers stand to the right, with their thousands apart."""
        if title:
            self.heading(title)
        shown = Table(
            box=box.SIMPLE_HEAD if any(columns) else None, pad_edge=False, show_header=any(columns), show_edge=False
        )
        for number, name in enumerate(columns):
            numbers = bool(rows) and all(isinstance(row[number], int | None) for row in rows)
            shown.add_column(Text(name), justify="right" if numbers else "left", overflow="fold", header_style="bold")
        for row in rows:
            shown.add_row(*(Text(_cell(value)) for value in row))
        if self.data.is_terminal:
            self.data.print(shown)
            return
        with self.data.capture() as captured:
            self.data.print(shown)
        self.data.file.writelines(f"{line.rstrip()}\n" for line in captured.get().splitlines())

    def say(self, text: str, *, style: str = "") -> None:
        """Words beside the data: what happened, what to do next."""
        self.words.print(Text(plain(text), style=style), soft_wrap=True)

    @contextmanager
    def watching(self) -> Generator[Watched]:
        """Show progress for as long as the block lasts, if a person watches."""
        if not self.watched:
            yield _Unwatched()
            return
        shown = Progress(
            SpinnerColumn(),
            BarColumn(bar_width=24),
            TaskProgressColumn(),
            TextColumn("{task.description}"),
            console=self.words,
            transient=True,
        )
        task = shown.add_task("", total=None)
        with shown:
            yield _OnScreen(shown=shown, task=task)


@dataclass(kw_only=True)
class _OnScreen:
    shown: Progress
    task: TaskID

    def show(self, words: str, done: int | None = None, total: int | None = None) -> None:
        """Draw it."""
        self.shown.update(self.task, description=plain(words).replace("[", "\\["), completed=done or 0, total=total)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else plain(str(value))
