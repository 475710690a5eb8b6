"""A small project in a folder of its own, the command line on it, and the box to which its effects go."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pilotage as pl

SOURCE = str(Path(pl.__file__).parent.parent)

PYPROJECT = """\
[tool.pilotage]
automations = ["orders.way:orders"]
include = ["prompts/*.txt"]
"""

CONTRACTS = """\
from enum import Enum

from pydantic import BaseModel, field_validator


class Order(BaseModel):
    id: str
    amount: int


class Size(Enum):
    SMALL = "{small}"
    LARGE = "{large}"


class Sent(BaseModel):
    said: str
"""

WAY = '''\
from pathlib import Path

import pilotage as pl
from orders.contracts import Order, Sent, Size
from shared_words import greeting

clerk = pl.Role("clerk")
boss = pl.Role("boss")
box = pl.Connection("box", base_url=pl.Setting("box-url"))
word = pl.Artifact("word.txt", load=lambda path: path.read_text().strip())


@pl.judge
def size(order: Order) -> pl.Judgement[Size]:
    """How large it is; seven is neither."""
    large = Size.LARGE if order.amount > 10 else Size.SMALL
    return pl.Judgement(large, confidence=0.5 if order.amount == 7 else 0.99)


async def find(effect: pl.Effect) -> Sent | None:
    """Ask the box whether it was said."""
    return await box.find("/said", params={"key": effect.key}, expect=Sent)


@pl.act(through=box, undo=pl.CannotUndo("said is said"), reconcile=find)
async def say(order: Order, size: Size) -> Sent:
    """Say it."""
    words = {"order": order.id, "size": size.value, "word": word.value, "greeting": greeting(), "code": CODE}
    return await box.post("/say", json=words, expect=Sent)


CODE = "{code}"

orders = pl.Automation(
    "orders",
    purpose="Every order is said.",
    takes=Order,
    gives=Sent,
    key=lambda order: order.id,
    owner=boss,
    process=pl.Path(size.alone(above=0.8, otherwise=pl.Ask(clerk, within="4h", then=boss)), say),
)
'''


@dataclass
class Project:
    """A project's folder, and `pilotage` in it."""

    root: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def write(self, code: str, *, small: str = "small", large: str = "large", layout: str = "src") -> None:
        """The project's files, with something in each of them that tells versions apart."""
        top = self.root / layout
        (top / "orders").mkdir(parents=True, exist_ok=True)
        (self.root / "prompts").mkdir(exist_ok=True)
        (self.root / "pyproject.toml").write_text(PYPROJECT)
        (self.root / "prompts" / "say.txt").write_text(f"say {code}")
        (top / "orders" / "__init__.py").touch()
        (top / "orders" / "contracts.py").write_text(CONTRACTS.format(small=small, large=large))
        (top / "orders" / "way.py").write_text(WAY.replace("{code}", code))
        (top / "orders" / "word.txt").write_text(code)
        (top / "shared_words.py").write_text(f"def greeting():\n    return 'hello {code}'\n")

    def submit(self, name: str, amounts: Mapping[str, int]) -> dict[str, Any]:
        """Submit a file of orders."""
        file = self.root / f"{name}.csv"
        file.write_text("id,amount\n" + "".join(f"{key},{amount}\n" for key, amount in amounts.items()))
        return self.ok("submit", "orders", str(file))

    def command(self, *words: str) -> list[str]:
        """The words that start a command in this project."""
        return [sys.executable, "-P", "-m", "pilotage", *words, "--project", str(self.root)]

    def environment(self) -> dict[str, str]:
        """The environment variables of the commands."""
        return {**os.environ, "PYTHONPATH": SOURCE, **self.variables}

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self.command(*words),
            env=self.environment(),
            cwd=self.root,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def ok(self, *words: str) -> dict[str, Any]:
        """What a command that must go well answers with --json."""
        done = self.run(*words, "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def refused(self, *words: str) -> dict[str, Any]:
        """The error of a command that must be refused."""
        done = self.run(*words, "--json")
        assert done.returncode == 2, done.stdout + done.stderr
        return json.loads(done.stdout)["error"]

    @contextmanager
    def background(self, *words: str) -> Iterator[subprocess.Popen[bytes]]:
        """A command that runs until the end of the block; then it is asked to end, and must."""
        with (self.root / f"{words[0]}.log").open("ab") as log:
            process = subprocess.Popen(
                self.command(*words), env=self.environment(), cwd=self.root, stdout=log, stderr=log
            )
            try:
                yield process
            finally:
                process.terminate()
                try:
                    process.wait(timeout=60)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                    raise

    def log(self, command: str) -> str:
        """What a background command said."""
        return (self.root / f"{command}.log").read_text()


def until(true: Callable[[], object], within: float = 120.0, *, said: Callable[[], str] = str) -> None:
    """Wait until something is true. A look is often a whole command: they must not take the time of what they wait for."""
    rest = threading.Event()
    ends = time.monotonic() + within
    while not true():
        if time.monotonic() > ends:
            raise AssertionError(f"It did not become true within {within} seconds. {said()}")
        rest.wait(1.0)


@dataclass
class Box:
    """What hears the orders: it keeps its own log."""

    url: str = ""
    heard: list[dict[str, Any]] = field(default_factory=list)
    refuses: bool = False
    """Answer everything with "no", for good."""

    def words(self) -> dict[str, dict[str, Any]]:
        """What was said of each order; each must have been said once."""
        found = {one["order"]: one for one in self.heard}
        assert len(found) == len(self.heard), self.heard
        return found


@contextmanager
def box_open() -> Iterator[Box]:
    """A server on loopback."""
    box = Box()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            words = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps({"said": words["word"]}).encode()
            if box.refuses:
                self.send_response(422)
            else:
                box.heard.append(words)
                self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *words: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    box.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield box
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
