"""The floor: the same durable writes and the same validation, written by hand for this one thing, without an engine.

Per block: the records are validated and stored (case row, content, first entry of the timeline) and committed; then the
four steps run and what they gave is stored (content, place, second entry) and committed. There is no queue, nobody else
can take over, and a crash in between leaves cases that nobody picks up: it says what the writes and the validation alone
cost, not what the same safety costs.
"""

import hashlib
import json
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic_core import to_json

from benchmarks import work
from benchmarks.contender import Contender
from benchmarks.databases import sqlite_file

_HOW = (
    "One process, one thread, stdlib sqlite3 (WAL, synchronous FULL) or psycopg {psycopg} (COPY for new rows, binary arrays for changed ones); "
    "case row with unique key and digest, content, outcomes, two timeline entries; "
)
CONTENDERS = [
    Contender(
        name="floor", module=__name__, records=40_000, quick=10_000, settings={"block": 500}, packages=("psycopg",),
        how=_HOW + "two commits for each block of 500 records.",
    ),
    Contender(
        name="floor_commit_per_record", module=__name__, records=1_500, settings={"block": 1}, packages=("psycopg",),
        how=_HOW + "two commits for each record.",
    ),
]  # fmt: skip

_TABLES = (
    (
        "CREATE TABLE cases (id bigint PRIMARY KEY, automation text NOT NULL, key text NOT NULL, digest text NOT NULL, "
        "place text NOT NULL, accepted_at bigint NOT NULL, changed_at bigint NOT NULL, UNIQUE (automation, key))"
    ),
    "CREATE TABLE content (case_id bigint PRIMARY KEY, record text NOT NULL, given text)",
    (
        "CREATE TABLE timeline (case_id bigint NOT NULL, id bigint NOT NULL, at bigint NOT NULL, story text NOT NULL, "
        "PRIMARY KEY (case_id, id))"
    ),
)
_STORY = json.dumps([["went", one, "gave"] for one in ("clean", "sort", "price", "answer")])
_REQUEST = TypeAdapter(work.Request)
Row = tuple[Any, ...]


def measure(url: str, number: int, block: int) -> dict[str, float]:
    """Seconds from the file until every case is done."""
    store = _Sqlite(sqlite_file(url)) if url.startswith("sqlite") else _Postgres(url)
    with tempfile.TemporaryDirectory() as folder:
        file = work.write(Path(folder) / "records.jsonl", number)
        begun = time.perf_counter()
        at = 0
        lines: list[bytes] = []
        with file.open("rb") as source:
            for line in source:
                lines.append(line)
                if len(lines) == block:
                    at = _handle(store, lines, at)
                    lines = []
            if lines:
                _handle(store, lines, at)
        seconds = time.perf_counter() - begun
    assert store.done() == number
    return {"seconds": seconds, "number": number}


def _handle(store: "_Sqlite | _Postgres", lines: Sequence[bytes], first: int) -> int:
    now = time.time_ns() // 1000
    requests = [_REQUEST.validate_json(line) for line in lines]
    texts = [to_json(request.model_dump(mode="json")).decode() for request in requests]
    digests = [hashlib.blake2b(text.encode(), digest_size=16).hexdigest() for text in texts]
    ids = range(first, first + len(requests))
    store.add(
        [
            (number, "requests", request.id, digest, "moving", now, now)
            for number, request, digest in zip(ids, requests, digests, strict=True)
        ],
        list(zip(ids, texts, strict=True)),
        [(number, 0, now, '[["arrived"]]') for number in ids],
    )
    given = [to_json(_steps(request)).decode() for request in requests]
    now = time.time_ns() // 1000
    store.end(
        list(zip(given, ids, strict=True)),
        [("done", now, number) for number in ids],
        [(number, 1, now, _STORY) for number in ids],
    )
    return first + len(requests)


def _steps(request: work.Request) -> dict[str, object]:
    cleaned = work.clean(request)
    sorting = work.sort(cleaned)
    priced = work.price(request, sorting)
    answered = work.answer(request, sorting, priced)
    gave: dict[str, BaseModel] = {"clean": cleaned, "sort": sorting, "price": priced, "answer": answered}
    return {name: value.model_dump(mode="json") for name, value in gave.items()}


class _Sqlite:
    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-65536", "temp_store=MEMORY"):
            self._connection.execute(f"PRAGMA {pragma}")
        for table in _TABLES:
            self._connection.execute(table.replace("id bigint PRIMARY KEY", "id integer PRIMARY KEY"))

    def add(self, cases: Sequence[Row], contents: Sequence[Row], told: Sequence[Row]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany("INSERT INTO cases VALUES (?, ?, ?, ?, ?, ?, ?)", cases)
        self._connection.executemany("INSERT INTO content VALUES (?, ?, NULL)", contents)
        self._connection.executemany("INSERT INTO timeline VALUES (?, ?, ?, ?)", told)
        self._connection.execute("COMMIT")

    def end(self, given: Sequence[Row], places: Sequence[Row], told: Sequence[Row]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany("UPDATE content SET given = ? WHERE case_id = ?", given)
        self._connection.executemany("UPDATE cases SET place = ?, changed_at = ? WHERE id = ?", places)
        self._connection.executemany("INSERT INTO timeline VALUES (?, ?, ?, ?)", told)
        self._connection.execute("COMMIT")

    def done(self) -> int:
        return self._connection.execute("SELECT count(*) FROM cases WHERE place = 'done'").fetchone()[0]


class _Postgres:
    def __init__(self, url: str) -> None:
        import psycopg

        self._connection = psycopg.connect(url, autocommit=True, prepare_threshold=2)
        for table in _TABLES:
            self._connection.execute(table)

    def add(self, cases: Sequence[Row], contents: Sequence[Row], told: Sequence[Row]) -> None:
        if len(cases) == 1:
            with self._connection.pipeline(), self._connection.transaction():
                self._connection.execute("INSERT INTO cases VALUES (%b, %b, %b, %b, %b, %b, %b)", cases[0])
                self._connection.execute("INSERT INTO content VALUES (%b, %b, NULL)", contents[0])
                self._connection.execute("INSERT INTO timeline VALUES (%b, %b, %b, %b)", told[0])
            return
        with self._connection.transaction():
            self._copy("cases", cases)
            self._copy("content (case_id, record)", contents)
            self._copy("timeline", told)

    def end(self, given: Sequence[Row], places: Sequence[Row], told: Sequence[Row]) -> None:
        with self._connection.pipeline(), self._connection.transaction():
            self._many(
                "UPDATE content c SET given = n.g FROM unnest(%b::text[], %b::bigint[]) AS n(g, i) "
                "WHERE c.case_id = n.i",
                given,
            )
            self._many(
                "UPDATE cases c SET place = n.p, changed_at = n.t "
                "FROM unnest(%b::text[], %b::bigint[], %b::bigint[]) AS n(p, t, i) WHERE c.id = n.i",
                places,
            )
            self._many(
                "INSERT INTO timeline SELECT * FROM unnest(%b::bigint[], %b::bigint[], %b::bigint[], %b::text[])", told
            )

    def _copy(self, table: str, rows: Sequence[Row]) -> None:
        with self._connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copying:
            for row in rows:
                copying.write_row(row)

    def _many(self, text: str, rows: Sequence[Row]) -> None:
        self._connection.execute(text, [list(column) for column in zip(*rows, strict=True)])

    def done(self) -> int:
        found = self._connection.execute("SELECT count(*) FROM cases WHERE place = 'done'").fetchone()
        return found[0] if found else 0
