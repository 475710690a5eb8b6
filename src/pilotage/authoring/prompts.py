"""Prompts: files of the release with a version, read by a grammar in which nothing can be computed.

    ---
    version: 3
    data: text, product
    ---
    Which team answers the ticket in {text}? Its product is {product}.

`{text}` names a field of the data and becomes its name, never its contents: those travel apart, as data.
"""

import re
from pathlib import Path
from typing import Final

from pilotage.authoring.asking import PromptText
from pilotage.authoring.codes import finding
from pilotage.authoring.findings import DefinitionError, Finding
from pilotage.authoring.limits import at_least_one
from pilotage.authoring.location import folder_here, here
from pilotage.authoring.settings import Artifact

MOST: Final = 20_000
"""Signs of data that a model is asked about at most, if a prompt does not say otherwise."""
_FRONT: Final = re.compile(r"\A---[ \t]*\n(.*?)\n---[ \t]*\n", re.DOTALL)
_FIELD: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_KNOWN: Final = frozenset({"version", "data"})
_REMEDY: Final = "Begin the file with lines of three hyphens around `version: 1`, and below them say what is asked."


class Prompt(Artifact[PromptText]):
    """What a model is told: a file of the release, with the version that this code was tried with.

    Its path is read from the folder of the module that declares it.
    """

    def __init__(self, file: str, /, *, version: int, at_most: int = MOST) -> None:
        at_least_one(f"Prompt {file}", "version", version)
        at_least_one(f"Prompt {file}", "at_most", at_most)
        super().__init__(file, load=self._read)
        self.line = here()
        self.folder = folder_here()
        self.version = version
        self.at_most = at_most
        """Signs of data that a model is asked about; a longer text goes to a person."""

    def wrong(self) -> tuple[Finding, ...]:
        """What is wrong with its file, beside the module."""
        try:
            self._read(self.folder / self.file)
        except DefinitionError as error:
            return error.findings
        return ()

    def _read(self, path: Path) -> PromptText:
        try:
            return read_prompt(path.read_text(encoding="utf-8"), wanted=self.version)
        except OSError:
            raise self._refused("there is no such file", f"Write it as {path}.") from None
        except UnicodeDecodeError:
            raise self._refused("it is not UTF-8", "Save it as UTF-8.") from None
        except ValueError as error:
            raise self._refused(*map(str, error.args)) from None

    def _refused(self, why: str, remedy: str = _REMEDY) -> DefinitionError:
        return DefinitionError(finding("PLT-175", place=f"Prompt {self.file}", line=self.line, why=why, remedy=remedy))

    def __repr__(self) -> str:
        return f"Prompt({self.file!r}, version={self.version})"


def read_prompt(text: str, *, wanted: int) -> PromptText:
    """What a prompt's file says, in the version that is wanted. Raises ValueError with why it is none, and what to do."""
    text = text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}").replace("\r\n", "\n")
    front = _FRONT.match(text)
    if front is None:
        raise ValueError("it does not begin with its version", _REMEDY)
    said = _said(front[1])
    version = said.get("version", "")
    if not version.isdecimal() or int(version) < 1:
        raise ValueError(f'its version is "{version}"', "Write a whole number, such as version: 1.")
    if int(version) != wanted:
        raise ValueError(
            f"it has the version {version}, and the code asks for {wanted}",
            "Try the code with the prompt as it is now, then write that version in the code.",
        )
    fields = tuple(name.strip() for name in said.get("data", "text").split(","))
    body = text[front.end() :].strip()
    if not body:
        raise ValueError("it asks nothing", "Say below the version what the model must do.")
    strangers = [name for name in dict.fromkeys(_FIELD.findall(body)) if name not in fields]
    if strangers:
        raise ValueError(
            f"{{{strangers[0]}}} is none of its data ({', '.join(fields)})",
            f"Add it to the line `data:`, or write it without braces. {_REMEDY}",
        )
    return PromptText(version=int(version), fields=fields, text=_FIELD.sub(r'"\1"', body))


def _said(lines: str) -> dict[str, str]:
    said: dict[str, str] = {}
    for line in filter(str.strip, lines.splitlines()):
        name, colon, value = line.partition(":")
        if not colon or name.strip() not in _KNOWN or name.strip() in said:
            raise ValueError(f'"{line.strip()}" says nothing that is known', "Write version: and data:, each once.")
        said[name.strip()] = value.strip()
    return said
