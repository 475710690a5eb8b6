"""Two databases for what goes from one to the other, and a platform that has cases in every place."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest

from pilotage.testing import Platform
from tests.cases import parcels
from tests.cases.parcels import Carrier
from tests.conftest import PostgresServer

Begin = Callable[[str], Platform]
_WAYS = [
    pytest.param(("sqlite", "postgres"), id="sqlite to postgres", marks=pytest.mark.postgres),
    pytest.param(("postgres", "sqlite"), id="postgres to sqlite", marks=pytest.mark.postgres),
    pytest.param(("sqlite", "sqlite"), id="sqlite to sqlite"),
]


@pytest.fixture(params=_WAYS)
def two_urls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The addresses of two empty databases: from where, to where."""
    kinds: tuple[str, str] = request.param
    with ExitStack() as stack:
        urls = [
            f"sqlite:///{tmp_path / f'{number}.sqlite'}"
            if kind == "sqlite"
            else stack.enter_context(_postgres(request))
            for number, kind in enumerate(kinds)
        ]
        yield urls[0], urls[1]


@contextmanager
def _postgres(request: pytest.FixtureRequest) -> Iterator[str]:
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = f"test_{os.urandom(6).hex()}"
    with psycopg.connect(server.administration, autocommit=True) as administration:
        administration.execute(f"CREATE DATABASE {name} TEMPLATE template0 STRATEGY file_copy")
        yield server.url(name)
        administration.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def begin() -> Iterator[Begin]:
    """Opens the platform with the parcels on a database; the carrier is the same for all of them."""
    carrier = Carrier()
    with ExitStack() as stack:

        def make(url: str) -> Platform:
            automation = parcels.automation("safe")
            platform = Platform(automation, services=[carrier.service], now="2026-03-02T09:00+00:00", database_url=url)
            platform.parcels = automation  # type: ignore[attr-defined]
            platform.carrier = carrier  # type: ignore[attr-defined]
            return stack.enter_context(platform)

        yield make
