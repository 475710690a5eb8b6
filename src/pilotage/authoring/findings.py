"""What is wrong with a program, said in three parts: what, where, what to do."""

from dataclasses import asdict, dataclass
from typing import ClassVar

from pilotage.kernel.errors import PilotageError

_INDENT = " " * 9


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that is wrong in what an author wrote."""

    code: str
    place: str
    """Where, in the author's words: the automation, the path, the step and its parameter."""
    message: str
    remedy: str
    line: str = ""
    """file:line of the declaration."""
    warning: bool = False
    """A warning does not stop `pilotage check`; a release refuses it."""

    def as_json(self) -> dict[str, object]:
        """The finding as plain data, for `--json`."""
        return asdict(self)

    def __str__(self) -> str:
        first, *rest = f"{self.place}: {self.message}".splitlines()
        lines = [f"{self.code}  {first}", *(_INDENT + line for line in (*rest, *self.remedy.splitlines()))]
        if self.line:
            lines.append(_INDENT + self.line)
        return "\n".join(lines)


class DefinitionError(PilotageError):
    """The program is wrong as it is written; `findings` has everything that was found, not the first alone."""

    code: ClassVar[str] = "PLT-100"

    def __init__(self, *findings: Finding) -> None:
        first = findings[0]
        super().__init__(f"{first.place}: {first.message}", first.remedy)
        self.findings: tuple[Finding, ...] = findings

    def __str__(self) -> str:
        return "\n".join(str(finding) for finding in self.findings)


def refuse(findings: list[Finding]) -> None:
    """Raise everything that was found, if anything was."""
    if findings:
        raise DefinitionError(*findings)
