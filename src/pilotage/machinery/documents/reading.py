"""The side that asks: keeps one process that reads, and ends it when it takes too long, too much, or is not needed."""

import json
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import asdict
from types import TracebackType
from typing import IO, Final, Literal, Self, cast

from pilotage.machinery.documents.values import Bounds, Unreadable

Task = Literal["text", "factur-x"]
_CHILD: Final = "pilotage.machinery.documents.child"
_FATAL: Final = b"!"
"""With this the reading process says that it must not be asked again."""


class Reader:
    """Reads documents one after the other. The process is started by the first and ends with `close`."""

    def __init__(self, bounds: Bounds | None = None) -> None:
        self.bounds = bounds or Bounds()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, task: Task, data: bytes, *, name: str, media_type: str) -> object:
        """What the task finds in the document, as plain data. Raises Unreadable with the reason."""
        head = json.dumps({"task": task, "name": name, "media_type": media_type, "size": len(data)})
        with self._lock:
            answer = self._exchange(head.encode() + b"\n", data)
        if answer is None:
            raise Unreadable(
                f"it took more than {self.bounds.seconds:g} seconds or {self.bounds.memory >> 20:,} MiB of memory"
            )
        said = cast("dict[str, object]", json.loads(answer))
        if "reason" in said:
            raise Unreadable(str(said["reason"]))
        return said["found"]

    def _exchange(self, head: bytes, data: bytes) -> bytes | None:
        process = self._running()
        late = threading.Timer(self.bounds.seconds, process.kill)
        late.start()
        try:
            given, got = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
            with suppress(OSError):
                given.write(head)
                given.write(data)
                given.flush()
            answer = got.readline()
        finally:
            late.cancel()
        if not answer.endswith(b"\n"):
            self._end()
            return None
        if answer.startswith(_FATAL):
            self._end()
            return answer[len(_FATAL) :]
        return answer

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._end()
            # -I: neither the folder nor the environment of whoever asks decides what it loads
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-I", "-c", _start(self.bounds)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={"PYTHONDONTWRITEBYTECODE": "1"},
                start_new_session=True,
            )
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):
                cast("IO[bytes]", pipe).close()
        process.wait()

    def close(self) -> None:
        """End the process that reads."""
        with self._lock:
            self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _start(bounds: Bounds) -> str:
    folders = [path for path in sys.path if path]
    return f"import sys; sys.path[:0] = {folders!r}; import {_CHILD} as child; child.main({asdict(bounds)!r})"
