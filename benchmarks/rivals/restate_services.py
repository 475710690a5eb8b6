"""Restate: an invocation of four durable steps for each record, and for each list of 100 or 500."""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import work
from benchmarks.contender import Contender

_VERSION = "1.7.12"
_PROGRAM = (f"@restatedev/restate-server@{_VERSION}", "@restatedev/restate-server-*/bin/restate-server")
_HOW = (
    f"Restate's server {_VERSION} as it comes (one node, 24 partitions, its log waits for the disk), restate-sdk "
    "{restate-sdk} served by Hypercorn {hypercorn} with two workers and the settings its documentation gives for "
    "production, steps by run_typed with pydantic models, called over HTTP; "
)
CONTENDERS = [
    Contender(
        name="restate", module=__name__, records=1_000, databases=("own",), apart=True, program=_PROGRAM,
        packages=("restate-sdk", "hypercorn"), settings={"batch": 1, "at_once": 100},
        how=_HOW + "an invocation of four durable steps per record, 100 at once.",
    ),
    Contender(
        name="restate_batches_of_100", module=__name__, records=20_000, databases=("own",), apart=True,
        program=_PROGRAM, packages=("restate-sdk", "hypercorn"), settings={"batch": 100, "at_once": 20},
        how=_HOW + "an invocation of four durable steps per 100 records, 20 at once.",
    ),
    Contender(
        name="restate_batches_of_500", module=__name__, records=40_000, databases=("own",), apart=True,
        program=_PROGRAM, packages=("restate-sdk", "hypercorn"), settings={"batch": 500, "at_once": 20},
        how=_HOW + "an invocation of four durable steps per 500 records, 20 at once.",
    ),
]  # fmt: skip
_SERVING = """
bind = "{address}"
workers = 2
h2_max_concurrent_streams = 2147483647
keep_alive_max_requests = 2147483647
keep_alive_timeout = 2147483647
loglevel = "ERROR"
"""
_DONE = "SELECT count(*) AS done FROM sys_invocation WHERE status = 'completed' AND completion_result = 'success'"


def measure(url: str, number: int, batch: int, at_once: int, program: str) -> dict[str, float]:
    """Seconds from the file until every record is answered."""
    del url
    ingress, admin, fabric, service = _free_addresses(4)
    settings = {
        "RESTATE_LISTEN_MODE": "tcp", "RESTATE_BIND_ADDRESS": fabric, "RESTATE_ADVERTISED_ADDRESS": f"http://{fabric}/",
        "RESTATE_ADMIN__BIND_ADDRESS": admin, "RESTATE_INGRESS__BIND_ADDRESS": ingress, "RESTATE_LOG_FILTER": "error",
        "RESTATE_DISABLE_TELEMETRY": "true",
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        serving = Path(folder) / "hypercorn.toml"
        serving.write_text(_SERVING.format(address=service), encoding="utf-8")
        with (
            subprocess.Popen(
                [program, "--no-logo", "--node-name", "bench", "--base-dir", f"{folder}/restate"],
                env=os.environ | settings,
            ) as server,
            subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "hypercorn",
                    "--config",
                    str(serving),
                    "benchmarks.rivals.restate_definitions:app",
                ],
            ) as services,
        ):
            try:
                return asyncio.run(_measure(ingress, admin, service, Path(folder), number, batch, at_once))
            finally:
                services.terminate()
                server.terminate()


async def _measure(
    ingress: str, admin: str, service: str, folder: Path, number: int, batch: int, at_once: int
) -> dict[str, float]:
    import aiohttp

    file = work.write(folder / "records.jsonl", number)
    limits = aiohttp.TCPConnector(limit=at_once)
    async with aiohttp.ClientSession(connector=limits, raise_for_status=True) as client:
        await _registered(client, admin, service)

        async def one(records: list[dict[str, object]]) -> int:
            async with client.post(f"http://{ingress}/Answering/run", json=records) as told:
                return len(await told.json())

        await one(work.read(file)[:1])
        begun = time.perf_counter()
        things = list(work.chunks(work.read(file), batch))
        answered = sum(await asyncio.gather(*map(one, things)))
        seconds = time.perf_counter() - begun
        as_json = {"accept": "application/json"}
        async with client.post(f"http://{admin}/query", json={"query": _DONE}, headers=as_json) as told:
            found = (await told.json())["rows"]
    assert answered == number, f"{answered} of {number}"
    assert found == [{"done": len(things) + 1}], f"{found} of {len(things) + 1}"
    return {"seconds": seconds, "number": number}


async def _registered(client: Any, admin: str, service: str) -> None:
    """Tell the server where the services are, as soon as both are there."""
    import aiohttp

    ends = time.monotonic() + 60
    while True:
        try:
            async with client.post(f"http://{admin}/deployments", json={"uri": f"http://{service}"}):
                return
        except aiohttp.ClientError:
            if time.monotonic() > ends:
                raise
            await asyncio.sleep(0.3)


def _free_addresses(number: int) -> list[str]:
    listening = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    addresses = [f"127.0.0.1:{one.getsockname()[1]}" for one in listening]
    for one in listening:
        one.close()
    return addresses
