"""Many rows in one statement come back as they were given, on both databases."""

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pilotage.machinery.storage import bulk
from pilotage.machinery.storage.database import Database

table = sa.Table(
    "of_all_kinds",
    sa.MetaData(),
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("count", sa.Integer),
    sa.Column("yes", sa.Boolean),
    sa.Column("bytes", sa.LargeBinary),
    sa.Column("share", sa.Float),
    sa.Column("text", sa.Text),
)
texts = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    ["NULL", "{a,b}", '"', "\\", "%s %b", "é\u202eb", ""]
)
rows = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.integers(-(2**63), 2**63 - 1),
            "count": st.none() | st.integers(-(2**31), 2**31 - 1),
            "yes": st.none() | st.booleans(),
            "bytes": st.none() | st.binary(max_size=20),
            "share": st.none() | st.floats(allow_nan=False),
            "text": st.none() | texts,
        }
    ),
    max_size=20,
    unique_by=lambda row: row["id"],
)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with that table."""
    database = Database(database_url)
    table.metadata.create_all(database.engine)
    yield database
    database.close()


def stored(database: Database) -> list[dict[str, Any]]:
    """What is in the table, by id."""
    with database.snapshot() as tx:
        return [dict(row._mapping) for row in tx.execute(sa.select(table).order_by(table.c.id))]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(given=rows, then=rows)
def test_rows_come_back_as_they_were_given(
    database: Database, given: list[dict[str, Any]], then: list[dict[str, Any]]
) -> None:
    """Inserted and updated: the largest and the smallest numbers, columns of nothing, and texts that look like syntax."""
    with database.transaction() as tx:
        tx.execute(table.delete())
        bulk.insert(tx, table, given)
    assert stored(database) == sorted(given, key=lambda row: row["id"])
    changed = [{**new, "id": old["id"]} for new, old in zip(then, given, strict=False)]
    with database.transaction() as tx:
        bulk.update(tx, table, changed, key="id")
    expected = {row["id"]: row for row in given} | {row["id"]: row for row in changed}
    assert stored(database) == sorted(expected.values(), key=lambda row: row["id"])


@pytest.mark.parametrize("number", [99, 100, 101, 250])
def test_no_row_is_lost_where_one_statement_ends_and_the_next_begins(database: Database, number: int) -> None:
    """However many rows there are, all go in and each gets its own values."""
    some = [{"id": one, "count": one, "bytes": None, "text": f"first {one}"} for one in range(number)]
    with database.transaction() as tx:
        bulk.insert(tx, table, some)
        bulk.update(tx, table, [{"id": one, "text": f"then {one}", "bytes": b"x"} for one in range(number)], key="id")
    assert [(row["id"], row["count"], row["bytes"], row["text"]) for row in stored(database)] == [
        (one, one, b"x", f"then {one}") for one in range(number)
    ]


def test_only_new_rows_go_in(database: Database) -> None:
    """Those that were there are not among the ids that come back; on SQLite whoever calls has looked before."""
    some = [{"id": number, "count": number % 3, "text": None} for number in range(5)]
    with database.transaction() as tx:
        assert bulk.insert_new(tx, table, some, unique=["id"]) == set(range(5))
        if database.dialect == "postgresql":
            more = [{"id": number, "count": 1, "text": "x"} for number in range(3, 8)]
            assert bulk.insert_new(tx, table, more, unique=["id"]) == {5, 6, 7}
        assert bulk.insert_new(tx, table, [], unique=["id"]) == set()
