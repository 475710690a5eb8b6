"""Writes `pilotage/__init__.pyi`: the template beside this file, with one overload for each number of inputs, steps or branches.

    python -m pilotage.authoring.typing.generate

The run time takes any number; a checker needs an overload for each.
"""

from pathlib import Path
from typing import Final

import pilotage as pl

STEPS: Final = 10
BRANCHES: Final = 8
INPUTS: Final = 5
_LETTERS: Final = ["_A", "_B", "_C", "_D", "_E"]
_TEMPLATE: Final = Path(__file__).with_name("face.pyi.in")
_STUB: Final = Path(pl.__file__).with_name("__init__.pyi")


def stub() -> str:
    """The whole text of the stub."""
    text = _TEMPLATE.read_text(encoding="utf-8")
    for mark, body in _bodies().items():
        indent = "    " if f"    {mark}" in text else ""
        text = text.replace(f"{indent}{mark}", "\n".join(f"{indent}{line}" for line in body))
    return text


def _bodies() -> dict[str, list[str]]:
    return {
        "#ALL#": ["__all__ = [", *(f'    "{name}",' for name in pl.__all__), "]"],
        "#TYPEVARS#": _variables(),
        "#COMPUTE#": _decorator("_R", "Compute", head="compute("),
        "#COMPUTE_PLAIN#": _decorator("_R", "Compute"),
        "#COMPUTE_BATCH#": _batch_decorator("_R", "Compute"),
        "#JUDGE#": _decorator("Judgement[_R]", "Judge", head="judge("),
        "#JUDGE_PLAIN#": _decorator("Judgement[_R]", "Judge"),
        "#JUDGE_BATCH#": _batch_decorator("Judgement[_R]", "Judge"),
        "#ACT#": _decorator("_R", "Act"),
        "#RULE#": _rule(),
        "#PATH#": _path(),
        "#WHEN#": _when(),
        "#CHOICE#": _choice(),
    }


def _variables() -> list[str]:
    names = [f"_N{i}" for i in range(STEPS + 1)] + [f"_O{i}" for i in range(1, STEPS + 1)] + _LETTERS
    return [f'{name} = TypeVar("{name}")' for name in names]


def _decorator(result: str, made: str, *, head: str = "__call__(self, ") -> list[str]:
    """An asynchronous and a plain overload for each number of inputs. `result` is what the function returns."""
    lines: list[str] = []
    for count in range(1, INPUTS + 1):
        names = _LETTERS[:count]
        for returned in (f"Awaitable[{result}]", result):
            lines += _overload(head, names, returned, f"{made}[[{', '.join(names)}], {returned}, {_union(names)}, _R]")
    return lines


def _batch_decorator(result: str, made: str) -> list[str]:
    """The same with lists. A Failure may stand in place of one case; lists are invariant, so that is an overload too."""
    lines: list[str] = []
    for count in range(1, INPUTS + 1):
        names = _LETTERS[:count]
        taken = [f"list[{name}]" for name in names]
        for item in (f"{result} | Failure", result):
            for returned in (f"Awaitable[list[{item}]]", f"list[{item}]"):
                gives = f"{made}[[{', '.join(taken)}], {returned}, {_union(names)}, _R]"
                lines += _overload("__call__(self, ", taken, returned, gives)
    return lines


def _overload(head: str, taken: list[str], returned: str, gives: str) -> list[str]:
    return ["@overload", f"def {head}function: Callable[[{', '.join(taken)}], {returned}], /) -> {gives}: ..."]


def _rule() -> list[str]:
    lines: list[str] = []
    for count in range(1, INPUTS + 1):
        names = ["_R", *_LETTERS[1:count]]
        gives = f"Rule[[{', '.join(names)}], {_union(names)} | _S, _S, _R]"
        lines += _overload("__call__(self, ", names, "_R", gives)
    return lines


def _path() -> list[str]:
    lines: list[str] = []
    for count in range(1, STEPS + 1):
        needs, gives = _numbered("_N", count), _numbered("_O", count)
        lines += ["@overload", f"def __init__(self: Path[{needs}, {gives}], {_steps(count)}, /) -> None: ..."]
    return lines


def _when() -> list[str]:
    lines: list[str] = []
    for count in range(1, STEPS + 1):
        made = f"When[_K1, {_numbered('_N', count)}, {_numbered('_O', count)}]"
        lines += ["@overload", f"def __init__(self: {made}, label: _K1, {_steps(count)}, /) -> None: ..."]
    return lines


def _choice() -> list[str]:
    lines: list[str] = []
    for count in range(1, BRANCHES + 1):
        whens = ", ".join(f"w{i}: When[_K1, _N{i}, _O{i}]" for i in range(1, count + 1))
        made = f"Choice[_N0 | {_numbered('_N', count)}, _K1 | {_numbered('_O', count)}]"
        taken = f"self: {made}, on: Step[_N0, _K1 | Unknown], {whens}, /, *, unknown: Ask | None = None"
        lines += ["@overload", f"def __init__({taken}) -> None: ..."]
    return lines


def _steps(count: int) -> str:
    return ", ".join(f"s{i}: Step[_N{i}, _O{i}]" for i in range(1, count + 1))


def _numbered(prefix: str, count: int) -> str:
    return _union([f"{prefix}{i}" for i in range(1, count + 1)])


def _union(names: list[str]) -> str:
    return " | ".join(names)


if __name__ == "__main__":
    _STUB.write_text(stub(), encoding="utf-8")
