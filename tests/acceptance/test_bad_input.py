"""Ten kinds of bad input, as whoever types `pilotage submit` meets them: a clear message, and nothing is lost.

Nothing is lost means: the doctor is content, every record that arrived is a case, a duplicate or in quarantine, and when
the obstacle is gone the same command completes what is missing. `LONG_LINE=2_000_000_000` tries the long line at full length.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from pilotage.cases.store import counting
from tests.acceptance.ground import Ground, until
from tests.databases import on_sqlite

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

LONG_LINE = int(os.environ.get("LONG_LINE", "400_000_000"))
BOUND = 250_000
"""Kilobytes of memory that taking in a file may cost, however long its lines are."""
HEADER = "id,text,number,day\n"


def submit(ground: Ground, file: Path, *words: str, code: int = 0) -> str:
    """What the command says; it ends with this code, and never with a traceback."""
    done = ground.run("submit", "ask", str(file), *words)
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == code, said
    assert "Traceback" not in said
    return said


def counts(ground: Ground) -> tuple[int, int, int]:
    """How many cases there are, how many records in quarantine, and how many were duplicates; the doctor is content."""
    arrived, whole = ground.well()["sums"]
    assert not arrived["missing"]
    assert not whole["missing"]
    return whole["left"]["accepted"], arrived["right"]["in quarantine"], arrived["right"]["duplicates"]


def cases(ground: Ground) -> int:
    """How many cases there are, read while somebody else writes."""
    try:
        with ground.database() as database, database.snapshot() as tx:
            return sum(count for _, _, count, _ in counting.places(tx))
    except Exception:  # noqa: BLE001 - the tables are not there yet
        return 0


@on_sqlite
def test_files_that_are_refused_as_a_whole(ground: Ground) -> None:
    """Empty, without a header, with too few columns, not there: each has its code, its words and what to do; nothing arrives."""
    empty, bare, narrow = (ground.root / name for name in ("empty.csv", "bare.csv", "narrow.csv"))
    empty.touch()
    bare.write_text("T1,please help,1,2026-01-02\nT2,please help,2,2026-01-02\n")
    narrow.write_text("id,number\nT1,1\n")
    said = submit(ground, empty, code=2)
    assert "PLT-306 empty.csv is empty. Look whether what wrote it has failed" in said
    said = submit(ground, bare, code=2)
    assert "PLT-310 The first line of bare.csv looks like data and not like column names: T1, please help" in said
    assert "Write the columns' names (id, text) as its first line" in said
    said = submit(ground, narrow, code=2)
    assert "PLT-313" in said
    assert "text" in said
    said = submit(ground, ground.root / "emty.csv", code=2)
    assert "PLT-302 There is no file emty.csv" in said
    assert "Did you mean empty.csv" in said
    assert counts(ground) == (0, 0, 0)
    bare.write_text(HEADER + bare.read_text())
    submit(ground, bare)
    assert counts(ground) == (2, 0, 0)


@on_sqlite
def test_a_file_in_another_encoding(ground: Ground) -> None:
    """What is not UTF-8 waits with its bytes, and the message names the encoding with which the rest comes in."""
    file = ground.root / "old.csv"
    file.write_bytes(f"{HEADER}T1,please,1,2026-01-02\nT2,Grüße,2,2026-01-02\n".encode("cp1252"))
    said = submit(ground, file)
    assert "`pilotage quarantine` says what is wrong with the quarantined records." in said
    assert counts(ground) == (1, 1, 0)
    (one,) = ground.ok("quarantine")["shapes"]
    assert "Not UTF-8: byte 0xFC at character 6; it looks like Windows-1252" in one["reason"]
    assert "--encoding cp1252" in one["reason"]
    submit(ground, file, "--encoding", "cp1252")
    assert counts(ground) == (2, 1, 1)


@on_sqlite
def test_a_csv_with_semicolons(ground: Ground) -> None:
    """It is read as what it is; whoever says that commas separate it is told which columns are missing."""
    file = ground.root / "semicolons.csv"
    file.write_text(HEADER.replace(",", ";") + "T1;please, help;1;2026-01-02\nT2;now;2;\n")
    said = submit(ground, file, "--delimiter", ",", code=2)
    assert "PLT-313" in said
    assert "semicolons" in said
    assert counts(ground) == (0, 0, 0)
    submit(ground, file)
    assert counts(ground) == (2, 0, 0)


def test_records_that_break_their_contract(ground: Ground) -> None:
    """A wrong type, a date that is none, a second record with the same key: each waits with its reason; one is corrected."""
    file = ground.root / "records.csv"
    file.write_text(
        HEADER + "T1,please,1,2026-01-02\nT2,please,many,2026-01-02\nT3,please,3,30.02.2026\n"
        "T1,please,1,2026-01-02\nT1,other words,1,2026-01-02\n"
    )
    said = submit(ground, file)
    assert "records.csv 5 1 1 3" in said
    assert "Duplicates are records that are here already, with the same key and the same content." in said
    assert counts(ground) == (1, 3, 1)
    kinds = {one["shape"].partition(":")[0]: one for one in ground.ok("quarantine")["shapes"]}
    assert kinds["number"]["reason"].startswith("number: Input should be a valid integer")
    assert kinds["day"]["reason"].startswith("day: Input should be a valid date")
    assert kinds["conflict"]["reason"] == 'The key "T1" came before with other content.'
    shown = ground.run("quarantine", "show", kinds["number"]["example"]).stdout
    assert "T2,please,many,2026-01-02" in shown
    ground.ok("quarantine", "release", kinds["number"]["example"], "--set", "number=2", "--reason", "meant two")
    assert counts(ground)[1] == 2
    submit(ground, file)
    arrived = ground.well()["sums"][0]
    assert arrived["left"] == {"arrived": 10}
    assert not arrived["missing"]


MEASURE = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print("peak", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""


def test_a_line_without_end(ground: Ground) -> None:
    """A line of gigabytes goes to quarantine as prefix, digest and byte range, in bounded memory; the next record goes on."""
    file = ground.root / "long.csv"
    with file.open("wb") as out:
        out.write(f'{HEADER}T1,please,1,2026-01-02\nT2,"'.encode())
        start = out.tell() - len('T2,"')
        out.seek(LONG_LINE)
        out.write(b"\nT3,please,3,2026-01-02\n")
    # A child's peak begins with its parent's memory at the fork, so a parent that is small starts and measures it.
    measured = subprocess.run(
        [sys.executable, "-c", MEASURE, *ground.command("submit", "ask", str(file))],
        env=ground.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert measured.returncode == 0, measured.stdout + measured.stderr
    peak = int(measured.stderr.rsplit("peak ", 1)[1])
    assert peak < BOUND, f"{peak:,} kB"
    assert counts(ground) == (2, 1, 0)
    (one,) = ground.ok("quarantine")["shapes"]
    shown = ground.ok("quarantine", "show", one["example"])
    assert (shown["start"], shown["end"]) == (start, LONG_LINE + 1)
    assert one["reason"].startswith("Longer than a record may be")


def test_a_file_that_is_deleted_while_it_is_read(ground: Ground) -> None:
    """The message says that it is gone; when it is back the same command goes on behind the last block."""
    rows = 20_000
    file = ground.file("away.csv", rows)
    process = ground.start("submit", "ask", str(file))
    until(lambda: cases(ground) >= 500, every=0.005, said=ground.logs)
    file.rename(file.with_suffix(".kept"))
    assert process.wait(60) == 2, ground.logs()
    said = " ".join(ground.logs().split())
    assert "PLT-316" in said
    assert "was deleted or moved away while it was read. Put it back and submit it again" in said
    assert "Traceback" not in said
    before, quarantined, duplicates = counts(ground)
    assert 500 <= before < rows
    assert quarantined == duplicates == 0
    assert "PLT-302" in submit(ground, file, code=2)
    file.with_suffix(".kept").rename(file)
    last = ground.ok("submit", "ask", str(file))
    assert (last["arrived"], last["duplicates"]) == (rows - before, 0)
    assert counts(ground) == (rows, 0, 0)


def test_a_disk_that_is_full(ground: Ground, small_disk: Path) -> None:
    """The message says that the disk is full; what was committed is there, and with room the same command completes it."""
    rows = 60_000
    file = ground.file("much.csv", rows)
    with (ground.root / "pyproject.toml").open("a") as project:
        project.write("disk-share = 1\n")  # otherwise intake pauses before the disk is full
    said = submit(ground, file, code=2)
    assert "PLT-931 The disk is full" in said
    assert "Make room, then do the same again: what was committed is safe." in said
    before = cases(ground)
    assert 0 < before < rows
    subprocess.run(["mount", "-o", "remount,size=200m", str(small_disk)], check=True)
    assert counts(ground) == (before, 0, 0)
    last = ground.ok("submit", "ask", str(file))
    assert (last["arrived"], last["duplicates"]) == (rows - before, 0)
    assert counts(ground) == (rows, 0, 0)


@pytest.fixture
def small_disk(ground: Ground, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A disk of a few megabytes on which the ground's database lies. To make one is root's right."""
    if ground.database_url.startswith("sqlite"):
        with mounted(tmp_path / "disk", "3m") as disk:
            ground.database_url = f"sqlite:///{disk / 'full.db'}"
            yield disk
        return
    server = request.getfixturevalue("postgres_server")
    owner = (server.folder / "data").stat()
    with (
        mounted(server.folder / "disk", "13m") as disk,
        psycopg.connect(server.administration, autocommit=True) as there,
    ):
        os.chown(disk, owner.st_uid, owner.st_gid)
        there.execute(f"CREATE TABLESPACE small LOCATION '{disk}'")
        there.execute("CREATE DATABASE full_disk TEMPLATE template0 TABLESPACE small")
        try:
            ground.database_url = server.url("full_disk")
            yield disk
        finally:
            there.execute("DROP DATABASE full_disk WITH (FORCE)")
            there.execute("DROP TABLESPACE small")


@contextmanager
def mounted(folder: Path, size: str) -> Iterator[Path]:
    """A file system of this size in memory, for the block."""
    folder.mkdir()
    try:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True, capture_output=True
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("only root can mount a small disk, and not everywhere")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
