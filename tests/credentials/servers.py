"""Stores of secrets that others made, each in a process of its own on loopback: OpenBao, and AWS as moto plays it."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx2

ROOT_TOKEN: Final = "root-of-the-tests"
_TRIES: Final = 600


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _program(name: str) -> str:
    found = shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    assert found, f"{name} comes with the development requirements"
    return found


@contextmanager
def _served(command: list[str], ready: str, folder: Path) -> Generator[None]:
    log = (folder / "server.log").open("wb")
    environment = {**os.environ, "HOME": str(folder)}
    process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=folder, env=environment)
    try:
        for _ in range(_TRIES):
            assert process.poll() is None, (folder / "server.log").read_text()
            try:
                if httpx2.get(ready, trust_env=False, timeout=1).status_code < 500:
                    break
            except httpx2.HTTPError:
                pass
            subprocess.run(["sleep", "0.05"], check=True)
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


@contextmanager
def openbao(folder: Path) -> Generator[str]:
    """The address of an OpenBao in development mode, whose root token is ROOT_TOKEN."""
    port = free_port()
    words = [f"-dev-root-token-id={ROOT_TOKEN}", f"-dev-listen-address=127.0.0.1:{port}", "-dev-no-store-token"]
    with _served([_program("bao"), "server", "-dev", *words], f"http://127.0.0.1:{port}/v1/sys/health", folder):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def moto(folder: Path) -> Generator[str]:
    """The address of an AWS that is none."""
    port = free_port()
    with _served([_program("moto_server"), "-H", "127.0.0.1", "-p", str(port)], f"http://127.0.0.1:{port}/", folder):
        yield f"http://127.0.0.1:{port}"


def bao(url: str, method: str, path: str, body: object = None) -> httpx2.Response:
    """Ask OpenBao something as its root."""
    answer = httpx2.request(
        method, f"{url}/v1/{path}", headers={"X-Vault-Token": ROOT_TOKEN}, json=body, trust_env=False, timeout=10
    )
    answer.raise_for_status()
    return answer
