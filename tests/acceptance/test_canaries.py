"""Each way in which a secret may be shown has a canary of its own, and each output is searched for all of them."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from zipfile import ZipFile

import pytest
from aiosmtpd.controller import Controller
from fastapi.testclient import TestClient

from pilotage import __main__ as top
from pilotage.machinery.web.values import WebSettings
from pilotage.opening import open_platform
from tests.acceptance.canary_project import AUTOMATION, desk
from tests.credentials.test_canaries import dump, forms
from tests.dovecot import free_port

pytestmark = [pytest.mark.slow, pytest.mark.peers, pytest.mark.timeout(900)]

CHANNELS: Final = {
    "held": "the services say it back, in body, header and reason",
    "raised": "a step raises an exception with it",
    "chained": "an exception behind an exception, in base64 and percent-encoded",
    "retried": "a transient failure, tried again until it is a dead letter",
    "printed": "a step prints the repr of a header, and JSON",
    "logged": "an author's logger, in its words and as a detail",
    "warned": "a warning of Python's",
    "dying": "an exception that nobody can catch",
    "path": "the path of a call to a service whose it is not",
    "address": "the path and the query of a call to its own service, which fails",
    "query": "a parameter of a call to a service whose it is not",
    "header": "a header of a client that is not ours",
    "prompt": "what a model is asked about",
    "file": "the file of a prompt",
    "webhook": "the body of a webhook out",
    "subject": "the subject of a mail",
    "letter": "the text of a mail",
    "attached": "the name of a file in a mail",
    "record": "a record that came in with it",
}
"""Where it is planted."""

OUTPUTS: Final = {
    "services": "what the services, the model among them, were sent beside their own credential",
    "mails": "what the mail server was sent",
    "logs": "standard output and standard error of every process that works, at the level of debug",
    "tables": "every value of every table",
    "files": "what lies in the project's folder: the database, traces, recorded answers",
    "commands": "status, connections, limits, case (--raw, --json), inbox, quarantine, doctor, audit, secret ...",
    "pages": "Today, the cases, each case, in a process that holds the secrets",
    "export": "the whole platform in one file",
    "archive": "the ended cases in one file",
    "rehearsal": "the report of a rehearsal on recorded answers, as JSON",
}
"""Where it is looked for."""

AS_IT_CAME: Final = {"tables", "files", "commands", "export", "archive", "rehearsal"}
"""A record is kept as it came, and shown so by processes that hold no secret: `pilotage secret scan --stored` finds it."""

COMMANDS: Final = (
    "status", "inbox", "doctor", "audit", "secret list", "secret grants", "quarantine", "connections", "limits"
)  # fmt: skip


def canary(channel: str) -> str:
    """The value that is planted there."""
    return f"cAnArY/{channel}+4c7e&9b1f"


class Scene:
    """The project, and all that was seen of it."""

    def __init__(self, folder: Path, database_url: str, settings: dict[str, str]) -> None:
        self.folder, self.database_url = folder, database_url
        self.received: list[bytes] = []
        self.mails: list[bytes] = []
        self.seen: dict[str, list[tuple[str, bytes]]] = {name: [] for name in OUTPUTS}
        tokens = {f"{name.upper()}_TOKEN": canary(name) for name in CHANNELS}
        self.environment = {
            **os.environ,
            **tokens,
            "HOOK_KEY": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "PILOTAGE_DATABASE_URL": database_url,
            "PILOTAGE_LOG": "debug",
            "PILOTAGE_RECORD": str(folder / "recorded.jsonl"),
        }
        lines = [f'{name} = "{value}"' for name, value in settings.items()]
        (folder / "pyproject.toml").write_text(
            '[tool.pilotage]\nautomations = ["orders:orders"]\n[tool.pilotage.telemetry]\nfile = "traces.jsonl"\n'
            "[tool.pilotage.settings.dev]\n" + "\n".join(lines)
        )
        (folder / "orders.py").write_text(AUTOMATION.replace("in CHANNELS", f"in {tuple(CHANNELS)}"))
        words = f"---\nversion: 1\ndata: text\n---\nHow big is the order in {{text}}? The key is {canary('file')}.\n"
        (folder / "question.md").write_text(words)
        records = [
            {"id": f"O-{name}", "kind": name, "note": canary(name) if name == "record" else "one piece"}
            for name in CHANNELS
        ]
        (folder / "orders.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records))

    def call(self, output: str, *words: str, codes: tuple[int, ...] = (0, 1)) -> bytes:
        """What a command says, in a process of its own."""
        done = subprocess.run(
            [sys.executable, "-m", "pilotage", *words],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=self.environment,
            check=False,
            timeout=400,
        )
        assert done.returncode in codes, done.stderr.decode()[-3000:]
        self.seen[output].append((" ".join(words), done.stdout + done.stderr))
        return done.stdout

    def note(self, output: str, name: str, data: bytes) -> None:
        """Something that was seen."""
        self.seen[output].append((name, data))

    def leaks(self) -> Iterator[str]:
        """Each canary that is where it should not be."""
        for output, found in self.seen.items():
            for channel in CHANNELS:
                if channel == "record" and output in AS_IT_CAME:
                    continue
                for form in forms(canary(channel)):
                    for name, data in found:
                        where = data.find(form)
                        if where >= 0:
                            yield f"{channel} in {output} ({name}): {data[max(0, where - 90) : where + 60]!r}"


@pytest.fixture
def scene(database_url: str, tmp_path: Path) -> Iterator[Scene]:
    """The project with its services, on both databases."""
    mails: list[bytes] = []

    class Post:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - the library's name
            await asyncio.sleep(0)
            mails.append(envelope.content)
            return "250 Taken over"

    port = free_port()
    server = Controller(Post(), hostname="127.0.0.1", port=port)
    server.start()
    try:
        with desk() as (url, received):
            made = Scene(tmp_path, database_url, {"desk-url": url, "mail-url": f"smtp://127.0.0.1:{port}"})
            made.received, made.mails = received, mails
            yield made
    finally:
        server.stop()


def browse(scene: Scene, cases: list[str]) -> None:
    """Look at the pages of a process that holds every secret."""
    with open_platform(scene.folder) as platform:
        for name in CHANNELS:
            platform.secrets.held(f"{name}-token")
        browser = TestClient(platform.site(WebSettings(token="begin-with-this")), base_url="http://127.0.0.1:8000")
        for path in ("/?token=begin-with-this", "/cases"):
            page = browser.get(path)
            assert page.status_code == 200, page.text
            scene.note("pages", path, page.content + str(page.headers).encode())
        for case in cases:
            page = browser.get(f"/cases/{case}")
            assert page.status_code == 200, (case, page.text)
            scene.note("pages", case, page.content)


def search(scene: Scene, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """Take the records in, work, and look at everything; where each case ended."""

    def here(*words: str) -> bytes:
        """What a command says that starts nothing, in this process."""
        capsys.readouterr()
        assert top.main(words) in {0, 1}, capsys.readouterr().err
        said = capsys.readouterr()
        scene.note("commands", " ".join(words), (said.out + said.err).encode())
        return said.out.encode()

    for name, value in scene.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("PILOTAGE_RECORD")
    monkeypatch.syspath_prepend(scene.folder)
    monkeypatch.chdir(scene.folder)
    scene.call("logs", "submit", "orders", "orders.jsonl")
    scene.call("logs", "run")
    for words in COMMANDS:
        here(*words.split())
        here(*words.split(), "--json")
    places: dict[str, str] = {}
    found: list[str] = []
    for channel in CHANNELS:
        told = json.loads(here("case", f"O-{channel}", "--json").split(b"\n", 1)[0])
        places[channel] = told["place"]
        found.append(str(told.get("case", told.get("id"))))
        here("case", f"O-{channel}", "--raw")
    browse(scene, found)
    scene.note("tables", "every table", dump(scene.database_url))
    scene.call("logs", "export", "out.zip")
    with ZipFile(scene.folder / "out.zip") as pack:
        scene.note("export", "out.zip", b"\n".join(pack.read(name) for name in pack.namelist()))
    scene.call("rehearsal", "rehearse", "orders", "orders.jsonl", "--answers", "recorded.jsonl", "--json")
    scene.call("logs", "archive", "old.jsonl", "--older-than", "0s")
    scene.note("archive", "old.jsonl", (scene.folder / "old.jsonl").read_bytes())
    planted = {"question.md", "orders.jsonl", "out.zip", "old.jsonl"}
    for file in scene.folder.rglob("*"):
        if file.is_file() and file.name not in planted:
            scene.note("files", file.name, file.read_bytes())
    scene.note("services", "received", b"\n".join(scene.received))
    scene.note("mails", "received", b"\n".join(scene.mails))
    assert scene.received
    assert scene.mails
    return places


def test_no_canary_is_found_in_any_output(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every channel times every output; what would carry one outside was not sent at all."""
    places = search(scene, monkeypatch, capsys)
    assert list(scene.leaks()) == []
    for channel in (
        "raised",
        "chained",
        "retried",
        "path",
        "query",
        "header",
        "webhook",
        "subject",
        "letter",
        "attached",
        "record",
    ):
        assert places[channel] == "dead letter", (channel, places)
    for channel in ("held", "printed", "logged", "warned", "dying", "prompt", "file"):
        assert places[channel] == "done", (channel, places)
    assert not [name for name, found in scene.seen.items() if not found], "an output was not looked at"
