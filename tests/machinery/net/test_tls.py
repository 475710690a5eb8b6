"""TLS with a certificate that is accepted, and with one that is not."""

import asyncio
import shutil
import ssl
import subprocess
import time
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from pilotage.machinery.net.addresses import Addresses
from pilotage.machinery.net.client import Bounds, HttpClient, system_trust
from pilotage.machinery.net.departure import Departure
from pilotage.machinery.net.door import Door
from pilotage.machinery.net.errors import NeverLeft
from pilotage.machinery.net.messages import Outgoing, origin

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with openssl")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for 127.0.0.1, signed by itself, in one file."""
    folder = tmp_path_factory.mktemp("tls")
    making = (
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=desk -keyout key -out crt"
    )
    subject = ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(["openssl", *making.split(), *subject], cwd=folder, check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_bytes((folder / "key").read_bytes() + (folder / "crt").read_bytes())
    return both


def call(url: str, tls: ssl.SSLContext | None, times: int = 1) -> tuple[list[int], Departure]:
    async def run() -> tuple[list[int], Departure]:
        statuses: list[int] = []
        bounds = Bounds(connect_pause=0.001)
        door = Door(Addresses(allow_loopback=True))
        async with HttpClient(door, bounds, tls=lambda: tls or system_trust()) as client:
            for _ in range(times):
                request = Outgoing(method="POST", origin=origin(url), path="/acts", body=b"{}")
                answer = await client.send(request, leaving)
                statuses.append(answer.status)
        return statuses, leaving

    leaving = Departure(send_by=None, monotonic=time.monotonic)
    return asyncio.run(run())


def served(certificate: Path) -> HTTPServer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return HTTPServer(host="127.0.0.1", ssl_context=context)


def test_a_service_behind_tls_is_called(certificate: Path) -> None:
    """With a certificate that is trusted the calls go through, one after the other."""
    trust = ssl.create_default_context(cafile=str(certificate))
    with served(certificate) as server:
        server.expect_request("/acts").respond_with_json({})
        assert call(server.url_for(""), trust, times=3)[0] == [200, 200, 200]


def test_a_certificate_that_nobody_vouches_for_ends_the_call_before_it_leaves(certificate: Path) -> None:
    """Nothing of the request is shown to a server that cannot prove who it is."""
    with served(certificate) as server:
        server.expect_request("/acts").respond_with_json({})
        with pytest.raises(NeverLeft, match="certificate is not accepted"):
            call(server.url_for(""), None)
        assert server.log == []
