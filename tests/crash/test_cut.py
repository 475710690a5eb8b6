"""Connections to PostgreSQL and to the help desk that are delayed, stall and are cut, also right behind a COMMIT."""

import json
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

from pilotage.machinery.cli.exits import Exit
from pilotage.machinery.engine.dbos import DbosEngine
from pilotage.machinery.engine.port import Checkpoint, Overtaken
from pilotage.machinery.storage.database import Database, Tx
from tests.acceptance.ground import Ground, until
from tests.conftest import PostgresServer
from tests.crash.extent import CRASHES, SEED, report, tell, times
from tests.crash.proxy import TROUBLES, Proxy, proxies
from tests.crash.test_killed import arrived
from tests.crash.test_struck import desks, end, working

CUTS = times(24)
PATIENCE = 2_400
"""Twentieths of a second: a desk whose every call was cut is left alone for a minute, and then a call goes."""
COMMIT, POST = b"COMMIT", b"POST "

pytestmark = [pytest.mark.slow, pytest.mark.crash, pytest.mark.postgres, pytest.mark.timeout(600 + 8 * CRASHES)]


@pytest.fixture(params=[pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty database on PostgreSQL: what lies in a file has no connection that may be cut."""
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.database() as url:
        yield url


@pytest.fixture
def way(postgres_server: PostgresServer) -> Iterator[Proxy]:
    """The proxy between workers and the database."""
    with proxies(postgres_server.socket) as (proxy,):
        yield proxy


def through(proxy: Proxy, url: str) -> str:
    """The address of the same database through the proxy."""
    name = urlsplit(url).path.strip("/")
    return f"postgresql://postgres@127.0.0.1:{proxy.port}/{name}?sslmode=disable&gssencmode=disable"


def test_a_batch_goes_on_behind_a_checkpoint_whose_commit_nobody_heard_of(database_url: str, way: Proxy) -> None:
    """The connection is cut behind the COMMIT, and the save, called again, finds its own row: that is not another's."""
    database = Database(through(way, database_url))
    saved = sa.Table("saved", sa.MetaData(), sa.Column("number", sa.Integer, primary_key=True))
    ended = threading.Event()
    told: list[str] = []
    with database.transaction() as tx:
        saved.create(tx)

    def save(tx: Tx, number: int) -> str:
        if tx.execute(saved.select().where(saved.c.number == number)).first():
            raise Overtaken
        tx.execute(saved.insert().values(number=number))
        return f"word {number}"

    def run(batch: int, checkpoint: Checkpoint) -> None:
        told.append("begins")
        told.extend(checkpoint(lambda tx, number=number: save(tx, number)) for number in range(3))
        ended.set()

    engine = DbosEngine(database, "one-life")
    try:
        engine.launch(run, [])
        way.trouble("cut behind", COMMIT, after=b"INSERT INTO saved")
        assert engine.start(1)
        assert ended.wait(30), told
        assert way.met["cut behind"] == 1
        assert told == ["begins", "word 0", "word 1", "word 2"]
    finally:
        engine.close(within=10)
        database.close()


def test_a_permission_that_never_arrived_is_given_again(tmp_path: Path, database_url: str, way: Proxy) -> None:
    """The connection is cut behind the COMMIT that permits: nothing was sent, so all of it is sent later, and nothing is unknown."""
    ground = Ground(tmp_path / "project", database_url)
    ground.variables["PILOTAGE_DATABASE_URL"] = through(way, database_url)
    with desks(ground):
        way.trouble("cut behind", COMMIT, after=b"UPDATE effects SET")
        each = {"safe": 5, "ask": 5, "never": 5}
        ground.fill(each)
        worker = ground.start("run", "--forever")
        until(lambda: way.met["cut behind"], said=ground.logs)
        until(lambda: ground.acted() == 15, said=ground.logs)
        ground.ok("run")
        end([worker], ground)
    assert ground.agrees(each) == {"confirmed": 15}
    ground.well()


def test_connections_that_are_cut_at_any_moment_lose_nothing_and_do_nothing_twice(
    tmp_path: Path, database_url: str, way: Proxy
) -> None:
    """Between two workers and the database, and between them and both desks; they go on by themselves."""
    chance = random.Random(SEED)
    ground = Ground(tmp_path / "project", database_url)
    with desks(ground) as filling, proxies(*(address(desk.url) for desk in (ground.desk, ground.forgetful))) as outward:
        ground.variables |= {
            "PILOTAGE_DATABASE_URL": through(way, database_url),
            "HELPDESK_URL": f"http://127.0.0.1:{outward[0].port}",
            "FORGETFUL_URL": f"http://127.0.0.1:{outward[1].port}",
            "PILOTAGE_LOG": "warning",
        }
        filling.feed(4)
        workers = [ground.start("run", "--forever") for _ in range(2)]
        until(lambda: working(ground) == 2, said=ground.logs)
        for number in range(CUTS):
            proxy, mark = chance.choice([(way, COMMIT), (way, COMMIT), *((one, POST) for one in outward)])
            kind = chance.choice(TROUBLES)
            proxy.trouble(kind, mark if kind == "cut behind" or chance.random() < 0.5 else b"")
            for _ in range(PATIENCE):
                filling.feed(4)
                if not proxy.waiting:
                    break
            else:
                raise AssertionError(f"nothing went that way any more; seed {SEED}; {ground.logs()}")
            tell(database_url, f"trouble {number + 1} of {CUTS}: {kind}, {'database' if proxy is way else 'desk'}")
        assert [worker.poll() for worker in workers] == [None] * 2, ground.logs()
        ground.ok("run", within=300)
        end(workers, ground)
    states = ground.agrees(filling.filled)
    assert set(ground.states("safe").values()) == set(ground.states("ask").values()) == {"confirmed"}
    ground.well()
    met = sum((proxy.met for proxy in (way, *outward)), start=way.met.__class__())
    figures = {"cases": sum(filling.filled.values()), "unknown": states["unknown"], "twice": 0}
    report("cut", database_url, figures | {"confirmed": states["confirmed"], "troubles": dict(met)})


def test_a_block_whose_commit_nobody_heard_of_is_not_taken_in_twice(
    tmp_path: Path, database_url: str, way: Proxy
) -> None:
    """The command ends and says so; the same command goes on behind the block, whether it was committed or not."""
    chance = random.Random(SEED)
    ground = Ground(tmp_path / "project", database_url)
    ground.ok("status")
    ground.variables["PILOTAGE_DATABASE_URL"] = through(way, database_url)
    rows = 6_000
    file = ground.file("large.csv", rows)
    cut = 0
    with ground.database() as database:
        for _ in range(times(3, share=0.1)):
            way.trouble(
                chance.choice(["cut behind", "cut before", "cut within"]), COMMIT, after=b"UPDATE submissions SET"
            )
            done = ground.run("submit", "ask", str(file), "--json")
            way.calm()
            if done.returncode == Exit.OK:
                break
            cut += 1
            assert "PLT-930" in done.stdout + done.stderr
        last = ground.ok("submit", "ask", str(file))
        assert cut
        assert arrived(database) == rows
        assert last["duplicates"] in {0, rows}, json.dumps(last)
    ground.well()
    report("submission cut", database_url, {"cases": rows, "twice": 0, "cut": cut})


def address(url: str) -> tuple[str, int]:
    """Host and port of a desk."""
    parts = urlsplit(url)
    assert parts.hostname
    assert parts.port
    return parts.hostname, parts.port
