"""An error is a small manual page: a code of its own, a sentence about what it is, and always something to do."""

import ast
import inspect
import re
from collections import Counter
from typing import Any

from pilotage.kernel.errors import PilotageError

CODE = re.compile(r"PLT-\d{3}")


def test_no_two_errors_share_a_code(modules: list[Any]) -> None:
    """Whoever looks a code up finds one error."""
    codes = Counter(_code(error) for _, error in errors(modules))
    assert [code for code, count in codes.items() if count > 1] == []


def test_every_error_has_a_code_of_its_own(modules: list[Any]) -> None:
    """No error hides behind the code of the error that it is a kind of."""
    assert [f"{path}: {error.name}" for path, error in errors(modules) if not CODE.fullmatch(_code(error))] == []


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
        "class Silent(PilotageError):\n    def __init__(self):\n        super().__init__('It broke.')\n"
        "class Child(Silent):\n    code = 'PLT-9'\n"
    )
    tree = ast.parse(source)

    class One:
        path, tree = "pilotage/x.py", ast.parse(source)

    found = [error for _, error in errors([One])]
    assert [error.name for error in found] == ["Silent", "Child"]
    assert [_code(error) for error in found] == ["", "PLT-9"]
    assert not _gives_remedy(found[0])
    assert tree


def errors(modules: list[Any]) -> list[tuple[str, ast.ClassDef]]:
    """Every class that is, over however many steps, a PilotageError."""
    classes = [
        (module.path, node) for module in modules for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef)
    ]
    names = {"PilotageError"}
    while True:
        more = {
            node.name for _, node in classes if names & {ast.unparse(base).rpartition(".")[2] for base in node.bases}
        }
        if more <= names:
            break
        names |= more
    return [(path, node) for path, node in classes if node.name in names - {"PilotageError"}]


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
