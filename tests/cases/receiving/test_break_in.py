"""Break-in attempts at what programs call: nothing is taken, nothing is told, nothing falls over."""

import gzip
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from queue import Queue

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from pilotage.cases.reading.bodies import parts_of
from pilotage.credentials.errors import SecretUnusable
from pilotage.credentials.signatures import fits, keys_of, sign
from pilotage.credentials.values import SecretValue
from pilotage.machinery.api.values import TokenScope
from pilotage.machinery.web.serving import serve
from tests.cases.receiving.conftest import KEY, NEXT_KEY, Shop

BODY = b'{"id": "O1"}'


def test_who_cannot_sign_is_told_nothing(shop: Shop) -> None:
    """Each wrong signature gets the same 401: no signature, another's, another body's, an old or a future one, an altered id."""
    right = shop.signed(BODY)
    signature = right["webhook-signature"]
    for wrong in (
        {"webhook-signature": ""},
        {"webhook-signature": shop.signed(BODY, key=NEXT_KEY)["webhook-signature"]},
        {"webhook-signature": shop.signed(b'{"id": "O2"}')["webhook-signature"]},
        {"webhook-signature": signature.replace("v1,", "v1a,")},
        {"webhook-signature": signature.removeprefix("v1,")},
        {"webhook-signature": signature[:-4]},
        {"webhook-signature": "v1," + "A" * 3_000},
        {"webhook-id": "msg_2"},
        {"webhook-id": ""},
        {"webhook-id": "m" * 300},
        shop.signed(BODY, at=shop.clock.now() - timedelta(minutes=6)),
        shop.signed(BODY, at=shop.clock.now() + timedelta(minutes=6)),
        {"webhook-timestamp": "now"},
        {"webhook-timestamp": "9" * 400},
        {"webhook-timestamp": "-1"},
        {"webhook-timestamp": right["webhook-timestamp"] + ".0"},
    ):
        answer = shop.client.post("/in/orders/shop", content=BODY, headers={**right, **wrong})
        assert (answer.status_code, answer.json()["code"]) == (401, "PLT-397"), wrong
        assert answer.headers["www-authenticate"] == "StandardWebhooks"
        assert KEY not in answer.text
    assert shop.client.post("/in/orders/shop", content=BODY, headers=right).status_code == 202
    assert shop.keys() == ["O1"]


def test_one_of_several_signatures_is_enough(shop: Shop) -> None:
    """A sender in rotation signs with both keys; a hundred signatures are not looked at."""
    ours, other = shop.signed(BODY)["webhook-signature"], shop.signed(BODY, key=NEXT_KEY)["webhook-signature"]
    assert shop.send(BODY, **{"webhook-signature": f"{other} {ours}"}).status_code == 202
    assert shop.send(BODY, **{"webhook-signature": " ".join([other] * 20 + [ours])}).status_code == 401


def test_addresses_that_lead_elsewhere(shop: Shop) -> None:
    """Unknown automations and sources are not there; no path leads past the door of the pages, and only POST is taken."""
    for path in (
        "/in/orders/nothing",
        "/in/nothing/shop",
        "/in/orders/shop/",
        "/in/orders/%2e%2e/shop",
        "/in/orders/shop%00",
        "/in//orders/shop",
        "/in/..%2f..%2fetc%2fpasswd",
    ):
        answer = shop.client.post(path, content=BODY, headers=shop.signed(BODY))
        assert answer.status_code in {403, 404}, path
        assert "orders" not in answer.text, "which automations there are is nobody's business who cannot sign"
    for path in ("/", "/live/today", "//in/orders/shop", "/In/orders/shop"):
        assert shop.client.post(path, content=BODY, headers=shop.signed(BODY)).status_code == 403, path
    for method in ("GET", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE"):
        assert shop.client.request(method, "/in/orders/shop", headers=shop.signed(BODY)).status_code == 405, method
    assert shop.keys() == []


def test_another_page_cannot_use_a_visitors_browser(shop: Shop) -> None:
    """A form or a script of another site has no signature and no token, and is not told that it may read anything."""
    form = {"content-type": "application/x-www-form-urlencoded", "origin": "https://evil.example"}
    assert shop.client.post("/in/orders/shop", content=b"id=O1", headers=form).status_code == 401
    assert shop.client.post("/api/v1/automations/orders/records", content=b"id=O1", headers=form).status_code == 401
    asks = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    before = shop.client.options("/api/v1/automations/orders/records", headers=asks)
    assert before.status_code == 405
    assert not [name for name in before.headers if name.startswith("access-control")]
    text = shop.send(BODY, **{"content-type": "text/plain"})
    assert (text.status_code, text.json()["code"]) == (415, "PLT-592")
    assert "text/plain" in text.json()["detail"]
    for taken in ("application/json", "application/x-ndjson"):
        assert taken in text.json()["remedy"]
    assert "There is no Content-Type" in shop.send(BODY, **{"content-type": ""}).json()["detail"]


def test_bodies_that_are_packed_or_too_long_are_not_read(shop: Shop) -> None:
    """A bomb is not unpacked; what is too long is refused by its length, and where none is said as soon as it is too long."""
    bomb = gzip.compress(b"0" * 10_000_000)
    refused = shop.client.post("/in/orders/shop", content=bomb, headers={"content-encoding": "gzip"})
    assert (refused.status_code, refused.json()["code"]) == (415, "PLT-592")
    assert shop.send(b'{"id": "' + b"x" * 50_000 + b'"}').status_code == 413

    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(10_000):
            sent += 1_000
            yield b" " * 1_000

    assert shop.client.post("/in/orders/shop", content=endless(), headers=shop.signed(BODY)).status_code == 413
    too_many = shop.send(b"[" + b",".join([b"{}"] * 1_001) + b"]")
    assert (too_many.status_code, too_many.json()["code"]) == (413, "PLT-393")
    assert shop.keys() == []


def test_tokens_in_addresses_are_refused_and_not_logged(shop: Shop) -> None:
    """Where a token stands in the address it is not used, neither answer nor log repeats it."""
    token = shop.token(TokenScope.SUBMIT, TokenScope.READ)
    with capture_logs() as logged:
        for query in (f"?token={token}", f"?access_token={token}", f"?x={token}"):
            answer = shop.client.get(f"/api/v1/automations/orders{query}")
            assert (answer.status_code, answer.json()["code"]) == (400, "PLT-392")
            assert token not in answer.text
    assert token not in repr(logged)


def test_what_is_wrong_here_is_told_to_nobody_outside(shop: Shop) -> None:
    """A secret that is missing and a database that is away are in the log; who calls is asked to come again."""
    shop.secrets.value = "hunter2"
    with capture_logs() as logged:
        unready = shop.send(BODY)
    assert (unready.status_code, unready.headers["retry-after"]) == (503, "5")
    assert "hook-secret" not in unready.text
    assert "hunter2" not in unready.text + repr(logged)
    assert [one["secret"] for one in logged] == ["hook-secret"]
    shop.secrets.value = KEY
    token = shop.token()
    database = shop.platform.database
    engine, database.engine = database.engine, sa.create_engine("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    with capture_logs() as logged:
        away = shop.submit({"id": "O1"}, token=token)
    database.engine = engine
    assert (away.status_code, away.json()["code"]) == (503, "PLT-930")
    assert "127.0.0.1" not in away.text
    assert away.json()["reference"] == logged[0]["reference"]


@pytest.mark.slow
def test_slow_and_smuggled_requests_on_a_real_port(shop: Shop) -> None:
    """A body that does not come is given up; a request within a request is none; the server answers others meanwhile."""
    head = b"POST /in/orders/shop HTTP/1.1\r\nHost: intake.example\r\nContent-Type: application/json\r\n"
    with served(shop) as port:
        began = time.monotonic()
        slow = said(port, head + b"Content-Length: 100\r\n\r\n{")
        assert b" 408 " in slow.split(b"\r\n")[0]
        assert time.monotonic() - began < 20
        both = said(
            port, head + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n"
        )
        assert b" 202 " not in both
        twice = said(port, head + b"webhook-id: a\r\nwebhook-id: b\r\nContent-Length: 2\r\n\r\n{}")
        assert b" 400 " in twice.split(b"\r\n")[0]
        assert b" 400 " in said(port, head + b"webhook-id: a\rb\r\nContent-Length: 2\r\n\r\n{}").split(b"\r\n")[0]
        assert b" 400 " in said(port, head + b"webhook-id: a\0b\r\nContent-Length: 2\r\n\r\n{}").split(b"\r\n")[0]
        climbing = head.replace(b"/in/orders/shop", b"/in/orders/../orders/shop") + b"Content-Length: 2\r\n\r\n{}"
        assert b" 404 " in said(port, climbing).split(b"\r\n")[0]
        headers = "".join(f"{name}: {value}\r\n" for name, value in shop.signed(BODY).items() if name != "content-type")
        right = said(port, head + headers.encode() + b"Content-Length: 12\r\nConnection: close\r\n\r\n" + BODY)
        assert b" 202 " in right.split(b"\r\n")[0]
    assert shop.keys() == ["O1"]


@contextmanager
def served(shop: Shop) -> Iterator[int]:
    """The site on a real port."""
    announced: Queue[str] = Queue()
    stop = threading.Event()
    with ExitStack() as stack:
        server = threading.Thread(
            target=serve, args=(shop.client.app,), kwargs={"announce": announced.put, "stop": stop}
        )
        server.start()
        stack.callback(server.join, 20)
        stack.callback(stop.set)
        yield int(announced.get(timeout=20).rpartition(":")[2])


def said(port: int, data: bytes) -> bytes:
    """What is answered to these bytes until the other side closes or has said all."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        line.sendall(data)
        found = b""
        line.settimeout(5)
        try:
            while more := line.recv(65_536):
                found += more
                if b"\r\n\r\n" in found:
                    break
        except TimeoutError:
            pass
        return found


# -- signatures, as pure values ----------------------------------------------------

KEYS = keys_of(SecretValue("hook", KEY))


@given(
    body=st.binary(max_size=200),
    other=st.binary(max_size=200),
    at=st.integers(0, 10**12 - 1),
    shift=st.integers(-900, 900),
)
def test_a_signature_fits_its_own_bytes_and_time_alone(body: bytes, other: bytes, at: int, shift: int) -> None:
    """For any bytes: within five minutes it fits, later and for any other bytes it does not."""
    signature = sign(KEYS, message="msg", at=at, body=body)
    fitting = fits(KEYS, message="msg", at=str(at), signature=signature, body=body, now=at + shift)
    assert fitting == (abs(shift) <= 300)
    assert fits(KEYS, message="msg", at=str(at), signature=signature, body=other, now=at) == (body == other)


@given(st.binary(max_size=300), st.sampled_from(["json", "lines"]))
def test_any_bytes_can_be_taken_apart(body: bytes, form: str) -> None:
    """Whatever comes is records, or says why it is none; nothing raises."""
    for part in parts_of(body, form):  # type: ignore[arg-type]
        assert (part.fields is None) == (part.reason is not None)


@given(
    st.lists(
        st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=9) | st.none(), max_size=4), max_size=5
    )
)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_lists_are_taken_apart_into_their_own_bytes(records: list[dict[str, object]]) -> None:
    """Each record of a list keeps the bytes that it came with, whatever stands between them."""
    body = ("[" + " ,\n".join(json.dumps(one, ensure_ascii=False) for one in records) + " ]").encode()
    parts = parts_of(body, "json")
    whole = [one for one in parts if one.fields is not None]
    assert [json.loads(one.original) for one in whole] == [one.fields for one in whole]
    if all("\0" not in json.dumps(one) and "\\u0000" not in json.dumps(one) for one in records):
        assert [one.fields for one in parts] == records


@pytest.mark.parametrize("value", ["", " ", "whsec_", "whsec_c2hvcnQ=", "no base64 at all!", f"{KEY} nothing"])
def test_a_secret_that_is_no_key_is_refused_without_its_value(value: str) -> None:
    """A short key, or a password in place of one, would let anybody in or nobody."""
    with pytest.raises(SecretUnusable) as error:
        keys_of(SecretValue("hook", value))
    assert "whsec_c2" not in str(error.value)
