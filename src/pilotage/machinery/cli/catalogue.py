"""The list of commands, and the first page of help, which is printed without loading any of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

EVERYWHERE: Final = """\
Everywhere:
  --project PATH   the project's folder; else PILOTAGE_PROJECT, else this folder or the nearest above it
  --json           one JSON object on stdout instead of words and tables
  --help           what a command does and takes

PILOTAGE_ENVIRONMENT (dev) says which environment is meant, PILOTAGE_DATABASE_URL which database.
Exit codes: 0 well, 1 not well, 2 refused, 70 a fault of the program, 130 interrupted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One command: how it is called, what it does in a sentence, and where it is found."""

    name: str
    """One word, or two: "quarantine release"."""
    does: str
    """The first sentence of its docstring."""
    group: str
    where: str
    """module:Class.method; the class takes the house and the output."""


def first_page(entries: Sequence[Entry], version: str) -> str:
    """The help of `pilotage` itself."""
    width = max(len(entry.name) for entry in entries) + 2
    lines = [
        f"pilotage {version}: automations that are typed, released and trusted.",
        "",
        "Usage: pilotage COMMAND ...",
        "",
    ]
    for group in dict.fromkeys(entry.group for entry in entries):
        lines.append(f"{group}:")
        lines += [f"  {entry.name:<{width}}{entry.does}" for entry in entries if entry.group == group]
        lines.append("")
    return "\n".join([*lines, EVERYWHERE])


def page_of(entries: Sequence[Entry], name: str) -> str:
    """The commands that begin with one word, where that word alone is none."""
    width = max(len(entry.name) for entry in entries) + 2
    lines = [f"  {entry.name:<{width}}{entry.does}" for entry in entries]
    return "\n".join([f"Usage: pilotage {name} COMMAND ...", "", *lines])


def find(entries: Sequence[Entry], words: Sequence[str]) -> tuple[Entry | None, list[str]]:
    """The command that the words call, the longest name first, and the words behind its name."""
    for length in (2, 1):
        called = " ".join(words[:length])
        for entry in entries:
            if len(words) >= length and entry.name == called:
                return entry, list(words[length:])
    return None, list(words)
