"""Train the router: `python -m pilotage.examples.tickets.train [--data PATH] [--out FILE]`."""

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from pilotage.examples.tickets.data import read, read_teams
from pilotage.examples.tickets.generator import SEED, generated
from pilotage.examples.tickets.material import Material
from pilotage.examples.tickets.measuring import Measured, measure
from pilotage.examples.tickets.router import OUTSIDE, Router
from pilotage.kernel.errors import PilotageError

_RECIPE = 1  # raised when the same examples give another router


def train(material: Material, file: Path) -> bool:
    """Learn from the material's examples and write the router; False if the file holds just that already."""
    texts = [example.text for example in material.examples]
    labels = [example.team.value if example.team else OUTSIDE for example in material.examples]
    digest = _digest(texts, labels)
    if trained_on(file) == digest:
        return False
    from pilotage.examples.tickets import training  # noqa: PLC0415 - scikit-learn takes seconds to load: only if needed

    learned = training.learn(texts, labels, trained_on=digest)
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f"{file.name}.unfinished")
    unfinished.write_text(training.to_json(learned), encoding="utf-8")
    unfinished.replace(file)
    return True


def trained_on(file: Path) -> str | None:
    """The digest of the examples that a router was trained on; None where no usable router stands."""
    try:
        return Router.load(file).trained_on
    except (OSError, ValueError, KeyError):
        return None


def _digest(texts: Sequence[str], labels: Sequence[str]) -> str:
    lines = [f"recipe {_RECIPE}", *(json.dumps(pair) for pair in zip(texts, labels, strict=True))]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m pilotage.examples.tickets.train", description=__doc__)
    parser.add_argument("--data", type=Path, help="CLINC150's JSON file or a CSV; without it, made-up requests")
    parser.add_argument("--teams", type=Path, help='which labels of the CSV mean which team: {"cards": ["label", ...]}')
    parser.add_argument("--out", type=Path, default=Path("router.json"), help="where to write it (router.json)")
    parser.add_argument("--seed", type=int, default=SEED, help="divides the data, or makes the requests up")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of sentences")
    chosen = parser.parse_args(arguments)
    try:
        teams = read_teams(chosen.teams) if chosen.teams else None
        material = read(chosen.data, teams=teams, seed=chosen.seed) if chosen.data else generated(seed=chosen.seed)
        new = train(material, chosen.out)
    except PilotageError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    measured = measure(Router.load(chosen.out), material.requests, material.truth)
    said = json.dumps(_report(material, measured, chosen.out)) if chosen.json else _words(material, measured, new)
    sys.stdout.write(f"{said}\n")
    return 0


def _report(material: Material, measured: Measured, file: Path) -> dict[str, object]:
    return {
        "source": material.source,
        "learned_from": len(material.examples),
        "file": str(file),
        "unseen": measured.as_json(),
    }


def _words(material: Material, measured: Measured, new: bool) -> str:  # noqa: FBT001 - private, and reads well
    learned = "Learned from" if new else "The router at hand was learned from"
    return "\n".join(
        [f"Data: {material.source}.", f"{learned} {len(material.examples):,} labelled texts.", *measured.sentences()]
    )


if __name__ == "__main__":
    sys.exit(main())
