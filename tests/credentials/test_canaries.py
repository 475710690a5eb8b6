"""Canaries are planted wherever a credential can come back to us, and looked for in everything that is written or shown."""

import base64
import html
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final
from urllib.parse import quote, quote_plus
from zipfile import ZipFile

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from pilotage import __main__ as top
from pilotage.machinery.storage.database import Database
from pilotage.machinery.web.values import WebSettings
from pilotage.opening import open_platform

CANARY: Final = "cAnArY/4c7e+x&9b1f-LIVE"
NEXT: Final = "cAnArY/second+y&77-LIVE"

AUTOMATION: Final = '''
import pilotage as pl
from pydantic import BaseModel
from datetime import timedelta

class Order(BaseModel):
    id: str
    kind: str

class Echo(BaseModel):
    said: str

class Sent(BaseModel):
    said: str

desk = pl.Connection("desk", base_url=pl.Setting("desk-url"), credential=pl.Secret("desk-token", max_age="90d"))

@pl.compute(through=desk)
async def look(order: Order) -> Echo:
    """What the desk knows."""
    echo = await desk.get(f"/look/{order.kind}", expect=Echo, params={"token": "x"})
    if order.kind == "raises":
        raise ValueError(f"the author shows what came: {echo.said}")
    return echo

@pl.act(through=desk, undo=pl.CannotUndo("it is sent"))
async def send(order: Order, echo: Echo) -> Sent:
    """Send it."""
    sent = await desk.post(f"/send/{order.kind}", json={"id": order.id, "echo": echo.said}, expect=Sent)
    if order.kind == "fails-after":
        raise RuntimeError(f"afterwards: {sent.said}")
    return sent

orders = pl.Automation(
    "orders", purpose="Orders reach the desk.", takes=Order, gives=Sent, key=lambda order: order.id,
    owner=pl.Role("desk lead"), process=pl.Path(look, send),
)
'''
LOOKING: Final = (
    "status",
    "inbox",
    "doctor",
    "audit",
    "secret list",
    "secret grants",
    "quarantine",
    "connections",
    "limits",
)
KINDS: Final = ("fine", "raises", "refused", "broken", "lost", "fails-after", "throttled", "header", "html")


class _Desk(BaseHTTPRequestHandler):
    """A service that gives back, in many forms, what it was sent."""

    def _answer(self) -> None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        length = int(self.headers.get("Content-Length", "0"))
        self.rfile.read(length)
        forms = f"{token} {quote(token, safe='')} {base64.b64encode(f'user:{token}'.encode()).decode()}"
        acts, kind = self.command == "POST", self.path.split("?")[0].rsplit("/", 1)[-1]
        status = {"refused": 422, "broken": 200, "lost": 500, "throttled": 429}.get(kind, 200) if acts else 200
        body = json.dumps({"said": forms}).encode()
        if acts and kind == "broken":
            body = json.dumps({"unexpected": forms}).encode()
        if acts and kind == "html":
            status, body = 503, f"<h1>{html.escape(forms)}</h1>".encode()
        self.send_response(status, f"No {token}")
        self.send_header("Content-Type", "application/json")
        self.send_header("X-You-Sent", token)
        self.send_header("Location", f"https://elsewhere.test/?t={quote(token, safe='')}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _answer  # noqa: N815 - the names that the library calls

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


@pytest.fixture
def desk() -> Iterator[str]:
    """Where it listens."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Desk)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def forms(value: str) -> list[bytes]:
    """How a value may stand in what is written."""
    plain = value.encode()
    found = {value, quote(value, safe=""), quote(value), quote_plus(value), html.escape(value), json.dumps(value)[1:-1]}
    texts = [base64.b64encode(b"\0" * before + plain).decode() for before in range(3)]
    inner = {text[4 if before else 0 : (before + len(plain)) * 8 // 6 - 1] for before, text in enumerate(texts)}
    return [form.encode() for form in found | inner]


def assert_clean(name: str, data: bytes) -> None:
    """No canary is in it."""
    for value in (CANARY, NEXT):
        for form in forms(value):
            where = data.find(form)
            assert where < 0, f"{name}: {data[max(0, where - 200) : where + 100]!r}"


def dump(url: str) -> bytes:
    """Every value of every table, as text; bytes as they are."""
    database = Database(url)
    found: list[bytes] = []
    with database.engine.connect() as connection:
        for table in sa.inspect(connection).get_table_names():
            for row in connection.execute(sa.text(f'SELECT * FROM "{table}"')):
                found += [one if isinstance(one, bytes) else str(one).encode() for one in row]
    database.close()
    return b"\n".join(found)


def page_of_today(folder: Path) -> bytes:
    """What a browser is given by a process that holds the secret."""
    with open_platform(folder) as platform:
        platform.secrets.held("desk-token")
        site = platform.site(WebSettings(token="start-of-the-test"))
        page = TestClient(site, base_url="http://127.0.0.1:8000").get("/?token=start-of-the-test")
    assert page.status_code == 200, page.text
    return page.content


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_no_canary_is_found_in_anything(
    desk: str, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Answers, errors, dead letters, retries, logs, pages' data, exports and the database itself."""
    (tmp_path / "pyproject.toml").write_text(
        '[tool.pilotage]\nautomations = ["orders:orders"]\n[tool.pilotage.settings.dev]\n' + f'desk-url = "{desk}"\n'
    )
    (tmp_path / "orders.py").write_text(AUTOMATION)
    (tmp_path / "orders.jsonl").write_text(
        "".join(json.dumps({"id": f"O-{kind}", "kind": kind}) + "\n" for kind in KINDS)
    )
    said: dict[str, bytes] = {}

    def pilotage(*words: str, given: str | None = None) -> bytes:
        done = subprocess.run(
            [sys.executable, "-m", "pilotage", *words],
            cwd=tmp_path,
            input=given.encode() if given is not None else None,
            stdin=subprocess.DEVNULL if given is None else None,
            capture_output=True,
            env={**os.environ, "PILOTAGE_DATABASE_URL": database_url, "PILOTAGE_LOG": "debug"},
            check=False,
            timeout=240,
        )
        assert done.returncode in {0, 1}, done.stderr.decode()[-3000:]
        said[" ".join(words)] = done.stdout + done.stderr
        return done.stdout

    def here(*words: str) -> None:
        """The same in this process, which starts nothing."""
        capsys.readouterr()
        assert top.main(words) in {0, 1}
        shown = capsys.readouterr()
        said[" ".join(words)] = (shown.out + shown.err).encode()

    monkeypatch.setenv("PILOTAGE_DATABASE_URL", database_url)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    pilotage("secret", "init")
    pilotage("secret", "set", "desk-token", given=CANARY)
    pilotage("submit", "orders", "orders.jsonl")
    pilotage("run")
    pilotage("secret", "rotate", "desk-token", given=NEXT)
    pilotage("run")
    pilotage("secret", "retire", "desk-token", "--now")
    for words in (*LOOKING, "secret who desk-token"):
        here(*words.split())
        here(*words.split(), "--json")
    for kind in KINDS:
        here("case", f"O-{kind}")
        here("case", f"O-{kind}", "--json")
        here("case", f"O-{kind}", "--raw")
    said["the page of today"] = page_of_today(tmp_path)
    here("export", "out.zip")
    with ZipFile(tmp_path / "out.zip") as pack:
        said["export"] = b"\n".join(pack.read(name) for name in pack.namelist())
    states = {kind: json.loads(said[f"case O-{kind} --json"].split(b"\n", 1)[0])["place"] for kind in KINDS}
    assert states["fine"] == "done", states
    assert states["raises"] == "dead letter", states
    assert b"[redacted]" in said["case O-raises"]
    for name, data in said.items():
        assert_clean(name, data)
    assert_clean("the tables", dump(database_url))
    if database_url.startswith("sqlite"):
        for file in tmp_path.glob("pilotage.sqlite*"):
            assert_clean(file.name, file.read_bytes())
    keys = tmp_path / ".pilotage" / "keys"
    for file in (tmp_path / ".pilotage").rglob("*"):
        if file.is_file() and keys not in file.parents:
            assert_clean(str(file), file.read_bytes())
    shutil.rmtree(keys)


def test_a_canary_would_be_found() -> None:
    """The search sees each form."""
    for text in (
        CANARY,
        quote(CANARY, safe=""),
        html.escape(CANARY),
        base64.b64encode(b"user:" + CANARY.encode()).decode(),
    ):
        with pytest.raises(AssertionError):
            assert_clean("here", f"xx {text} yy".encode())
