"""What a function reads of its module: settings and artifacts that its declaration does not name."""

import dis
import types
from collections.abc import Iterable, Iterator
from typing import TypeVar

from pilotage.authoring.steps import Declared

K = TypeVar("K")


def found_in(functions: Iterable[object], kind: type[K]) -> tuple[K, ...]:
    """Every value of that kind that the functions, and the functions of the author that they call, read by name."""
    found: dict[int, K] = {}
    seen: set[int] = set()
    waiting = list(functions)
    while waiting:
        function = waiting.pop()
        if id(function) in seen or not isinstance(function, types.FunctionType):
            continue
        seen.add(id(function))
        for value in _read_by(function):
            if isinstance(value, kind):
                found[id(value)] = value
            elif isinstance(value, Declared):
                waiting.append(value.function)
            elif isinstance(value, types.FunctionType) and _same_project(function, value):
                waiting.append(value)
    return tuple(found.values())


def _read_by(function: types.FunctionType) -> Iterator[object]:
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # not filled yet
            continue
    names = set(_names(function.__code__))
    for name in set(_globals(function.__code__)):
        value: object = function.__globals__.get(name)
        if isinstance(value, types.ModuleType):
            yield from (vars(value)[inner] for inner in names if inner in vars(value))
        elif value is not None:
            yield value


def _globals(code: types.CodeType) -> Iterator[str]:
    """Names that are read of the module; the `reply` of `answer.reply` is none, although it is among the names."""
    for one in dis.get_instructions(code):
        if one.opname in {"LOAD_GLOBAL", "LOAD_NAME"}:
            yield str(one.argval)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _globals(constant)


def _names(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)


def _same_project(one: types.FunctionType, two: types.FunctionType) -> bool:
    return one.__module__.partition(".")[0] == two.__module__.partition(".")[0]
