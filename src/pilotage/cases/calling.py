"""Calling an author's function over many cases: one by one or as lists, plain or async, with failures kept apart.

A function that takes lists and raises is called again with each half, until the guilty case stands alone: the others go
on. A function that takes one case fails for that case alone.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol, cast

from pilotage.authoring.plan import Node
from pilotage.connections.injecting import in_our_words
from pilotage.connections.repeating import as_repeat
from pilotage.kernel.foreign import RAISED
from pilotage.machinery.telemetry.scope import of_case

AT_ONCE: Final = 64
"""How many calls of an async function for single cases run at the same time."""


class LengthsDiffer(Exception):
    """A step that takes lists gave another number of results than it took (PLT-193)."""


class RunsAsync(Protocol):
    """Runs a coroutine to its end from plain code."""

    def __call__(self, coroutine: Awaitable[object], /) -> object:
        """The coroutine's result, or what it raised."""
        ...


def call(
    node: Node,
    arguments: Sequence[tuple[object, ...]],
    run_async: RunsAsync,
    *,
    again: Sequence[bool] = (),
    cases: Sequence[int] = (),
) -> list[object]:
    """The outcomes in order: what the function gave for each case, or the exception that it raised.

    `again` says which of the cases were tried at this step before; a list of cases was where all of them were. `cases` are
    the cases, where somebody traces what is called for each.
    """
    function = node.function
    if function is None:  # pragma: no cover - the compiler gives every such node a function
        msg = f"{node.name} has no function"
        raise TypeError(msg)
    if node.batch is not None:
        outcomes: list[object] = []
        for start in range(0, len(arguments), node.batch):
            end = start + node.batch
            with as_repeat(bool(again) and all(again[start:end])):
                outcomes += _together(node, function, arguments[start:end], run_async)
        return outcomes
    if node.asynchronous:
        return cast("list[object]", run_async(_each(function, arguments, again, cases)))
    return _one_by_one(function, arguments)


def _one_by_one(function: Callable[..., object], arguments: Sequence[tuple[object, ...]]) -> list[object]:
    outcomes: list[object] = []
    for values in arguments:
        try:
            outcomes.append(function(*values))
        except RAISED as error:  # the border to the author's code: any failure is this case's outcome
            outcomes.append(error)
    return outcomes


async def _each(
    function: Callable[..., object],
    arguments: Sequence[tuple[object, ...]],
    again: Sequence[bool],
    cases: Sequence[int],
) -> list[object]:
    places = asyncio.Semaphore(AT_ONCE)

    async def one(values: tuple[object, ...], repeats: bool, case: int | None) -> object:  # noqa: FBT001
        async with places:
            try:
                with as_repeat(repeats), of_case(case), in_our_words():
                    return await cast("Awaitable[object]", function(*values))
            except RAISED as error:  # the border to the author's code
                return error

    number = len(arguments)
    each = zip(arguments, again or [False] * number, cases or [None] * number, strict=True)
    return await asyncio.gather(*(one(*of) for of in each))


def _together(
    node: Node, function: Callable[..., object], arguments: Sequence[tuple[object, ...]], run_async: RunsAsync
) -> list[object]:
    columns = [list(column) for column in zip(*arguments, strict=True)]
    try:
        with in_our_words():
            answer = function(*columns)
            if node.asynchronous:
                answer = run_async(cast("Awaitable[object]", answer))
        results = list(cast("Sequence[object]", answer))
        if len(results) != len(arguments):
            msg = f"{node.name} took {len(arguments)} records and gave {len(results)}."
            raise LengthsDiffer(msg)  # halved like any other failure of the step
    except RAISED as error:  # the border to the author's code
        if len(arguments) == 1:
            return [error]
        half = len(arguments) // 2
        return _together(node, function, arguments[:half], run_async) + _together(
            node, function, arguments[half:], run_async
        )
    return results
