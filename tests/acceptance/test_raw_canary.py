"""A service that says back whatever it was sent: what is kept of its answers holds no secret, in no form and no column."""

import base64
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
import sqlalchemy as sa

from pilotage.cases.tables import raw_responses
from pilotage.credentials import store as credentials
from pilotage.migrations import metadata
from tests.acceptance import assigning
from tests.acceptance.test_desk_down import OverHttp

pytestmark = pytest.mark.slow

CANARY = "canary-9f/Kx+42&Zq=%7d"
FORMS = {
    CANARY,
    quote(CANARY),
    quote(CANARY, safe=""),
    quote_plus(CANARY),
    base64.b64encode(CANARY.encode()).decode(),
    json.dumps(CANARY)[1:-1].replace("/", "\\/"),
}
KEPT = 64 * 1024


class Echo(http.server.BaseHTTPRequestHandler):
    """It answers 500, and says back whatever it knows of the request and its secret."""

    seen: list[str]
    body: bytes

    def do_POST(self) -> None:
        """Say it all."""
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.seen.append(self.headers["Authorization"])
        told = {"headers": dict(self.headers), "url": f"{self.path}?token={quote(CANARY)}"}
        body = "\n".join([json.dumps(told), *sorted(FORMS)]).encode() + self.body
        self.send_response(500, CANARY.replace("%", ""))
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Echo", self.headers["Authorization"])
        self.send_header("Set-Cookie", f"session={CANARY}; Path=/")
        self.send_header("Location", f"https://desk.example/?key={quote(CANARY, safe='')}")
        self.send_header("Authorization", self.headers["Authorization"])
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


@contextmanager
def echo(body: bytes) -> Iterator[tuple[str, list[str]]]:
    """Such a service on this machine; its address, and the credentials it saw."""
    seen = list[str]()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("One", (Echo,), {"seen": seen, "body": body}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def everything_in(platform: OverHttp) -> list[tuple[str, str, bytes]]:
    """Every value of every table: where it stands, and as bytes."""
    found = list[tuple[str, str, bytes]]()
    with platform.inner.database.snapshot() as tx:
        for table in metadata.tables.values():
            for row in tx.execute(sa.select(table)).mappings():
                found += [(table.name, str(column), _bytes(value)) for column, value in row.items()]
    return found


def _bytes(value: Any) -> bytes:
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()


@pytest.mark.parametrize("before_the_cut", [0, 10])
def test_what_is_kept_of_an_answer_holds_no_secret(
    database_url: str, monkeypatch: pytest.MonkeyPatch, before_the_cut: int
) -> None:
    """Headers, cookies, an echo of the request, its address, at the place where it is cut: nothing of it, anywhere."""
    monkeypatch.setenv("HELPDESK_TOKEN", CANARY)
    filling = b"x" * (KEPT - before_the_cut - 1_500) + CANARY.encode() * 300 if before_the_cut else b""
    with echo(filling) as (url, seen):
        settings = {"helpdesk-url": url}
        with OverHttp(assigning.safe, settings=settings, database_url=database_url) as platform:
            with platform.inner.database.transaction() as tx:
                who = {"granted_at": 1, "granted_by": "tester", "known": "test", "revoked_at": None, "changed_at": 1}
                credentials.grant(tx, {"secret": "helpdesk-token", "automation": "safe", **who})
            platform.submit(assigning.safe, {"id": "T1", "text": "help"})
            platform.settle()
            assert seen == [f"Bearer {CANARY}"]
            with platform.inner.database.snapshot() as tx:
                (kept,) = tx.execute(sa.select(raw_responses)).all()
            assert kept.status == 500
            assert len(kept.body) <= KEPT
            assert b"Idempotency-Key" in bytes(kept.body), "what is no secret is kept"
            for table, column, value in everything_in(platform):
                for form in FORMS:
                    assert form.encode() not in value, f"{table}.{column} holds {form}"
                part = value[max(0, value.find(b"canary-9f")) :][:60]
                assert b"canary-9f" not in value, f"{table}.{column} holds {part!r}"
