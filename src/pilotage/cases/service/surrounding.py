"""What surrounds the steps of this process: their calls, settings and files; and the one event loop they run in."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from pilotage.authoring.asking import Use
from pilotage.authoring.automation import Automation
from pilotage.authoring.plan import Kind, Node
from pilotage.authoring.ports import Asker, Caller, surroundings
from pilotage.cases.errors import ContentNotThere, FileOfReleaseMissing
from pilotage.connections.caller import ConnectionCaller
from pilotage.connections.injecting import in_our_words
from pilotage.connections.opening import Connections
from pilotage.connections.values import EffectGuard
from pilotage.credentials.asking import asked_by
from pilotage.machinery.contents.errors import ContentMissing
from pilotage.machinery.contents.files import Contents
from pilotage.machinery.documents.reading import Reader

if TYPE_CHECKING:  # who traces nothing loads nothing
    from pilotage.machinery.telemetry.tracing import Telemetry

_log = logging.getLogger("pilotage.worker")

T = TypeVar("T")
Spent = Callable[[str, Sequence[Use]], None]
"""Told of the models that the steps of an automation asked, and of what they took."""


class Settings(Protocol):
    """Gives the text of a setting in this environment, or None."""

    def __call__(self, name: str, /) -> str | None:
        """The text, or None where it is not set."""
        ...


class LoopThread:
    """An event loop in a thread of its own: everything asynchronous of this process runs there."""

    def __init__(self, name: str = "pilotage-loop") -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._go_on, name=name, daemon=True)
        self._thread.start()

    def _go_on(self) -> None:
        while True:
            try:
                self.loop.run_forever()
            except (SystemExit, KeyboardInterrupt):  # raised by a task that a step began: it has it, and who awaits it
                _log.warning("loop.task_would_exit", exc_info=True)
            else:
                return

    def run(self, coroutine: Awaitable[T], /) -> T:
        """Run a coroutine to its end from plain code; the caller's context goes along."""

        async def awaited() -> T:
            return await coroutine

        return asyncio.run_coroutine_threadsafe(awaited(), self.loop).result()

    def begin(self, coroutine: Awaitable[T], /) -> "Future[T]":
        """Let a coroutine run, and wait for nothing."""

        async def awaited() -> T:
            return await coroutine

        return asyncio.run_coroutine_threadsafe(awaited(), self.loop)

    def close(self) -> None:
        """Stop the loop and its thread."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(timeout=10)
        if not self._thread.is_alive():
            self.loop.close()


@dataclass(frozen=True, kw_only=True)
class Library:
    """The documents of one process's cases."""

    contents: Contents
    reader: Reader = field(default_factory=Reader)

    def content(self, digest: str) -> bytes:
        """The bytes of a document; where the file store does not have them now, the step is tried again.

        Raises ContentNotThere (PLT-344) and ContentAltered (PLT-341).
        """
        try:
            return self.contents.read(digest)
        except ContentMissing as error:
            raise ContentNotThere(error.what, error.remedy) from error


@dataclass(frozen=True, kw_only=True)
class Around:
    """The surroundings of one running step."""

    caller: Caller
    settings: Settings
    files: Mapping[str, tuple[Path, ...]]
    library: Library | None = None
    uses: list[Use] = field(default_factory=list[Use])
    """The models that were asked."""

    @property
    def asker(self) -> Asker:
        """Who asks models for the step."""
        from pilotage.models.service import Asking  # noqa: PLC0415 - only those load it who ask models

        return Asking(caller=self.caller, noted=self.uses.extend)

    def setting(self, name: str) -> str | None:
        """The text of a setting, or None where it is not set."""
        return self.settings(name)

    @property
    def documents(self) -> Library:
        """Who reads documents."""
        assert self.library is not None, "these surroundings have no documents"
        return self.library

    def artifact(self, file: str) -> Path:
        """The file, where the release or the project has it. Raises FileOfReleaseMissing (PLT-203)."""
        candidates = self.files.get(file, ())
        for path in candidates:
            if path.exists():
                return path
        looked = " or ".join(str(path) for path in candidates) or file
        msg = f"The file {file} of this release is missing."
        raise FileOfReleaseMissing(msg, f"Put it at {looked}, or build it as the automation's README says.")


@dataclass(frozen=True, kw_only=True)
class Surrounding:
    """Makes surroundings current for the steps of one process."""

    connections: Connections
    settings: Settings
    folder: Path | None
    """Where the release's files lie: the project's folder in dev, the unpacked artefact elsewhere."""
    spent: Spent = lambda automation, uses: None
    library: Library | None = None
    telemetry: "Telemetry | None" = None
    """Told of every step, where traces are asked for."""

    @contextmanager
    def reading(self, automation: Automation, node: Node) -> Generator[None]:
        """For steps that compute or judge: they may only read."""
        caller = self.connections.caller(step=node.name, through=node.connections)
        with self._told(automation, node), self.current(automation, caller):
            yield

    def _told(self, automation: Automation, node: Node) -> AbstractContextManager[None]:
        """A span around the step; what has no function, such as a choice, has none."""
        if self.telemetry is None or node.function is None:
            return nullcontext()
        return self.telemetry.step(automation.name, node.name, plans=node.kind is Kind.ACT)

    def acting(self, node: Node, guard: EffectGuard, *, probe: bool = False) -> ConnectionCaller:
        """The caller for one attempt of an effect."""
        return self.connections.caller(step=node.name, through=node.connections, guard=guard, probe=probe)

    def asking(self, node: Node, *, probe: bool = False) -> ConnectionCaller:
        """The caller for a question about an effect, which the ledger has permitted."""
        return self.connections.caller(step=node.name, through=node.connections, permitted=True, probe=probe)

    @contextmanager
    def current(self, automation: Automation, caller: Caller) -> Generator[None]:
        """Make these surroundings current in this context."""
        files = {
            artifact.file: tuple(
                folder / artifact.file for folder in (self.folder, artifact.folder) if folder is not None
            )
            for artifact in automation.artifacts
        }
        around = Around(caller=caller, settings=self.settings, files=files, library=self.library)
        token = surroundings.set(around)
        try:
            with asked_by(automation.name), in_our_words():
                yield
        finally:
            surroundings.reset(token)
            if around.uses:
                self.spent(automation.name, around.uses)
