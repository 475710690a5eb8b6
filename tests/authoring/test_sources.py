"""What is wrong with a source of records is found when it is written down."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel

import pilotage as pl
from pilotage.authoring.findings import DefinitionError

ERP = pl.Database("erp", url=pl.Setting("erp-url"), credential=pl.Secret("erp-password", max_age="90d"))


@pytest.mark.parametrize(
    ("statement", "more", "why"),
    [
        ("DELETE FROM orders", {}, "is not one SELECT"),
        ("SELECT id FROM orders; DROP TABLE orders", {}, "is not one SELECT"),
        ("SELECT id FROM orders ORDER BY id", {}, "the statement says ORDER BY"),
        ("SELECT id FROM orders limit 10", {}, "the statement says LIMIT"),
        ("SELECT id FROM orders FOR UPDATE", {}, "the statement says FOR UPDATE"),
        ("SELECT id FROM orders WHERE at > :since", {}, "the statement has the parameter :since"),
        ("SELECT id FROM orders", {"by": ()}, "by= names no columns"),
        ("SELECT id FROM orders", {"by": "id, at"}, "by= names no columns"),
        ("SELECT id FROM orders", {"by": "id", "overlap": -1}, "overlap= is less than nothing"),
        ("SELECT id FROM orders", {"by": "id", "overlap": timedelta(seconds=-1)}, "overlap= is less than nothing"),
    ],
)
def test_a_query_that_cannot_be_read_is_refused(statement: Any, more: dict[str, Any], why: str) -> None:
    """What the platform adds itself, and what is no SELECT, is named with what to write instead (PLT-580)."""
    with pytest.raises(DefinitionError, match="PLT-580") as refused:
        pl.Query("orders", ERP, statement, **{"by": "id", **more})
    assert why in str(refused.value)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT id FROM orders;",
        "WITH late AS (SELECT id FROM orders ORDER BY id LIMIT 5) SELECT id FROM late",
        "SELECT id, 'ORDER BY :x; LIMIT' AS words, at::date FROM orders -- no LIMIT :here",
        "select (select max(id) from orders limit 1) AS id",
    ],
)
def test_what_only_looks_like_it_is_taken(statement: Any) -> None:
    """Words in quotes, in comments, in casts and in brackets are the author's."""
    assert pl.Query("orders", ERP, statement, by="id").by == ("id",)


def test_a_query_asks_a_database() -> None:
    """Another connection cannot be asked."""
    with pytest.raises(DefinitionError, match="it asks no database"):
        pl.Query("orders", pl.Connection("erp", base_url="http://erp.example"), "SELECT 1", by="id")  # type: ignore[arg-type]


class Order(BaseModel):
    """An order."""

    id: str


def test_what_a_query_needs_is_asked_for() -> None:
    """The database of a source is a connection of the automation, with its setting, its secret and its limits."""

    @pl.compute
    def same(order: Order) -> pl.Collected[Order]:
        """It."""
        return pl.Collected([order])

    made = pl.Automation(
        "orders",
        purpose="Orders are known.",
        takes=Order,
        gives=pl.Collected[Order],
        key=lambda order: order.id,
        owner=pl.Role("clerk"),
        process=pl.Path(same),
        intake=[pl.Query("new-orders", ERP, "SELECT id FROM orders", by="id")],
    )
    assert made.connections == (ERP,)
    assert [one.name for one in made.settings] == ["erp-url"]


def test_objects_are_those_of_a_bucket() -> None:
    """Another connection has no objects, and a key begins neither with a slash nor with a pattern (PLT-580)."""
    scans = pl.Bucket("scans", url="https://s3.example/scans", credential=pl.Secret("scans-key", max_age="90d"))
    assert pl.Objects("new-scans", scans, prefix="in/").connections == (scans,)
    with pytest.raises(DefinitionError, match="it lists no bucket"):
        pl.Objects("new-scans", ERP)  # type: ignore[arg-type]
    for prefix in ("/in", "in/*.pdf"):
        with pytest.raises(DefinitionError, match="no key begins with"):
            pl.Objects("new-scans", scans, prefix=prefix)


def test_each_source_of_an_automation_has_a_name_of_its_own() -> None:
    """PLT-582: two of one name would each go on where the other one stopped."""

    @pl.compute
    def same(order: Order) -> pl.Collected[Order]:
        """It."""
        return pl.Collected([order])

    with pytest.raises(DefinitionError, match="PLT-582  orders: two of its sources are called new-orders"):
        pl.Automation(
            "orders",
            purpose="Orders are known.",
            takes=Order,
            gives=pl.Collected[Order],
            key=lambda order: order.id,
            owner=pl.Role("clerk"),
            process=pl.Path(same),
            intake=[
                pl.Query("new-orders", ERP, "SELECT id FROM orders", by="id"),
                pl.Webhook("new-orders", secret=pl.Secret("hook", max_age="90d")),
            ],
        )
