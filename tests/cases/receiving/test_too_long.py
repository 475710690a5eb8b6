"""A body that is not read whole: whoever sends it gets the answer, and no cut connection, whatever client it uses."""

import json
import shutil
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from queue import Queue
from typing import Final, TypeAlias, cast

import httpx2
import pytest
import requests
from fastapi import FastAPI

from pilotage.machinery.api.values import TokenScope
from pilotage.machinery.web.serving import serve
from tests.cases.receiving.conftest import Shop

PIECE: Final = b"x" * 65_536
PIECES: Final = 400
WHOLE: Final = PIECE * PIECES
"""26 MB: far more than is taken, and than the buffers of a socket hold."""
PATH: Final = "/api/v1/automations/orders/records"


def pieces() -> Iterator[bytes]:
    """The body as it is sent without its length being known before."""
    for _ in range(PIECES):
        yield PIECE


@pytest.fixture
def address(shop: Shop) -> Iterator[str]:
    """The whole site on a socket."""
    announced: Queue[str] = Queue()
    stop = threading.Event()
    site = cast("FastAPI", shop.client.app)
    server = threading.Thread(target=serve, args=(site,), kwargs={"announce": announced.put, "stop": stop})
    server.start()
    try:
        yield announced.get(timeout=20)
    finally:
        stop.set()
        server.join(timeout=20)
        assert not server.is_alive()


Body: TypeAlias = bytes | Iterator[bytes]
Sent: TypeAlias = Callable[[str, Mapping[str, str], Body], tuple[int, str]]
"""Sends a body to an address; what status and code are answered."""


def by_urllib(to: str, headers: Mapping[str, str], body: Body) -> tuple[int, str]:
    """It says `Connection: close`, and sends all before it reads."""
    try:
        with urllib.request.urlopen(urllib.request.Request(to, data=body, headers=dict(headers)), timeout=30) as answer:
            return answer.status, ""
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)["code"]


def by_requests(to: str, headers: Mapping[str, str], body: Body) -> tuple[int, str]:
    """It keeps connections."""
    answer = requests.post(to, data=body, headers=dict(headers), timeout=30)
    return answer.status_code, answer.json()["code"]


def by_httpx(to: str, headers: Mapping[str, str], body: Body) -> tuple[int, str]:
    """It keeps connections, and reads when all is sent."""
    answer = httpx2.post(to, content=body, headers=dict(headers), timeout=30)
    return answer.status_code, answer.json()["code"]


def by_curl(to: str, headers: Mapping[str, str], body: Body, *more: str) -> tuple[int, str]:
    """It listens while it sends; from a million bytes on it asks first (`Expect: 100-continue`)."""
    if (curl := shutil.which("curl")) is None:
        pytest.skip("there is no curl here")
    said = [f"-H{name}: {value}" for name, value in headers.items()]
    said += [] if isinstance(body, bytes) else ["-HTransfer-Encoding: chunked"]
    ran = subprocess.run(
        [curl, "-sS", "-m30", "-w", "%{http_code}", *said, *more, "--data-binary", "@-", to],
        input=WHOLE,
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return int(ran.stdout[-3:]), json.loads(ran.stdout[:-3])["code"]


def by_curl_unasked(to: str, headers: Mapping[str, str], body: Body) -> tuple[int, str]:
    """Without asking first."""
    return by_curl(to, headers, body, "-HExpect:")


@pytest.mark.slow
@pytest.mark.parametrize("send", [by_urllib, by_requests, by_httpx, by_curl, by_curl_unasked])
def test_who_sends_too_much_reads_so(shop: Shop, address: str, send: Sent) -> None:
    """As `413`, whether the length was said before or not; and who has no token reads `401` all the same."""
    kind = {"content-type": "application/json"}
    token = kind | {"authorization": f"Bearer {shop.token(TokenScope.SUBMIT)}"}
    for in_pieces in (False, True):
        assert send(address + PATH, token, pieces() if in_pieces else WHOLE) == (413, "PLT-393")
        assert send(address + PATH, kind, pieces() if in_pieces else WHOLE) == (401, "PLT-390")
    assert shop.keys() == []
