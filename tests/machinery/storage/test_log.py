"""SQLite's log of changes stays short."""

from pathlib import Path

from pilotage.machinery.storage.database import LONG_LOG, Database


def write(database: Database, megabytes: int) -> None:
    """So many megabytes of changes."""
    with database.transaction() as tx:
        tx.exec_driver_sql("CREATE TABLE IF NOT EXISTS words (word BLOB)")
        tx.exec_driver_sql("INSERT INTO words VALUES (?)", [(bytes(1 << 20),)] * megabytes)


def test_a_long_log_is_emptied_although_somebody_reads_now_and_then(tmp_path: Path) -> None:
    """A reader keeps the log from beginning anew; when the reader is gone, the log is brought in and made empty."""
    database = Database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    log = tmp_path / "a.sqlite-wal"
    write(database, 1)
    assert database.shorten_log() == 0
    with database.snapshot() as reading:
        reading.exec_driver_sql("SELECT count(*) FROM words").scalar_one()
        write(database, (LONG_LOG >> 20) + 1)
        assert database.shorten_log() == 0
        assert log.stat().st_size > LONG_LOG
    assert database.shorten_log() == 1
    assert log.stat().st_size == 0
    write(database, 1)
    with database.snapshot() as tx:
        assert tx.exec_driver_sql("SELECT count(*) FROM words").scalar_one() == 2 + (LONG_LOG >> 20) + 1
    database.close()
