"""An engine begins on a database that others write to without pause."""

import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from pilotage.machinery.engine.dbos import DbosEngine
from pilotage.machinery.storage.database import Database

pytestmark = pytest.mark.slow


def test_an_engine_makes_its_tables_while_others_write(tmp_path: Path) -> None:
    """SQLite refuses a transaction that reads before it writes when somebody wrote in between: ours writes from the start."""
    database = Database(f"sqlite:///{tmp_path / 'busy.sqlite'}")
    busy = sa.Table("busy", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True))
    with database.transaction() as tx:
        busy.create(tx)
    stop = threading.Event()

    def write() -> None:
        while not stop.wait(0.0005):
            with database.transaction() as tx:
                tx.execute(busy.insert())

    writers = [threading.Thread(target=write) for _ in range(3)]
    for writer in writers:
        writer.start()
    try:
        engine = DbosEngine(database, "one-life")
        with database.snapshot() as tx:
            assert "datasource_outputs" in sa.inspect(tx).get_table_names()
        engine.close(within=5)
    finally:
        stop.set()
        for writer in writers:
            writer.join()
        database.close()
