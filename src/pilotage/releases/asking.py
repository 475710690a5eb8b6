"""Asking the process in which a release's code is loaded; see `child`."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self, cast

import pilotage as pl
from pilotage.releases.errors import ReleaseDoesNotAnswer

PATIENCE: Final = 120.0
"""Seconds in which a release has to be loaded; a large model may take its time."""


def own_environment() -> dict[str, str]:
    """The environment in which another process finds the very platform that runs here."""
    above = str(Path(pl.__file__).resolve().parent.parent)
    before = os.environ.get("PYTHONPATH", "")
    paths = [] if Path(above).name in {"site-packages", "dist-packages"} else [above]
    joined = os.pathsep.join([*paths, *([before] if before else [])])
    return {**os.environ, **({"PYTHONPATH": joined} if joined else {})}


class Child:
    """A process that loaded code; close it when it is no longer asked."""

    def __init__(self, folder: Path) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "pilotage.releases.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=own_environment(),
            cwd=folder,
            text=True,
            encoding="utf-8",
        )

    @property
    def ended(self) -> bool:
        """Whether it can be asked no more."""
        return self._process.poll() is not None

    def ask(self, request: Mapping[str, object], *, within: float = PATIENCE) -> Mapping[str, object]:
        """Its answer. Raises ReleaseDoesNotAnswer (PLT-613)."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            watch = threading.Timer(within, self._process.kill)
            watch.start()
            try:
                self._process.stdin.write(json.dumps(request) + "\n")
                self._process.stdin.flush()
                line = self._process.stdout.readline()
            except OSError:
                line = ""
            finally:
                watch.cancel()
        if not line:
            self._process.wait()
            raise ReleaseDoesNotAnswer(
                f"The process that loads the code ended with {self._process.returncode} before it answered.",
                "What it said stands on stderr. Look there, and try again.",
            )
        return cast("Mapping[str, object]", json.loads(line))

    def close(self) -> None:
        """End it."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.close()
