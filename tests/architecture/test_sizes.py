"""Small rooms: a file has at most 500 lines, a function at most 60."""

import ast
import textwrap
from typing import Any

FILE_LIMIT = 500
FUNCTION_LIMIT = 60

# What is longer, and how long it is today. Entries may shrink and go; none may be added or grow.
LONG_FILES: dict[str, int] = {}
LONG_FUNCTIONS: dict[str, int] = {}


def test_files_are_small(modules: list[Any]) -> None:
    """No file of the package is longer than the limit, but for those in a list that only shrinks."""
    lengths = {module.path: len(module.text.splitlines()) for module in modules}
    assert _too_long(lengths, FILE_LIMIT, LONG_FILES) == []


def test_functions_are_small(modules: list[Any]) -> None:
    """No function of the package is longer than the limit, but for those in a list that only shrinks."""
    lengths = {
        f"{module.path}:{name}": length for module in modules for name, length in function_lengths(module.tree).items()
    }
    assert _too_long(lengths, FUNCTION_LIMIT, LONG_FUNCTIONS) == []


def test_a_long_function_is_seen() -> None:
    """The measure counts from the `def` to the last line, and sees methods and functions inside functions."""
    source = """
        class A:
            def short(self):
                return 1

            async def outer(self):
                def inner():
                    x = 1
                    y = 2
                    return x + y
                return inner
        """
    assert function_lengths(ast.parse(textwrap.dedent(source))) == {"A.short": 2, "A.outer": 6, "A.outer.inner": 4}
    assert _too_long({"a": 7, "b": 61}, 60, {}) == ["b has 61 lines, the limit is 60"]
    assert _too_long({"b": 62}, 60, {"b": 61}) == ["b has 62 lines and had 61: it may only shrink"]
    assert _too_long({"b": 50}, 60, {"b": 61}) == ["b has 50 lines now: take it off the list"]
    assert _too_long({"b": 61}, 60, {"b": 64}) == ["b has 61 lines now: write that into the list"]
    assert _too_long({}, 60, {"b": 64}) == ["b is gone: take it off the list"]


def function_lengths(tree: ast.Module) -> dict[str, int]:
    """The length of every function, by its name with the names around it."""
    found: dict[str, int] = {}

    def visit(node: ast.AST, around: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                name = f"{around}{child.name}"
                if not isinstance(child, ast.ClassDef):
                    found[name] = (child.end_lineno or child.lineno) - child.lineno + 1
                visit(child, name + ".")
            else:
                visit(child, around)

    visit(tree, "")
    return found


def _too_long(lengths: dict[str, int], limit: int, allowed: dict[str, int]) -> list[str]:
    """What is over the limit and not allowed to be, and entries of the list that have become untrue."""
    findings = [f"{name} is gone: take it off the list" for name in allowed if name not in lengths]
    for name, length in lengths.items():
        was = allowed.get(name)
        if was is None:
            if length > limit:
                findings.append(f"{name} has {length} lines, the limit is {limit}")
        elif length > was:
            findings.append(f"{name} has {length} lines and had {was}: it may only shrink")
        elif length <= limit:
            findings.append(f"{name} has {length} lines now: take it off the list")
        elif length < was:
            findings.append(f"{name} has {length} lines now: write that into the list")
    return findings
