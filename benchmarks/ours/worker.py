"""Worker processes for a measurement: `python -m benchmarks.ours.worker URL MODULE NAME` works until its input ends."""

import importlib
import os
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager

from benchmarks.ours.platform import platform
from benchmarks.processes import PATH


@contextmanager
def workers(
    number: int, url: str, module: str, name: str, environment: Mapping[str, str] | None = None
) -> Generator[None]:
    """So many worker processes for the block."""
    command = [sys.executable, "-m", "benchmarks.ours.worker", url, module, name]
    variables = os.environ | {"PYTHONPATH": PATH} | dict(environment or {})
    with ExitStack() as started:
        all_of_them = []
        for _ in range(number):
            process = subprocess.Popen(command, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            started.callback(_end, process)
            all_of_them.append(process)
        for process in all_of_them:
            assert process.stdout
            if process.stdout.readline() != b"ready\n":
                raise ChildProcessError("a worker did not start")
        yield


def _end(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdin
    process.stdin.close()
    try:
        process.wait(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()


def main() -> None:
    """Work."""
    url, module, name = sys.argv[1:]
    automation = getattr(importlib.import_module(module), name)
    settings = {"helpdesk-url": os.environ.get("HELPDESK_URL", "")}
    with platform(url, [automation], settings) as made, made.working():
        print("ready", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
