"""Small material, a router trained on it, and a help desk that answers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pilotage.examples.tickets.generator import generated
from pilotage.examples.tickets.helpdesk.client import Client
from pilotage.examples.tickets.helpdesk.server import in_thread
from pilotage.examples.tickets.helpdesk.setup import Setup
from pilotage.examples.tickets.material import Material
from pilotage.examples.tickets.router import Router
from pilotage.examples.tickets.train import train


@pytest.fixture(scope="session")
def material() -> Material:
    return generated(examples=600, requests=300)


@pytest.fixture(scope="session")
def router_file(material: Material, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("router") / "router.json"
    assert train(material, file)
    return file


@pytest.fixture(scope="session")
def router(router_file: Path) -> Router:
    return Router.load(router_file)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Client]:
    with in_thread(Setup(log=tmp_path / "helpdesk.jsonl")) as running, Client(running) as client:
        yield client
