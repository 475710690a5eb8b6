"""What every engine promises: one suite for the engine in earnest, the one in the process and the one that troubles."""

from collections.abc import Callable
from typing import Any

import pytest

from pilotage.machinery.engine.errors import OwnLife
from pilotage.machinery.engine.port import Checkpoint, Overtaken


class Broken(Exception):
    """Something that a run or a save raises."""


def test_a_started_batch_runs_to_its_end(bench: Any) -> None:
    """What a run saves is there, and the run goes on with what its save gave."""
    given: list[str] = []

    def run(batch: int, checkpoint: Checkpoint) -> None:
        given.append(checkpoint(bench.save(batch, 0, "first")))
        given.append(checkpoint(bench.save(batch, 1, "second")))

    bench.engine.launch(run, [])
    bench.engine.start(7)
    bench.rest(lambda: len(given) == 2)
    assert given == ["first", "second"]
    assert bench.rows() == [(7, 0, "first"), (7, 1, "second")]


def test_a_batch_that_is_started_twice_runs_once(bench: Any) -> None:
    """A sweep may start what was started, and is told whether it runs here."""
    bench.engine.launch(bench.saving(1), [])
    assert bench.engine.start(19)
    for _ in range(2):
        for batch in range(20):
            bench.engine.start(batch)
    bench.rest(lambda: len(bench.rows()) >= 20)
    assert bench.engine.start(99)
    bench.rest(lambda: not bench.engine.start(3))
    bench.rest(lambda: bench.rows()[-1][0] == 99)
    assert [batch for batch, _, _ in bench.rows()] == [*range(20), 99]


def test_a_batch_on_a_queue_is_run_by_who_listens(bench: Any, queue: str) -> None:
    """A batch on a queue is run where its code is loaded, and nowhere else, however often it is put there."""
    bench.engine.launch(bench.saving(1), [queue])
    bench.engine.enqueue(1, "invoices@dev")
    bench.engine.enqueue(2, queue)
    bench.engine.enqueue(2, queue)
    bench.engine.enqueue(3, queue)
    bench.rest(lambda: len(bench.rows()) == 2)
    assert [batch for batch, _, _ in bench.rows()] == [2, 3]


def test_what_save_raises_comes_out_and_leaves_nothing(bench: Any) -> None:
    """A save that raises is rolled back whole; the next call is the same checkpoint again."""
    seen: list[object] = []

    def broken(batch: int) -> Callable[[Any], str]:
        def save(tx: Any) -> str:
            bench.save(batch, 0, "half")(tx)
            raise Broken("no")

        return save

    def run(batch: int, checkpoint: Checkpoint) -> None:
        first = len(seen) == 0
        if first:
            with pytest.raises(Broken, match="no"):
                checkpoint(broken(batch))
        seen.append(checkpoint(bench.save(batch, 0, f"whole {len(seen)}")))
        if first:
            raise Broken("the run too")
        seen.append(checkpoint(bench.save(batch, 1, "second")))

    bench.engine.launch(run, [])
    bench.engine.start(1)
    bench.rest(lambda: len(seen) == 1)
    bench.rest(lambda: _again(bench, 1, seen, 3))
    assert seen == ["whole 0", "whole 0", "second"]
    assert bench.rows() == [(1, 0, "whole 0"), (1, 1, "second")]


def test_a_run_that_raised_goes_on_behind_its_checkpoints(bench: Any) -> None:
    """A batch whose run raised stays; started again it finds what was saved, and saves only the rest."""
    runs: list[int] = []
    saves: list[int] = []

    def run(batch: int, checkpoint: Checkpoint) -> None:
        runs.append(batch)
        for number in range(4):

            def save(tx: Any, number: int = number) -> str:
                saves.append(number)
                return bench.save(batch, number, "x")(tx)

            if number + 1 > len(runs):
                raise Broken
            checkpoint(save)

    bench.engine.launch(run, [])
    for _ in range(4):
        before = len(runs)
        bench.rest(lambda before=before: _again(bench, 5, runs, before + 1))
    bench.rest(lambda: len(bench.rows()) == 4)
    assert saves == [0, 1, 2, 3]
    assert len(runs) == 4


def test_a_run_may_use_the_engine(bench: Any, queue: str) -> None:
    """A run that starts and forgets other batches finds its own checkpoints all the same when it runs again."""
    seen: list[str] = []

    def run(batch: int, checkpoint: Checkpoint) -> None:
        if batch != 1:
            checkpoint(bench.save(batch, 0, "child"))
            return
        seen.append(checkpoint(bench.save(1, 0, "a")))
        if len(seen) < 3:
            bench.engine.start(2)
            bench.engine.enqueue(3, queue)
            bench.engine.forget([4])
        seen.append(checkpoint(bench.save(1, 1, "b")))
        if len(seen) < 3:
            raise Broken
        checkpoint(bench.save(1, 2, "c"))

    bench.engine.launch(run, [queue])
    bench.engine.start(1)
    bench.rest(lambda: len(seen) == 2)
    bench.rest(lambda: _again(bench, 1, seen, 4))
    bench.rest(lambda: len(bench.rows()) == 5)
    assert seen == ["a", "b", "a", "b"]


def test_a_forgotten_batch_runs_from_anew(bench: Any) -> None:
    """Nothing is left of a batch that was forgotten: whoever starts it again runs it from the beginning."""
    bench.engine.launch(bench.saving(2), [])
    bench.engine.start(1)
    bench.rest(lambda: len(bench.rows()) == 2)

    def again() -> bool:
        bench.engine.forget([1])
        _again(bench, 1, [], 0)
        return len(bench.rows()) >= 4

    bench.rest(again)


def test_nobody_takes_over_from_itself(bench: Any) -> None:
    """A life that lives has nothing to be taken over, and the asker is told so."""
    bench.engine.launch(bench.saving(1), [])
    with pytest.raises(OwnLife):
        bench.engine.take_over(bench.engine.executor, lambda _: "q")


def test_who_left_nothing_is_taken_over_for_nothing(bench: Any) -> None:
    """A life that ended all its batches leaves none."""
    bench.engine.launch(bench.saving(1), [])
    assert bench.engine.take_over("somebody-else", lambda _: "q") == []


def test_nothing_is_saved_after_the_end(bench: Any) -> None:
    """A run that is overtaken by the end of its engine is told so at its next checkpoint, and nothing is saved."""
    told: list[str] = []

    def run(batch: int, checkpoint: Checkpoint) -> None:
        bench.engine.close(within=0)
        try:
            checkpoint(bench.save(batch, 0, "late"))
        except Overtaken:
            told.append("overtaken")
            raise

    bench.engine.launch(run, [])
    bench.engine.start(1)
    bench.rest(lambda: told)
    assert bench.rows() == []


def _again(bench: Any, batch: int, seen: list[Any], count: int) -> bool:
    """What a sweep does: start it again, and see whether it came further."""
    bench.engine.start(batch)
    if hasattr(bench.engine, "drain"):
        bench.engine.drain()
    return len(seen) >= count
