"""Requests of one's own instead of the made-up ones: CLINC150's file, or any CSV with a column of texts.

Part of what is labelled is learned from and the rest is run; the two have no text in common.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TypeGuard

from pilotage.examples.tickets.contracts import Team
from pilotage.examples.tickets.generator import SEED, generated
from pilotage.examples.tickets.intents import OUT_OF_SCOPE, TEAM_OF_INTENT
from pilotage.examples.tickets.material import Example, Material, Request
from pilotage.kernel.errors import PilotageError

LEARNED_SHARE = 0.2
NOT_STATED = "not stated"

_TEXT_COLUMNS = ("text", "message", "request", "query", "body", "utterance")
_LABEL_COLUMNS = ("team", "label", "intent", "category")
_TEAMS = {team.value: team for team in Team}
_NO_TEAM = frozenset({OUT_OF_SCOPE, "none"})


class DataNotUnderstood(PilotageError):
    """A file was given that the example cannot read requests from."""

    code = "TICKETS-001"


@dataclass(frozen=True, kw_only=True)
class _Row:
    text: str
    id: str = ""
    product: str = ""
    label: str = ""


def read(path: Path, *, teams: Mapping[str, Team] | None = None, seed: int = SEED) -> Material:
    """What to learn from and what to run, out of a file.

    `teams` says which team a label of the file means, where the file uses neither our teams' names nor CLINC150's
    intents. A file without labels that we know is run as it is: the router then learns from the made-up texts.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataNotUnderstood(
            f"{path} cannot be read: {error.strerror}.", "Give the path of a JSON or CSV file."
        ) from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataNotUnderstood(
            f"{path} is not UTF-8: byte {error.start} is no part of a letter.", "Save it as UTF-8 and try again."
        ) from error
    if text.lstrip().startswith("{"):
        return _clinc(path, text, seed)
    return _csv(path, text, TEAM_OF_INTENT | _TEAMS | dict(teams or {}), seed)


def read_teams(path: Path) -> dict[str, Team]:
    """Which team each label means: a JSON object with the labels of every team, {"cards": ["lost_card", ...], ...}."""
    remedy = f'Write {{"cards": ["label", ...], ...}} with these teams: {", ".join(_TEAMS)}.'
    try:
        content: object = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataNotUnderstood(f"{path} is no JSON file that can be read: {error}.", remedy) from error
    teams: dict[str, Team] = {}
    for team, labels in _object(content).items():
        if team not in _TEAMS or not _is_list(labels):
            raise DataNotUnderstood(f"{path}: {team!r} is no team, or what it has is no list.", remedy)
        teams |= dict.fromkeys(map(str, labels), _TEAMS[team])
    return teams


# -- CLINC150 ------------------------------------------------------------------


def _clinc(path: Path, text: str, seed: int) -> Material:
    try:
        content = _object(json.loads(text))
    except ValueError as error:
        raise DataNotUnderstood(f"{path} begins like JSON and is none: {error}.", "Get the file again.") from error
    if not {"train", "oos_train"} <= content.keys():
        raise DataNotUnderstood(
            f"{path} is JSON, but not in CLINC150's form; it has: {', '.join(sorted(content)[:5]) or 'no parts'}.",
            'Give a file with the parts "train", "val", "oos_train" and "oos_val", each [[text, intent], ...], or a CSV.',
        )
    parts = {name: list(_pairs(path, name, part)) for name, part in content.items()}
    inside = [row for name in ("train", "val", "test") for row in parts.get(name, [])]
    outside = [row for name in ("oos_val", "oos_test") for row in parts.get(name, [])]
    learned, run = _divide(inside, seed)
    return _material(
        f"{path.name}, customers' requests of CLINC150 (Larson et al. 2019)",
        [row for row in learned if row.label in TEAM_OF_INTENT] + parts["oos_train"],
        [*run, *outside],
        TEAM_OF_INTENT,
        seed,
    )


def _pairs(path: Path, name: str, part: object) -> Iterator[_Row]:
    for pair in part if _is_list(part) else [part]:
        if not (_is_list(pair) and len(pair) == 2 and all(isinstance(side, str) for side in pair)):
            raise DataNotUnderstood(
                f"{path}: in {name!r} stands {str(pair)[:60]!r}.", "Each entry is a pair of text and intent."
            )
        yield _Row(text=str(pair[0]), label=str(pair[1]))


# -- CSV -----------------------------------------------------------------------


def _csv(path: Path, text: str, teams: Mapping[str, Team], seed: int) -> Material:
    header = text.partition("\n")[0]
    delimiter = max(",;\t", key=header.count)
    table = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restval="", strict=True)
    columns = {name.strip().lower(): name for name in table.fieldnames or ()}
    text_column = next((columns[name] for name in _TEXT_COLUMNS if name in columns), None)
    if text_column is None:
        raise DataNotUnderstood(
            f"{path} has no column of texts; its first line is {header.strip()[:80]!r}.",
            f"Give a CSV whose first line names one of {', '.join(_TEXT_COLUMNS)}, or CLINC150's JSON file.",
        )
    label_column = next((columns[name] for name in _LABEL_COLUMNS if name in columns), "")
    rows = [
        _Row(
            text=line[text_column],
            id=line.get(columns.get("id", ""), ""),
            product=line.get(columns.get("product", ""), ""),
            label=line.get(label_column, "").strip(),
        )
        for line in _lines(path, table)
    ]
    known = [row for row in rows if row.text.strip() and (row.label in teams or row.label in _NO_TEAM)]
    learned, _ = _divide(known, seed)
    if len({teams.get(row.label) for row in learned}) >= 2:
        chosen = set(map(id, learned))
        run = [row for row in rows if id(row) not in chosen]
        return _material(f"{path.name}, {len(known):,} of {len(rows):,} requests labelled", learned, run, teams, seed)
    made_up = generated(requests=0)
    return Material(
        source=f"{path.name}, without labels that we know; the router learns from {made_up.source}",
        examples=made_up.examples,
        requests=_requests(rows),
        truth={},
    )


def _lines(path: Path, table: "csv.DictReader[str]") -> Iterator[dict[str, str]]:
    good = table.line_num
    try:
        for line in table:
            yield line
            good = table.line_num
    except csv.Error as error:
        raise DataNotUnderstood(f"{path}, after line {good}: {error}.", "Look for an open quote there.") from error


# -- both ----------------------------------------------------------------------


def _divide(rows: Sequence[_Row], seed: int) -> tuple[list[_Row], list[_Row]]:
    """The same share of every label to learn from, and the rest."""
    by_label: dict[str, list[_Row]] = {}
    for row in rows:
        by_label.setdefault(row.label, []).append(row)
    learned: list[_Row] = []
    run: list[_Row] = []
    for label, of_label in sorted(by_label.items()):
        Random(f"{seed} {label}").shuffle(of_label)
        cut = round(len(of_label) * LEARNED_SHARE)
        learned += of_label[:cut]
        run += of_label[cut:]
    return learned, run


def _material(
    source: str, learned: Sequence[_Row], run: Sequence[_Row], teams: Mapping[str, Team], seed: int
) -> Material:
    run = list(run)
    Random(f"{seed} order").shuffle(run)
    requests = _requests(run)
    to_run = {_plain(row.text) for row in run}
    return Material(
        source=source,
        examples=[
            Example(text=row.text, team=teams.get(row.label)) for row in learned if _plain(row.text) not in to_run
        ],
        requests=requests,
        truth={
            request.id: teams.get(row.label)
            for request, row in zip(requests, run, strict=True)
            if row.label and request.id
        },
    )


def _requests(rows: Sequence[_Row]) -> list[Request]:
    return [
        Request(id=row.id or f"R{number:06d}", product=row.product or NOT_STATED, text=row.text)
        for number, row in enumerate(rows, start=1)
    ]


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _object(content: object) -> dict[str, object]:
    return {str(name): part for name, part in content.items()} if _is_dict(content) else {}


def _is_dict(content: object) -> TypeGuard[dict[object, object]]:
    return isinstance(content, dict)


def _is_list(content: object) -> TypeGuard[list[object]]:
    return isinstance(content, list)
