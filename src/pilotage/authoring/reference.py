"""Writes the reference page of the definition errors from their words: `python -m pilotage.authoring.reference > PAGE`."""

import re
import sys
from typing import Final

from pilotage.authoring.codes import SECTIONS, Words

_HEAD: Final = """\
# Definition errors

Written from the code by `python -m pilotage.authoring.reference`; edit the words in `pilotage/authoring/codes.py`.

Everything that is wrong with an automation is found when it is defined, and raised at once as one `DefinitionError`. What is
wrong with a step by itself is raised at its decorator. `pilotage check` prints all findings with file and line; with `--json`
each has `code`, `place`, `message`, `remedy`, `line` and `warning`. A finding has three parts: where and what, what to do, and
the line:

```text
PLT-122  tickets › path › assign(team): nothing before this step gives a Team.
         A step that gives it stands later: team (step 2).
         Move team before assign, or give the case a Team in Ticket's place.
         tickets/automation.py:86
```

Words in *italics* are filled in with what was found. Most codes are found when the program is defined; those marked
**check** are found by `pilotage check` and when a worker starts, those marked **run** while a case runs. Where **types** stands,
type checkers refuse the program as well, before anything is imported.

## How a type checker says it

A missing input (PLT-121) reads in pyright: `"Path[Ticket | Team, Assigned]" is not assignable to
"Path[Ticket | Assigned | Case | Effect | None, Assigned]"`. The types on the left of the comma are what the path needs, those
on the right side what it has; the one that stands in the first and not in the second, here `Team`, is missing. mypy names the
step itself: `Argument 1 to "Path" has incompatible type "Act[[Ticket, Team], ...]"`.
"""


def errors_page() -> str:
    """The whole page."""
    parts = [_HEAD]
    for title, section in SECTIONS.items():
        parts.append(f"## {title}\n")
        parts += [_entry(code, words) for code, words in section.items()]
    return "\n".join(parts)


def _entry(code: str, words: Words) -> str:
    marks = [f"**{words.found}**"] if words.found != "definition" else []
    marks += ["**types**"] if words.typed else []
    mark = f" ({', '.join(marks)})" if marks else ""
    return f"**{code}**{mark}: {_filled(words.message)}\n:   {_filled(words.remedy)}\n"


def _filled(text: str) -> str:
    """The facts in italics, on one line; what a page would read as mark-up stands as it is."""
    plain = " ".join(text.split()).replace("|", r"\|").replace("<", r"\<")
    return re.sub(r"\{(\w+)\}", lambda found: f"*{found[1].replace('_', ' ')}*", plain)


if __name__ == "__main__":
    sys.stdout.write(errors_page())
