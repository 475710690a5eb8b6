"""Gathering: requests that come while a transaction runs wait for it, and go together into the next one.

So a single request is committed at once, and a thousand of them cost a handful of transactions. What waits is bounded.
"""

import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final, Protocol

from pilotage.authoring.automation import Automation
from pilotage.cases.service.intake import BLOCK
from pilotage.cases.service.receiving import Answer, Post
from pilotage.kernel.errors import PilotageError
from pilotage.machinery.api.errors import TooBusy

MOST_WAITING: Final = 5_000
"""Records of one source that may wait for their transaction."""


class Receives(Protocol):
    """Takes many requests in at once."""

    def receive(self, automation: Automation, source: str, posts: Sequence[Post]) -> Sequence[Answer]:
        """An answer for each."""
        ...


@dataclass(kw_only=True)
class Gatherer:
    """Gathers the requests of one process; one thread and one transaction at a time for each source."""

    receiver: Receives
    most_waiting: int = MOST_WAITING
    _lines: dict[tuple[str, str], "_Line"] = field(default_factory=dict[tuple[str, str], "_Line"])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def hand_in(self, automation: Automation, source: str, post: Post) -> "Future[Answer]":
        """The request's answer, as soon as what it brought is committed. Raises TooBusy (PLT-398)."""
        with self._lock:
            line = self._lines.get((automation.name, source))
            if line is None:
                line = self._lines[automation.name, source] = _Line(automation, source, self.receiver)
                line.thread.start()
        return line.add(post, self.most_waiting)

    def close(self) -> None:
        """Take in what waits, and end."""
        with self._lock:
            lines, self._lines = list(self._lines.values()), {}
        for line in lines:
            line.end()


class _Line:
    def __init__(self, automation: Automation, source: str, receiver: Receives) -> None:
        self._automation, self._source, self._receiver = automation, source, receiver
        self._waiting: deque[tuple[Post, Future[Answer]]] = deque()
        self._records = 0
        self._ends = False
        self._something = threading.Condition()
        self.thread = threading.Thread(target=self._run, name=f"intake {automation.name} {source}", daemon=True)

    def add(self, post: Post, most: int) -> "Future[Answer]":
        answer: Future[Answer] = Future()
        with self._something:
            if self._ends or (self._records and self._records + len(post.arrivals) > most):
                raise TooBusy("More requests wait than can be taken at the moment.", "Send it again in a while.")
            self._waiting.append((post, answer))
            self._records += len(post.arrivals)
            self._something.notify()
        return answer

    def end(self) -> None:
        with self._something:
            self._ends = True
            self._something.notify()
        self.thread.join(30)

    def _run(self) -> None:
        while together := self._next():
            posts = [post for post, _ in together]
            for (_, answer), given in zip(together, self._answers(posts), strict=True):
                if answer.set_running_or_notify_cancel():
                    _set(answer, given)

    def _next(self) -> list[tuple[Post, "Future[Answer]"]]:
        """What goes into one transaction; nothing at the end."""
        with self._something:
            self._something.wait_for(lambda: self._waiting or self._ends)
            together: list[tuple[Post, Future[Answer]]] = []
            records = 0
            while self._waiting and (not together or records + len(self._waiting[0][0].arrivals) <= BLOCK):
                together.append(self._waiting.popleft())
                records += len(together[-1][0].arrivals)
            self._records -= records
            return together

    def _answers(self, posts: Sequence[Post]) -> Sequence["Answer | Exception"]:
        try:
            return self._receiver.receive(self._automation, self._source, posts)
        except PilotageError as error:
            return [error] * len(posts)
        except Exception as error:  # noqa: BLE001 - whoever asked is told; the line goes on
            # One of them may be the reason, and the others shall not suffer for it.
            return [error] if len(posts) == 1 else [one for post in posts for one in self._answers([post])]


def _set(answer: "Future[Answer]", given: "Answer | Exception") -> None:
    if isinstance(given, Exception) and not isinstance(given, PilotageError):
        answer.set_exception(given)
    else:
        answer.set_result(given)
