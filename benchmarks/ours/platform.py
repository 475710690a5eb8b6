"""A platform for a measurement, put together by the composition root as `pilotage run` does."""

import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from pilotage.app import Platform, Project
from pilotage.authoring.automation import Automation


@contextmanager
def platform(
    url: str, automations: Sequence[Automation], settings: Mapping[str, str] | None = None
) -> Generator[Platform]:
    """A platform on this database."""
    with tempfile.TemporaryDirectory(prefix="pilotage-bench-project-") as folder:
        project = Project(
            root=Path(folder), environment="dev", database_url=url, automations=(), settings=settings or {}
        )
        made = Platform(project, automations)
        try:
            yield made
        finally:
            made.close()


_OPEN = sa.text("SELECT 1 FROM cases WHERE place NOT IN ('done', 'withdrawn', 'handed over') LIMIT 1")
_PLACES = sa.text("SELECT place, count(*) FROM cases GROUP BY place")


def wait_until_done(made: Platform, *, pause: float = 0.005, within: float = 600) -> None:
    """Wait until no case is open."""
    ends = time.monotonic() + within
    while time.monotonic() < ends:
        with made.database.snapshot() as tx:
            if tx.execute(_OPEN).first() is None:
                return
        time.sleep(pause)
    with made.database.snapshot() as tx:
        raise TimeoutError(f"not done within {within} s: {dict(tx.execute(_PLACES).all())}")


def prove(made: Platform, number: int) -> None:
    """So many cases are done, each with its outcomes and at least two entries in its timeline; nothing else is there."""
    with made.database.snapshot() as tx:
        places = dict(tx.execute(_PLACES).all())
        given = tx.execute(sa.text("SELECT count(*) FROM case_content WHERE given LIKE '%subject%'")).scalar_one()
        told = tx.execute(sa.text("SELECT count(*) FROM timeline")).scalar_one()
    if places != {"done": number} or given != number or told < 2 * number:
        raise AssertionError(f"expected {number} done with outcomes and timelines: {places}, {given}, {told}")
