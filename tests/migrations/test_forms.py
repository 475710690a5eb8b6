"""The revisions and the tables tell the same story, on both databases."""

import threading
from pathlib import Path

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from pilotage.machinery.storage.database import Database
from pilotage.migrations import FOLDER, HEAD, metadata, prepare

OURS = set(metadata.tables)


def test_revisions_from_zero_give_the_tables(database_url: str) -> None:
    """What the revisions make is exactly what the code declares: tables, columns, types, indexes."""
    database = Database(database_url)
    prepare(database)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"compare_type": True, "include_name": lambda name, kind, _: kind != "table" or name in OURS},
        )
        differences = compare_metadata(context, metadata)
    database.close()
    assert differences == []


def test_partial_indexes_are_there(database_url: str) -> None:
    """The indexes that only hold open rows keep their conditions on both databases."""
    database = Database(database_url)
    prepare(database)
    with database.engine.connect() as connection:
        indexes = {index["name"]: index for index in sa.inspect(connection).get_indexes("cases")}
    database.close()
    conditions = [
        value for index in indexes.values() for key, value in index["dialect_options"].items() if "where" in key
    ]
    assert len(conditions) >= 4


def test_preparing_again_changes_nothing(database_url: str) -> None:
    """A second start finds the form that it needs."""
    database = Database(database_url)
    prepare(database)
    prepare(database)
    with database.engine.connect() as connection:
        assert connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one() == HEAD
        assert connection.execute(sa.text("SELECT count(*) FROM send_gate")).scalar_one() == 1
    database.close()


def test_many_processes_may_start_at_once(database_url: str) -> None:
    """Four starts at the same moment on an empty database: one makes the form, the others wait for it."""
    failures: list[Exception] = []

    def start() -> None:
        database = Database(database_url)
        try:
            prepare(database)
        except Exception as error:  # noqa: BLE001 - collected
            failures.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_every_revision_says_whether_it_comes_before_or_after() -> None:
    """A file's name is a number, then pre or post, then what it does."""
    for file in (FOLDER / "versions").glob("[0-9]*.py"):
        number, when, *what = Path(file).stem.split("_")
        assert number.isdigit()
        assert when in {"pre", "post"}
        assert what


def test_older_code_starts_on_a_newer_form(database_url: str) -> None:
    """In a rolling upgrade a process of the version before may start after the tables were brought to the next form."""
    database = Database(database_url)
    prepare(database)
    with database.transaction() as tx:
        tx.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    prepare(database)
    with database.snapshot() as tx:
        assert tx.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one() == "9999"
    database.close()
