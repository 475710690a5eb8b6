"""A process of its own in which the code of one release, or of the working directory, is loaded.

    python -P -m pilotage.releases.child

It reads requests and writes answers, a line of JSON each: the first request says what to load, every other one is a value
that a person gave, which the release's own code reads. What the loaded code prints goes to stderr.
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, cast

from pydantic import ValidationError

from pilotage.authoring.automation import Automation
from pilotage.authoring.plan import Node, Plan
from pilotage.kernel.errors import PilotageError
from pilotage.kernel.foreign import RAISED
from pilotage.releases.digest import read_manifest
from pilotage.releases.loading import (
    automations_named,
    distributions,
    is_installed,
    load,
    look_first_in,
    modules,
    of_the_project,
    working_folders,
)
from pilotage.releases.outline import outline_of

Request = Mapping[str, object]


def main() -> None:
    """Load what the first line says, and answer until nobody asks any more."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    requests = iter(sys.stdin)
    first = next(requests, None)
    if first is None:
        return
    automations, answer = _guarded(json.loads(first))
    _write(answers, answer)
    for line in requests:
        _write(answers, _read_value(automations, json.loads(line)))


def _write(answers: IO[str], answer: Request) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


def _guarded(request: Request) -> tuple[dict[str, Automation], Request]:
    try:
        return _loaded(request)
    except PilotageError as error:
        return {}, {"error": {"what": error.what, "remedy": error.remedy, "code": error.code}}
    except BaseException as error:  # noqa: BLE001 - the border to the author's code, which may even exit
        said = f"{type(error).__name__}: {error}"
        return {}, {
            "error": {
                "what": said,
                "remedy": "",
                "code": "",
                "line": _line_of(error, Path(str(request.get("folder", request["root"])))),
            }
        }


def _loaded(request: Request) -> tuple[dict[str, Automation], Request]:
    root = Path(str(request["root"]))
    platforms = {module.name for module in modules()}
    if request["do"] in {"survey", "work"}:
        return _working(root, cast("list[str]", request["automations"]))
    folder = Path(str(request["folder"]))
    manifest = read_manifest(str(request["manifest"]).encode())
    loaded = load(str(request["release"]), folder, manifest, working_directory=root)
    automations = {automation.name: automation for automation in loaded.automations}
    brought = [module for module in modules() if module.name not in platforms and not _is_in(module.paths, folder)]
    return automations, {
        "outlines": {name: outline_of(automation) for name, automation in automations.items()},
        "installed": distributions(module.name for module in brought),
        "strangers": sorted(
            {module.name.partition(".")[0] for module in brought if not is_installed(module)} - {"pilotage"}
        ),
    }


def _working(root: Path, references: list[str]) -> tuple[dict[str, Automation], Request]:
    sys.dont_write_bytecode = True
    look_first_in(working_folders(root))
    automations = {automation.name: automation for automation in automations_named(references, root / "pyproject.toml")}
    return automations, {
        "outlines": {name: outline_of(automation) for name, automation in automations.items()},
        "modules": [[one.name, one.file, list(one.folders)] for one in of_the_project(root)],
        "artifacts": [[each.file, str(each.folder)] for one in automations.values() for each in one.artifacts],
    }


def _is_in(paths: list[Path], folder: Path) -> bool:
    return any(path.is_relative_to(folder) for path in paths)


def _line_of(error: BaseException, folder: Path) -> str:
    """The innermost line of the author's code that an error came through."""
    if isinstance(error, SyntaxError) and error.filename is not None:
        return f"{error.filename}:{error.lineno}"
    found, trace = "", error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if Path(file).is_relative_to(folder):
            found = f"{file}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found


def _read_value(automations: Mapping[str, Automation], request: Request) -> Request:
    """A person's value in the form of a node's contract, or what is wrong with it."""
    try:
        node = _node(automations[str(request["automation"])].plan, str(request["node"]))
        if node is None or node.codec is None:
            return {"value": None}
        return {"value": node.codec.encode(node.codec.decode(request["value"]))}
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]
        return {"wrong": {"loc": [str(part) for part in wrong["loc"]], "msg": wrong["msg"]}}
    except RAISED as error:  # the border to the author's validators
        return {"wrong": {"loc": [], "msg": f"{type(error).__name__}: {error}"}}


def _node(plan: Plan, name: str) -> Node | None:
    if name in plan.nodes:
        return plan.nodes[name]
    bodies = (node.body for node in plan.nodes.values() if node.body is not None)
    return next((found for body in bodies if (found := _node(body, name)) is not None), None)


if __name__ == "__main__":
    main()
