"""A project that shows its secrets wherever it can, and the services around it, which keep what they are sent."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

AUTOMATION: Final = '''
import base64
import json
import logging
import os
import sys
import warnings
from enum import Enum
from types import SimpleNamespace
from urllib.parse import quote

import pilotage as pl
from pydantic import BaseModel


class Order(BaseModel):
    id: str
    kind: str
    note: str


class Echo(BaseModel):
    said: str


class Size(Enum):
    BIG = "big"
    SMALL = "small"


def account(name: str) -> pl.Connection:
    return pl.Connection(name, base_url=pl.Setting("desk-url"), credential=pl.Secret(f"{name}-token", max_age="90d"))


accounts = {name: account(name) for name in CHANNELS}
plain = pl.Connection("plain", base_url=pl.Setting("desk-url"))
models = pl.Connection("models", base_url=pl.Setting("desk-url"))
hook = pl.Connection("hook", base_url=pl.Setting("desk-url"), signing=pl.Secret("hook-key", max_age="90d"))
post = pl.Smtp("post", url=pl.Setting("mail-url"), sender="desk@example.com")
gpt = pl.Model("small", through=models, price=pl.Price(input=0, output=0))
question = pl.Prompt("question.md", version=1)
lead = pl.Role("desk lead")


def value(name: str) -> str:
    return os.environ.get(f"{name.upper()}_TOKEN", "")


class Dying:
    def __del__(self) -> None:
        raise ValueError(value("dying"))


@pl.compute(through=list(accounts.values()))
async def hold(order: Order) -> Echo:
    """Ask every account once, so that this process holds every secret; the service says back what it was sent."""
    return Echo(said=" ".join([(await one.get("/hold", expect=Echo)).said for one in accounts.values()]))


@pl.compute(through=[plain, accounts["address"]], retry=pl.Retry(attempts=2, within="1m"))
async def show(order: Order, echo: Echo) -> Echo:
    """Show a secret in the way that the order names."""
    shown = value(order.kind)
    match order.kind:
        case "raised":
            raise ValueError(f"It does not work with {shown}.")
        case "chained":
            try:
                raise KeyError(base64.b64encode(f"user:{shown}".encode()))
            except KeyError as error:
                raise RuntimeError(quote(shown, safe="")) from error
        case "retried":
            raise pl.TransientFailure(f"Later, {shown}.")
        case "printed":
            print({"Authorization": f"Bearer {shown}"})
            sys.stderr.write(json.dumps({"token": shown}) + chr(10))
        case "logged":
            logging.getLogger("author").error("with %s", shown, extra={"token": shown})
        case "warned":
            warnings.warn(f"with {shown}", stacklevel=1)
        case "dying":
            Dying()
        case "path":
            await plain.get(f"/look/{quote(shown, safe='')}", expect=Echo)
        case "address":
            await accounts["address"].get(f"/missing/{quote(shown, safe='')}", params={"key": shown}, expect=Echo)
        case "query":
            await plain.get("/look", params={"key": shown}, expect=Echo)
        case "header":
            client = plain.client(reads=True)
            (await client.get("/look", headers={"X-Debug": shown})).raise_for_status()
    return Echo(said="shown")


@pl.judge(through=models, uses=[question])
async def size(order: Order) -> pl.Judgement[Size]:
    """How big it is."""
    shown = value("prompt") if order.kind == "prompt" else ""
    text = lambda order: {"text": f"{order.note} {shown}"}
    return await gpt.classify(order, into=Size, prompt=question, text=text, quotes=False)


@pl.act(through=hook, undo=pl.CannotUndo("it is told"))
async def tell(order: Order) -> Echo:
    """Tell the other system."""
    shown = value("webhook") if order.kind == "webhook" else ""
    return await hook.post("/hook", json={"id": order.id, "note": f"{order.note} {shown}"}, expect=Echo)


@pl.act(through=post, undo=pl.CannotUndo("it is sent"))
async def write(order: Order) -> pl.MailSent:
    """Write to the customer."""
    shown = {name: value(name) if order.kind == name else "" for name in ("subject", "letter", "attached")}
    file = SimpleNamespace(name=f"{shown['attached']}.txt", media_type="text/plain", read=lambda: b"text")
    subject, text = f"Your order {shown['subject']}", f"Hello {shown['letter']}"
    return await post.send(to="ann@example.com", subject=subject, text=text, attachments=[file])


orders = pl.Automation(
    "orders",
    purpose="Orders reach the desk.",
    takes=Order,
    gives=pl.MailSent,
    key=lambda order: order.id,
    owner=lead,
    process=pl.Path(hold, show, size.alone(above=0.5, otherwise=pl.Ask(lead, within="4h", then=pl.Role("boss"))), tell, write),
)
'''


class _Desk(BaseHTTPRequestHandler):
    """It says back what it was sent; it is a model too."""

    seen: list[bytes]

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        own = self.headers.get("Authorization", "")
        others = [f"{name}: {value}" for name, value in self.headers.items() if name != "Authorization"]
        # The path /missing is where a service is sent its own: it may know it.
        path = "" if self.path.startswith("/missing") else self.path
        self.seen.append("\n".join([path, *others]).encode() + b"\n" + body)
        missing = self.path.startswith("/missing")
        said: dict[str, object] = {"said": f"{own} {self.path}"}
        if self.path.endswith("/chat/completions"):
            choice = {"message": {"content": '{"label": "big"}'}, "finish_reason": "stop"}
            count = json.loads(body).get("n", 1)
            said = {"choices": [choice] * count, "usage": {"prompt_tokens": 9, "completion_tokens": 9}}
        data = json.dumps(said).encode()
        self.send_response(404 if missing else 200, f"So {own}")
        self.send_header("Content-Type", "application/json")
        self.send_header("X-You-Sent", own)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = _answer  # noqa: N815 - the names that the library calls

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


@contextmanager
def desk() -> Iterator[tuple[str, list[bytes]]]:
    """The service for the block: its address, and what it was sent beside its own credential."""
    seen = list[bytes]()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("One", (_Desk,), {"seen": seen}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
