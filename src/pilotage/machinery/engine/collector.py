"""Python's collector of cycles, made calm for a process that works on batches.

A batch makes tens of thousands of objects that all live until it is saved, and next to no cycles. With the defaults the
collector looks through them, and through every module that was loaded, again and again: a sixth of a worker's time.
"""

import gc
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

_RARELY: Final = (200_000, 50, 100)
"""New objects, and how often the younger generations were looked through, before each generation is."""


@contextmanager
def calm_collector() -> Generator[None]:
    """For as long as the block lasts: what is there already is left alone, and what is new is looked through rarely."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_RARELY)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
