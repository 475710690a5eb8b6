"""What a running step may ask of the platform. The platform fills these in; outside a step nothing does.

`helpdesk.post(...)` in author code finds its `Caller` here, `Setting.value` its text and `Artifact.value` its file. They
travel in a context variable, so that two platforms in one process never meet and nothing is global.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from pilotage.authoring.asking import Inquiry, Price
from pilotage.authoring.failures import Failure
from pilotage.authoring.judgements import Judgement

if TYPE_CHECKING:
    import httpx2
    from pydantic import BaseModel

    from pilotage.machinery.documents.reading import Reader

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One request through a connection, before anything is added to it."""

    method: Method
    path: str
    params: Mapping[str, str] = field(default_factory=dict[str, str])
    body: object = None
    """What goes as JSON: a pydantic model, a mapping, or nothing; bytes go as they are."""
    expect: "type[BaseModel] | None" = None
    """The contract of the answer; None where the answer is not read."""
    raw: bool = False
    """The answer is its bytes, as they are; there is no contract for them."""
    absent_is_none: bool = False
    """`find`: 404, null or an empty list is an answer and means None."""
    reads: bool = False
    """It changes nothing on the other side, whatever its method: a search or a model is asked with POST."""
    reserve: Mapping[str, float] = field(default_factory=dict[str, float])
    """What it may use beside one call, by unit, such as {"tokens": 1200, "USD": 0.02}: held before it, settled after it."""
    used: "Callable[[object], Mapping[str, float]] | None" = None
    """What the answer says was used of what was reserved; None, or an answer that never comes: all of it."""
    segment: Mapping[str, str] = field(default_factory=dict[str, str])
    """Whose call it is, for limits that count `by=` a segment, such as {"client": "acme"}. An effect's is its case's."""
    wait_at_most: float | None = None
    """Seconds that it waits at most for room within the account's limits; None: as long as one call may take.

    Where there is none in time, the call fails at once with `connections.errors.NoRoom`, which says which limit it was and
    when it has room again. With 0 it never waits: "5 USD a day, then to people" is a Quota, and an abstention on NoRoom.
    """

    @property
    def changes(self) -> bool:
        """Whether it may change something on the other side."""
        return self.method != "GET" and not self.reads


class Permit(Protocol):
    """Leave to call, as long as the block lasts."""

    def used(self, amounts: Mapping[str, float], /) -> None:
        """What was used of what was reserved, by unit; unsaid, all of it."""
        ...


class Caller(Protocol):
    """Carries calls and permits for the step that is running."""

    async def call(self, connection: str, call: Call) -> object:
        """Make the call and give its answer as the model it must be.

        Raises TransientFailure (known not done), PermanentFailure (refused), UnknownOutcome, MalformedResponse, all of
        `authoring.failures`.
        """
        ...

    def permit(
        self, connection: str, weight: int, reserve: Mapping[str, float], /
    ) -> AbstractAsyncContextManager[Permit]:
        """Wait for a permit of the connection, for a client that is not ours: so many calls, and what is reserved by unit."""
        ...

    def client(
        self, connection: str, *, reads: bool, reserve: Mapping[str, float], price: Price | None
    ) -> "httpx2.AsyncClient":
        """A client for a library that takes one; each of its requests is a call. `reads`: a POST changes nothing."""
        ...


class Asker(Protocol):
    """Asks models for the step that is running."""

    async def ask(self, inquiry: Inquiry, /) -> list[Judgement[object] | Failure]:
        """What came of it for each item, in order: a judgement, an abstention, or a failure that may pass."""
        ...


class Documents(Protocol):
    """Gives the bytes of documents, and reads them."""

    @property
    def reader(self) -> "Reader":
        """What reads documents of strangers, within bounds."""
        ...

    def content(self, digest: str) -> bytes:
        """The bytes that are kept under a digest. Raises ContentMissing (PLT-340) and ContentAltered (PLT-341)."""
        ...


class Surroundings(Protocol):
    """What surrounds a running step."""

    @property
    def caller(self) -> Caller:
        """Who carries its calls."""
        ...

    @property
    def asker(self) -> Asker:
        """Who asks models for it."""
        ...

    def setting(self, name: str) -> str | None:
        """The text of a setting in this environment, or None where it is not set."""
        ...

    def artifact(self, file: str) -> Path:
        """Where a file of the release lies."""
        ...

    @property
    def documents(self) -> Documents:
        """Who reads documents."""
        ...


surroundings: ContextVar[Surroundings | None] = ContextVar("surroundings", default=None)
