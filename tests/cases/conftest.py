"""The platform with the parcels automation, on both databases."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from pilotage.cases.service.proving import prove
from pilotage.testing import Platform
from tests.cases import parcels
from tests.cases.parcels import Carrier

Opened = Callable[..., tuple[Platform, Carrier]]


@pytest.fixture
def opened(database_url: str) -> Iterator[Opened]:
    """Opens a platform whose effect declares a kind of repeat, with its carrier; afterwards its own proof must hold."""
    platforms: list[Platform] = []
    with ExitStack() as stack:

        def make(repeat: str = "ask", *, honours_keys: bool = True) -> tuple[Platform, Carrier]:
            carrier = Carrier(honours_keys=honours_keys)
            automation = parcels.automation(repeat)
            platform = Platform(
                automation, services=[carrier.service], now="2026-03-02T09:00+00:00", database_url=database_url
            )
            platforms.append(stack.enter_context(platform))
            platform.parcels = automation  # type: ignore[attr-defined]
            return platform, carrier

        yield make
        for platform in platforms:
            proof = prove(platform.inner.database)
            assert proof.holds, proof
