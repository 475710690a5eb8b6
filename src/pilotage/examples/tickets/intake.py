"""The mailbox as a CSV file, with the rows in it that no mailbox is without: broken, doubled and contradicting ones."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import Enum
from pathlib import Path
from random import Random

from pilotage.examples.tickets.material import Request

HEADER = ("id", "product", "text")


class Broken(Enum):
    """One way in which a row breaks the contract of a ticket, or the form of a CSV file."""

    NO_TEXT = "no text"
    NO_ID = "no id"
    TEXT_TOO_LONG = "text too long"
    COLUMN_MISSING = "column missing"
    COLUMN_TOO_MANY = "column too many"
    NOT_UTF8 = "not UTF-8"
    OPEN_QUOTE = "open quote"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How many rows of each kind to put among the requests. An open quote swallows what follows: none unless asked."""

    broken: Mapping[Broken, int] = field(
        default_factory=lambda: {
            Broken.NO_TEXT: 12,
            Broken.NO_ID: 5,
            Broken.TEXT_TOO_LONG: 4,
            Broken.COLUMN_MISSING: 9,
            Broken.COLUMN_TOO_MANY: 7,
            Broken.NOT_UTF8: 3,
        }
    )
    duplicates: int = 25
    conflicts: int = 6


@dataclass(frozen=True, kw_only=True)
class Planted:
    """What stands in the file, exactly: every row below the header is counted once."""

    rows: int
    requests: int
    broken: Mapping[str, int]
    duplicates: int
    conflicts: int

    @property
    def to_quarantine(self) -> int:
        """Rows that must not become cases: broken ones, and those that contradict an earlier row of the same id."""
        return sum(self.broken.values()) + self.conflicts

    def as_json(self) -> dict[str, object]:
        """The counts, for a report."""
        return {**asdict(self), "to_quarantine": self.to_quarantine}


def write_intake(requests: Sequence[Request], file: Path, *, plan: Plan | None = None, seed: int = 7) -> Planted:
    """Write the requests as CSV, with the planned rows strewn among them, and say what was planted.

    A duplicate is the very row again, a conflict the same id with another text; both come after the first. Labels are
    not written: what runs may not see them.
    """
    plan = plan or Plan()
    chance = Random(f"intake {seed}")
    again = chance.sample(range(len(requests)), min(plan.duplicates + plan.conflicts, len(requests)))
    doubled, contradicted = again[: plan.duplicates], again[plan.duplicates :]
    lines = [(float(place), _line(request)) for place, request in enumerate(requests)]
    lines += [(_later(place, requests, chance), _line(requests[place])) for place in doubled]
    lines += [(_later(place, requests, chance), _line(_contradicted(requests[place]))) for place in contradicted]
    kinds = [kind for kind, times in plan.broken.items() for _ in range(times)]
    for number, kind in enumerate(kinds, start=1):
        sample = chance.choice(requests).text if requests else "please call me"
        lines.append((chance.uniform(0, len(requests)), _BREAK[kind](f"B{number:04d}", sample)))
    with file.open("wb") as written:
        written.write(_csv(HEADER))
        written.writelines(line for _, line in sorted(lines, key=lambda placed: placed[0]))
    return Planted(
        rows=len(lines),
        requests=len(requests),
        broken={kind.value: times for kind, times in plan.broken.items() if times},
        duplicates=len(doubled),
        conflicts=len(contradicted),
    )


def _later(place: int, requests: Sequence[Request], chance: Random) -> float:
    return chance.uniform(place + 0.5, len(requests))


def _contradicted(request: Request) -> Request:
    return Request(id=request.id, product=request.product, text=f"{request.text} Forget it, it has settled itself.")


def _line(request: Request) -> bytes:
    return _csv((request.id, request.product, request.text))


def _csv(cells: Sequence[str]) -> bytes:
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue().encode()


def _too_long(text: str) -> str:
    return (text + "\n> ") * (10_000 // len(text + "\n> ") + 1)


def _one_line(text: str) -> str:
    return " ".join(text.replace('"', "").split())


_BREAK: Mapping[Broken, Callable[[str, str], bytes]] = {
    Broken.NO_TEXT: lambda id_, _: _csv((id_, "current account", "")),
    Broken.NO_ID: lambda _, text: _csv(("", "credit card", text)),
    Broken.TEXT_TOO_LONG: lambda id_, text: _csv((id_, "household assistant", _too_long(text))),
    Broken.COLUMN_MISSING: lambda id_, _: _csv((id_, "payroll")),
    Broken.COLUMN_TOO_MANY: lambda id_, text: f"{id_},loan,{_one_line(text)}, please, and soon\n".encode(),
    Broken.NOT_UTF8: lambda id_, text: f'{id_},savings account,"Grüße! {_one_line(text)}"\n'.encode(
        "latin-1", "replace"
    ),
    Broken.OPEN_QUOTE: lambda id_, text: f'{id_},debit card,"{_one_line(text)}\n'.encode(),
}
