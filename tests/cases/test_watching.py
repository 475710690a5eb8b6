"""Several sources at a time, as a worker watches them; and a source in a test."""

import socket
import threading
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

import pilotage as pl
from pilotage.cases.service.settling import wait_for_looks
from pilotage.cases.service.watching import sources_watched
from pilotage.cases.store import looking
from pilotage.operations import sources
from pilotage.testing import FakeService, Place, Platform, Request
from tests.cases.asked import STATEMENT, Erp, Order, Read, counts, query, read, reader


def _automation(name: str, source: Any) -> pl.Automation[Order, Read]:
    return pl.Automation(
        name,
        purpose="Orders are read.",
        takes=Order,
        gives=Read,
        key=lambda order: order.id,
        owner=pl.Role("clerk"),
        process=pl.Path(read),
        intake=[source],
    )


@pytest.mark.slow
def test_one_that_does_not_answer_holds_up_no_other(tmp_path: Path, database_url: str) -> None:
    """A database that takes the call and says nothing is waited for in a thread of its own; the other one is read at once."""
    erp = Erp(f"sqlite:///{tmp_path / 'erp.sqlite'}")
    erp.make()
    erp.add((1, "08:00:00"), (2, "08:01:00"))
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"postgresql://me@127.0.0.1:{silent.getsockname()[1]}/shop"
        stuck = pl.Query("stuck", pl.Database("shop", url=url, timeout="20s"), STATEMENT, by="id", overlap=0)
        both = (_automation("stuck", stuck), _automation("orders", query(erp.url)))
        with Platform(*both, database_url=database_url) as platform:
            found = reader(platform)
            with sources_watched(platform.inner, "test", lambda: found.queries.outside):
                rest = threading.Event()
                for _ in range(300):
                    if _arrived(platform) == 2:
                        break
                    rest.wait(0.05)
                assert _arrived(platform) == 2
                by_name = {one.source: one for one in sources.watched(platform.inner.database, both)}
                assert by_name["stuck"].looked == "never"
                assert by_name["stuck"].waits == "for nothing: it is read now"
                silent.close()
            found.close()


def _arrived(platform: Platform) -> int:
    with platform.inner.database.snapshot() as tx:
        return sum(row[1] for row in looking.count_arrivals(tx))


def test_who_waits_for_a_source_that_nobody_looks_into_goes_on(database_url: str) -> None:
    """`pilotage run` does not wait for ever where no process has the code that reads it."""
    source = query("postgresql://shop.example/shop")
    with Platform(_automation("orders", source), database_url=database_url) as platform:
        assert not wait_for_looks(platform.inner.database, [("orders", source.name)], pause=0.01, patience=0.1)


class Asked(BaseModel):
    """What a database is asked."""

    sql: str
    parameters: dict[str, Any]


def test_a_source_is_looked_into_in_a_test() -> None:
    """`look` asks the FakeService of its connection; what it took are cases, and the same rows again are none."""
    source = query("postgresql://shop.example/shop")
    erp, asked = FakeService(source.database), list[Asked]()

    @erp.on("POST", "/rows")
    def rows(request: Request) -> object:
        asked.append(Asked.model_validate(request.json))
        if "max(" in asked[-1].sql:
            return {"rows": [{"top": "2026-01-05T08:00:00Z"}]}
        if "IS NULL" in asked[-1].sql:
            return {"rows": []}
        return {"rows": [{"id": 7, "amount": "10.00", "updated_at": "2026-01-05T08:00:00Z"}]}

    made = _automation("orders", source)
    with Platform(made, services=[erp]) as platform:
        assert platform.look(source) == 1
        assert platform.look(source) == 0
        assert asked[-2].parameters == {"pilotage_0": "2026-01-05T07:50:00Z"}
        platform.settle()
        assert counts(platform) == (1, 1, 0, 0)
        case = platform.submit(made, {"id": "7", "amount": "10.00"})
        assert case.place is Place.DONE
        with pytest.raises(ValueError, match="is no query and no objects"):
            platform.look(query("postgresql://shop.example/shop"))
