"""The engine that troubles: it does all that an engine may do, and no more; and the same seed does the same again."""

from collections import Counter
from typing import Any

import pytest

from pilotage.machinery.engine.port import Checkpoint, Overtaken
from pilotage.testing.engines import ChaosEngine

BATCHES = range(12)


class Story:
    """What happened under one seed."""

    def __init__(self, bench: Any, engine: ChaosEngine) -> None:
        self.bench = bench
        self.engine = engine
        self.told: list[str] = []
        self.ended: set[int] = set()

    def run(self, batch: int, checkpoint: Checkpoint) -> None:
        """Three checkpoints, and the batch is at its end."""
        self.told.append(f"{batch} begins")
        try:
            for number in range(3):
                word = checkpoint(self.bench.save(batch, number, f"{batch}.{number}"))
                assert word == f"{batch}.{number}"
                self.told.append(word)
        except Overtaken:
            self.told.append(f"{batch} is overtaken")
            raise
        self.ended.add(batch)
        self.told.append(f"{batch} ends")

    def live(self) -> None:
        """Start everything, and sweep and take over until everything has ended."""
        self.engine.launch(self.run, ["q"])
        for _ in range(20):
            for batch in BATCHES:
                if batch not in self.ended:
                    self.engine.enqueue(batch, "q") if batch % 2 else self.engine.start(batch)
            self.engine.drain()
            for dead in self.engine.dead:
                self.engine.take_over(dead, lambda _: "q")


@pytest.mark.parametrize("seed", range(6))
def test_whatever_it_does_everything_is_saved_once(tables: Any, seed: int) -> None:
    """Doubled, delayed, abandoned, rolled back and taken over, each checkpoint of each batch is saved exactly once."""
    engine = ChaosEngine(tables.database, seed=seed, doubles=0.5, delays=0.5, abandons=0.5, retries=0.3)
    story = Story(tables, engine)
    story.live()
    engine.close(within=0)
    assert Counter(tables.rows()) == Counter(
        (batch, number, f"{batch}.{number}") for batch in BATCHES for number in range(3)
    )
    assert story.ended == set(BATCHES)


def test_the_same_seed_tells_the_same_story(tables: Any) -> None:
    """What a seed did once it does again, so that what it found can be found again."""
    stories: list[list[str]] = []
    for seed in (1, 1, 2):
        engine = ChaosEngine(tables.database, seed=seed)
        story = Story(tables, engine)
        story.live()
        engine.close(within=0)
        stories.append(story.told)
    assert stories[0] == stories[1] != stories[2]


def test_it_does_trouble(tables: Any) -> None:
    """Under the usual probabilities batches are overtaken, abandoned, and run more than once."""
    told: Counter[str] = Counter()
    deaths = 0
    for seed in range(5):
        engine = ChaosEngine(tables.database, seed=seed)
        story = Story(tables, engine)
        story.live()
        engine.close(within=0)
        told.update(line.partition(" ")[2] for line in story.told)
        deaths += engine.deaths
    assert told["is overtaken"] > 3
    assert told["begins"] > told["ends"] >= 5 * len(BATCHES)
    assert deaths > 3


def test_two_runs_of_a_batch_meet_at_their_checkpoints(tables: Any) -> None:
    """A doubled batch has two runs under way at the same time, of which one may overtake the other."""
    most: list[int] = []
    under_way = 0

    def run(batch: int, checkpoint: Checkpoint) -> None:
        nonlocal under_way
        under_way += 1
        try:
            most.append(under_way)
            checkpoint(tables.save(batch, 0, "x"))
            checkpoint(tables.save(batch, 1, "y"))
        finally:
            under_way -= 1

    engine = ChaosEngine(tables.database, seed=3, doubles=1, delays=0, abandons=0)
    engine.launch(run, [])
    engine.start(1)
    engine.drain()
    assert max(most) >= 2
    assert tables.rows() == [(1, 0, "x"), (1, 1, "y")]
