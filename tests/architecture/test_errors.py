"""An error is a small manual page: a code of its own, a sentence about what it is, and always something to do."""

import ast
import inspect
import re
from collections import Counter
from typing import Any

from pilotage.kernel.errors import PilotageError

ROOT_ERROR = "pilotage.kernel.errors.PilotageError"
CODE = re.compile(r"PLT-\d{3}")
CODE_OF_AN_EXAMPLE = re.compile(r"[A-Z]+-\d{3}")


def test_no_two_errors_share_a_code(modules: list[Any]) -> None:
    """Whoever looks a code up finds one error."""
    codes = Counter(_code(error) for _, error in errors(modules))
    assert [code for code, count in codes.items() if count > 1] == []


def test_every_error_has_a_code_of_its_own(modules: list[Any]) -> None:
    """No error hides behind the code of the error that it is a kind of."""
    found = [f"{path}: {error.name}" for path, error in errors(modules) if not _form(path).fullmatch(_code(error))]
    assert found == []


def test_every_error_says_what_it_is(modules: list[Any]) -> None:
    """The docstring of an error is the head of its page in the reference."""
    assert [f"{path}: {error.name}" for path, error in errors(modules) if not ast.get_docstring(error)] == []


def test_no_error_without_a_remedy(modules: list[Any]) -> None:
    """An error cannot be made without saying what to do next, also where it composes its own words."""
    assert list(inspect.signature(PilotageError).parameters) == ["what", "remedy"]
    assert [f"{path}: {error.name}" for path, error in errors(modules) if not _gives_remedy(error)] == []


def test_wrong_errors_are_seen() -> None:
    """An error without a code, and one that composes its words without a remedy, are found out."""
    source = (
        "from pilotage.kernel.errors import PilotageError\nclass Failure(Exception):\n    pass\n"
        "class Silent(PilotageError):\n    def __init__(self):\n        super().__init__('It broke.')\n"
        "class Child(Silent):\n    code = 'PLT-9'\n"
    )

    class One:
        path, tree = "pilotage/x.py", ast.parse(source)

    class Two:
        path, tree = "pilotage/y.py", ast.parse("from pilotage.x import Silent as Quiet\nclass Far(Quiet):\n    pass\n")

    assert [error.name for _, error in errors([One, Two])] == ["Silent", "Child", "Far"]
    found = [error for _, error in errors([One])]
    assert [error.name for error in found] == ["Silent", "Child"]
    assert [_code(error) for error in found] == ["", "PLT-9"]
    assert not _gives_remedy(found[0])


def errors(modules: list[Any]) -> list[tuple[str, ast.ClassDef]]:
    """Every class that is, over however many steps, a PilotageError."""
    known = {ROOT_ERROR}
    classes = [
        (module.path, _dotted(module.path), node)
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
    ]
    named = {module.path: _imported(module.tree, _dotted(module.path)) for module in modules}
    while True:
        found = {
            f"{dotted}.{node.name}"
            for path, dotted, node in classes
            if known & {named[path].get(ast.unparse(base), f"{dotted}.{ast.unparse(base)}") for base in node.bases}
        }
        if found <= known:
            break
        known |= found
    return [(path, node) for path, dotted, node in classes if f"{dotted}.{node.name}" in known - {ROOT_ERROR}]


def _dotted(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _imported(tree: ast.Module, dotted: str) -> dict[str, str]:
    """What the names of a file stand for."""
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module != dotted
        for alias in node.names
    }


def _form(path: str) -> re.Pattern[str]:
    return CODE_OF_AN_EXAMPLE if path.startswith("pilotage/examples/") else CODE


def _code(error: ast.ClassDef) -> str:
    for node in error.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = getattr(node, "value", None)
        if isinstance(target, ast.Name) and target.id == "code" and isinstance(value, ast.Constant):
            return str(value.value)
    return ""


def _gives_remedy(error: ast.ClassDef) -> bool:
    """Whether an error that has an `__init__` of its own hands two sentences to the root."""
    own = [node for node in error.body if isinstance(node, ast.FunctionDef) and node.name == "__init__"]
    handed = [
        call
        for init in own
        for call in ast.walk(init)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "super().__init__"
    ]
    return not own or any(len(call.args) + len(call.keywords) >= 2 for call in handed)
