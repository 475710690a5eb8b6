"""Serving: on loopback alone, on a free port, and it stops when it is told to."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import pytest
from tests.web.conftest import Shown, Site

from pilotage.machinery.web.errors import NotLoopback, PortTaken
from pilotage.machinery.web.serving import serve


def fetched(address: str) -> tuple[int, str]:
    """Status and text of an address."""
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def test_it_announces_an_address_that_answers(site: Site) -> None:
    """Port 0 takes a free port; the address works from the moment it is announced."""
    assert site.address.startswith("http://127.0.0.1:")
    assert fetched(site.address)[0] == 403
    assert fetched(f"{site.address}/static/frame.css")[0] == 200


def test_a_rebound_name_is_refused_on_the_wire(site: Site) -> None:
    """The port of the real socket counts, not what the visitor says."""
    port = int(site.address.rpartition(":")[2])
    for host in (f"evil.example:{port}", f"127.0.0.1:{port + 1}"):
        request = urllib.request.Request(f"{site.address}/static/frame.css", headers={"Host": host})
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(request, timeout=10)


def test_it_names_no_server_and_keeps_no_log_of_tokens(site: Site, capfd: pytest.CaptureFixture[str]) -> None:
    """The start token is in an address, so addresses are not written down; the software's name is no header."""
    with urllib.request.urlopen(f"{site.address}/static/frame.css", timeout=10) as answer:
        assert "server" not in answer.headers
    fetched(site.link)
    assert site.shown.settings.token not in "".join(capfd.readouterr())


def test_a_stream_that_is_open_does_not_delay_the_end(shown: Shown) -> None:
    """With a browser still listening the server stops within its patience."""
    from queue import Queue

    announced: Queue[str] = Queue()
    stop = threading.Event()
    server = threading.Thread(target=serve, args=(shown.app(),), kwargs={"announce": announced.put, "stop": stop})
    server.start()
    address = announced.get(timeout=20)
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    opener.open(shown.settings.link(address), timeout=10).read()
    stream = opener.open(f"{address}/live/today", timeout=10)
    assert stream.headers["content-type"].startswith("text/event-stream")
    assert b"hx-partial" in stream.readline()

    began = time.monotonic()
    stop.set()
    server.join(timeout=10)
    assert not server.is_alive()
    assert time.monotonic() - began < 3
    stream.close()


def test_a_taken_port_is_said_in_words(shown: Shown) -> None:
    """Who starts a second one on the same port reads what to do."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(PortTaken, match=str(other.getsockname()[1])) as caught:
            serve(shown.app(), port=other.getsockname()[1])
    assert "free port" in caught.value.remedy


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "::", "example.com"])
def test_other_machines_are_not_served(shown: Shown, host: str) -> None:
    """Before there is a login, no address that other machines reach is bound."""
    with pytest.raises(NotLoopback, match="other machines"):
        serve(shown.app(), host=host)


PROGRAM = """
import sys
from pilotage.machinery.web.app import make_app
from pilotage.machinery.web.serving import serve
from pilotage.machinery.web.values import WebSettings

serve(make_app([], [], WebSettings(token="t")), announce=lambda address: print(address, flush=True))
print("put away", flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_the_caller_goes_on(end: signal.Signals) -> None:
    """After a signal `serve` returns, so that whoever called it can put away what else it started."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert fetched(address)[0] == 403
        process.send_signal(end)
        assert process.stdout.readline() == "put away\n"
        assert process.wait(timeout=10) == 0
