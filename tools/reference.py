"""Writes the reference pages that the program itself can tell: commands, exit codes, errors, public names.

`python tools/reference.py` writes them into docs/reference; the page of the definition errors is written beside it by
`python -m pilotage.authoring.reference`. A test asks that every page is what this file would write.
"""

import enum
import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from cyclopts import App, Argument, Parameter

import pilotage as pl
from pilotage import testing
from pilotage.__main__ import ENTRIES
from pilotage.cases.api.looking import Looks as CaseLooks
from pilotage.cases.api.receiving import records, webhooks
from pilotage.kernel.errors import PilotageError
from pilotage.machinery.api.app import api_app
from pilotage.machinery.cli import calling
from pilotage.machinery.cli.catalogue import EVERYWHERE, Entry
from pilotage.machinery.cli.exits import Exit
from pilotage.machinery.cli.output import Output
from pilotage.operations.api import Looks as OperationsLooks

FOLDER: Final = Path(__file__).resolve().parents[1] / "docs" / "reference"
_WRITTEN: Final = "Written from the program by `python tools/reference.py`.\n"


# -- commands --------------------------------------------------------------------


def commands_page() -> str:
    """Every command with what it takes."""
    parts = [f"# Commands\n\n{_WRITTEN}", "```text", EVERYWHERE, "```\n"]
    parts.append("Data goes to stdout, words to stderr. What the codes mean in full: [exit codes](exit-codes.md).\n")
    for group in dict.fromkeys(entry.group for entry in ENTRIES):
        parts.append(f"## {group}\n")
        parts += [_command(entry) for entry in ENTRIES if entry.group == group]
    return "\n".join(parts)


def _command(entry: Entry) -> str:
    command = calling.load(entry, None, Output())
    arguments = [_Told.of(one) for one in _taken_by(command)]
    usage = " ".join(["pilotage", entry.name, *(one.usage for one in arguments if one.usage)])
    options = " [OPTIONS]" if any(not one.usage for one in arguments) else ""
    said = "\n\n".join(" ".join(part.split()) for part in (inspect.getdoc(command) or "").split("\n\n"))
    lines = [f"### pilotage {entry.name}\n", f"```text\n{usage}{options}\n```\n", f"{said}\n"]
    if arguments:
        lines += ["| | |", "|---|---|", *(f"| {one.names} | {one.does} |" for one in arguments), ""]
    return "\n".join(lines)


def _taken_by(command: Callable[..., object]) -> list[Argument]:
    app = App(version_flags=[], help_flags=[], default_parameter=Parameter(negative=()))
    app.default(command)
    return [one for one in app.assemble_argument_collection() if one.parameter.show is not False]


@dataclass(frozen=True, kw_only=True)
class _Told:
    """One argument, in the words of the page."""

    names: str
    does: str
    usage: str
    """How it stands in the line of usage; "" for an option that may be left out."""

    @classmethod
    def of(cls, argument: Argument) -> "_Told":
        name = argument.names[0].removeprefix("--").upper()
        several = argument.field_info.kind is inspect.Parameter.VAR_POSITIONAL
        default = argument.field_info.default
        choices = argument.get_choices(force=True)
        notes = [f"one of: {', '.join(choices)}"] if choices else []
        if argument.index is None and argument.required:
            notes.append("needed")
        elif default not in {None, False, inspect.Parameter.empty} and not isinstance(default, bool):
            notes.append(f"else {default:g}" if isinstance(default, float) else f"else {default}")
        does = f"{argument.parameter.help or ''}{f' ({chr(59).join(notes)})' if notes else ''}".replace(";", "; ")
        if argument.index is not None:
            shown = f"{name} ..." if several else name
            return cls(names=f"`{shown}`", does=_cell(does), usage=shown)
        value = "" if argument.hint is bool else f" {name.rpartition('-')[2]}"
        names = ", ".join(f"`{one}{value}`" for one in argument.names)
        usage = f"{argument.names[0]}{value}" if argument.required else ""
        return cls(names=names, does=_cell(does), usage=usage)


# -- exit codes ------------------------------------------------------------------


def exit_codes_page() -> str:
    """What a script can learn from how a command ended."""
    source = inspect.getsource(Exit)
    told = {name: _cell(said) for name, said in re.findall(r'(?m)^    (\w+) = \d+\n    """(.+?)"""', source)}
    rows = [f"| {one.value} | {told[one.name]} |" for one in Exit]
    return "\n".join(
        [
            f"# Exit codes\n\n{_WRITTEN}",
            "| code | what it says |",
            "|---:|---|",
            *rows,
            "",
            "With `--json` an error is one object on stdout as well: `error` with `code`, `what`, `remedy`, `retryable`, and",
            "`findings` where there are several.",
            "",
        ]
    )


# -- errors ----------------------------------------------------------------------

_RANGES: Final = (
    (0, "Names and projects"),
    (100, "What an author wrote"),
    (200, "Cases"),
    (221, "Connections"),
    (231, "Secrets"),
    (241, "The network"),
    (280, "Models"),
    (290, "The audit trail"),
    (300, "Files that are read"),
    (340, "Mail, documents and large contents"),
    (390, "Requests of programs"),
    (400, "Decisions"),
    (500, "Exports, backups, archives"),
    (540, "Traces and metrics"),
    (550, "Calls that would give something away"),
    (560, "The API"),
    (600, "Releases"),
    (900, "The page"),
    (910, "The engine"),
    (920, "The command line"),
    (930, "The database"),
    (940, "A new project"),
)


def errors_page() -> str:
    """Every error that is raised on purpose."""
    parts = [
        f"# Errors\n\n{_WRITTEN}",
        "An error says what happened and what to do next, and has a code that stays. `pilotage` ends with 2 on each of them.",
        "What can be wrong with an automation as it is written has [a page of its own](errors-definition.md).",
        "**Retryable**: the same thing may succeed when it is tried again.\n",
    ]
    found = sorted(
        (error for error in errors() if ".examples.tickets" not in error.__module__), key=lambda error: error.code
    )
    for number, (first, title) in enumerate(_RANGES):
        last = _RANGES[number + 1][0] if number + 1 < len(_RANGES) else 1000
        members = [error for error in found if first <= int(error.code[-3:]) < last]
        if members:
            parts.append(f"## {title}\n")
            parts += [_error(error) for error in members]
    return "\n".join(parts)


_RUN_BY_ALEMBIC: Final = ("pilotage.migrations.env", "pilotage.migrations.versions")


def errors() -> list[type[PilotageError]]:
    """Every class of error of the package, those of the examples among them."""
    for module in pkgutil.walk_packages(pl.__path__, "pilotage."):
        if not module.name.endswith("__main__") and not module.name.startswith(_RUN_BY_ALEMBIC):
            importlib.import_module(module.name)
    return [error for error in _below(PilotageError) if error.__module__.startswith("pilotage.")]


def _below(error: type[PilotageError]) -> Iterator[type[PilotageError]]:
    for one in error.__subclasses__():
        yield one
        yield from _below(one)


def _error(error: type[PilotageError]) -> str:
    mark = " (**retryable**)" if error.retryable else ""
    said = " ".join((inspect.getdoc(error) or "").split())
    return f"**{error.code}** `{error.__name__}`{mark}\n:   {said}\n"


# -- public names ----------------------------------------------------------------

_MADE_BY_PILOTAGE: Final = {
    "Act",
    "Compute",
    "Judge",
    "Judged",
    "Rule",
    "Scope",
    "Season",
    "Step",
    "Collected",
    "HandedOver",
}
"""Classes that nobody calls: decorators, methods or the running platform make them."""
_SAID_HERE: Final = {
    "Given": "`Case | Effect | None`: what every path has, for those who write the type of a `Path` by hand.",
    "Open": "`Open[Billing]` is `Billing | Unknown`: lets in a label that nobody documented, so that it goes to a person.",
}


def names_page() -> str:
    """Everything that is public, with what it takes."""
    parts = [
        f"# Public names\n\n{_WRITTEN}",
        "Everything else may change without notice. `import pilotage as pl` costs pydantic and the standard library. Type",
        "checkers read exact types from the stub that comes with the package; here are their run-time forms.\n",
        "## pilotage\n",
        *(_name(name, getattr(pl, name)) for name in pl.__all__),
        "## pilotage.testing\n",
        "The doubles for tests; `pip install pilotage[testing]` brings pytest.\n",
        *(_name(name, getattr(testing, name)) for name in testing.__all__),
    ]
    return "\n".join(parts)


def _name(name: str, value: object) -> str:
    if name in _SAID_HERE:
        return f"### {name}\n\n{_SAID_HERE[name]}\n"
    if isinstance(value, enum.EnumType):
        members = ", ".join(f"`{one}`" for one in value.__members__)
        return f"### {name}\n\n{_said(value)} One of {members}.\n"
    lines = [f"### {name}\n"]
    if name not in _MADE_BY_PILOTAGE and callable(value):
        lines.append(f"```text\n{name}{_taken(value)}\n```\n")
    lines.append(f"{_said(value)}\n")
    lines += [f"- `.{one}`: {said}" for one, said in _members(value)] if inspect.isclass(value) else []
    return "\n".join([*lines, ""]) if lines[-1].startswith("-") else "\n".join(lines)


def _members(kind: type) -> Iterator[tuple[str, str]]:
    for name, member in vars(kind).items():
        if name.startswith("_"):
            continue
        plain: object = getattr(member, "__func__", member)  # of a static method, or of one of the class
        if inspect.isfunction(plain) and inspect.getdoc(plain):
            static = isinstance(member, staticmethod)
            yield f"{name}{_taken(plain, bound=not static)}", _said(plain)
        elif isinstance(plain, property) and inspect.getdoc(plain):
            yield name, _said(plain)


def _taken(value: Callable[..., object], *, bound: bool = False) -> str:
    signature = inspect.signature(value)
    parameters = list(signature.parameters.values())[1 if bound else 0 :]
    told = str(signature.replace(parameters=parameters, return_annotation=inspect.Signature.empty))
    told = re.sub(r"[A-Za-z_][\w.]*\.(?=[A-Za-z_~+])", "", told).replace("~", "").replace("+", "")
    told = re.sub(r": '([^']*)'", r": \1", told).replace("'", '"')
    return re.sub(r"Optional\[(\w+)\]", r"\1 | None", told)


def _said(value: object) -> str:
    return " ".join((inspect.getdoc(value) or "").split())


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")


# -- the JSON API ------------------------------------------------------------------


def api_page() -> str:
    """Every address that programs call, out of the description that is served."""
    described = _description()
    parts = [
        f"# JSON API\n\n{_WRITTEN}",
        "The same as a description in OpenAPI 3.1 is served at `/api/v1/openapi.json`. How to begin, with a token and a first",
        "request: [Webhooks and the API](../guides/webhooks.md).\n",
        "**Token.** `Authorization: Bearer` and a token of `pilotage token new NAME --scope read` (or `submit`); never in the",
        "address. Webhooks are signed instead. **Lists** come page by page: as long as `next` is not null, ask again with it as",
        "`cursor`. A **parameter** that an address does not have, or that comes twice, is refused with `400` and named.",
        "**Errors** have one shape, `application/problem+json` (RFC 9457): `title`, `status`, `detail`, and of ours `code`,",
        "`remedy`, `reference` and `faults`; the codes are those of the [errors](errors.md). Where a request may come again,",
        "`Retry-After` says when.\n",
    ]
    for path, methods in described["paths"].items():
        for method, told in methods.items():
            parts.append(_route(method.upper(), path, told))
    parts.append("## What is answered\n")
    parts += [_shape(name, told) for name, told in described["components"]["schemas"].items() if "properties" in told]
    return "\n".join(parts).rstrip() + "\n"


def _description() -> dict[str, Any]:
    nothing = cast("Any", None)
    cases = CaseLooks(database=nothing, automation=nothing, parts=(), keep=0)
    operations = OperationsLooks(sides=nothing, accounts=nothing, places=nothing, needs=nothing)
    routers = [webhooks(nothing), records(nothing, nothing), cases.router(nothing), operations.router(nothing)]
    return api_app(routers, version="", statuses={}).openapi()


def _route(method: str, path: str, told: dict[str, Any]) -> str:
    lines = [f"## {method} {path}\n", " ".join(told["description"].split()) + "\n"]
    if rows := [_parameter(one) for one in told.get("parameters", ()) if one.get("description") or one["in"] != "path"]:
        lines += ["| | in | |", "|---|---|---|", *rows, ""]
    if "requestBody" in told:
        lines.append(f"The body is {' or '.join(f'`{kind}`' for kind in told['requestBody']['content'])}.\n")
    answers = {status: one for status, one in told["responses"].items() if status < "300"}
    for status, one in answers.items():
        content = cast("dict[str, dict[str, dict[str, Any]]]", one.get("content", {}))
        schemas: list[dict[str, Any]] = [carried["schema"] for carried in content.values() if "schema" in carried]
        schema: dict[str, Any] = schemas[0] if schemas else {"type": "anything"}
        lines.append(f"Answers `{status}`: {_type(schema)}. Else a problem: {_refusals(told['responses'])}.\n")
    return "\n".join(lines)


def _refusals(responses: dict[str, Any]) -> str:
    return ", ".join(f"`{status}`" for status in sorted(responses) if status >= "300")


def _parameter(one: dict[str, Any]) -> str:
    said = _cell(one.get("description") or one["schema"].get("description", ""))
    must = " (must be given)" if one.get("required") and one["in"] != "path" else ""
    return f"| `{one['name']}` | {one['in']} | {said}{must} |"


def _shape(name: str, told: dict[str, Any]) -> str:
    rows = [
        f"| `{field}` | {_type(one)} | {_cell(one.get('description', ''))} |"
        for field, one in told["properties"].items()
    ]
    said = " ".join(told.get("description", "").split())
    return "\n".join([f"### {name}\n", f"{said}\n", "| | | |", "|---|---|---|", *rows, ""])


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    return str(schema.get("type", "anything"))


PAGES: Final[dict[str, Callable[[], str]]] = {
    "commands.md": commands_page,
    "exit-codes.md": exit_codes_page,
    "errors.md": errors_page,
    "public-names.md": names_page,
    "api.md": api_page,
}


if __name__ == "__main__":
    for file, page in PAGES.items():
        (FOLDER / file).write_text(page(), encoding="utf-8")
