"""What a running step may ask of the platform. The platform fills these in; outside a step nothing does.

`helpdesk.post(...)` in author code finds its `Caller` here, `Setting.value` its text and `Artifact.value` its file. They
travel in a context variable, so that two platforms in one process never meet and nothing is global.
"""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from pydantic import BaseModel

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One request through a connection, before anything is added to it."""

    method: Method
    path: str
    params: Mapping[str, str] = field(default_factory=dict[str, str])
    body: object = None
    """What goes as JSON: a pydantic model, a mapping, or nothing."""
    expect: "type[BaseModel] | None" = None
    """The contract of the answer; None where the answer is not read."""
    absent_is_none: bool = False
    """`find`: 404, null or an empty list is an answer and means None."""


class Caller(Protocol):
    """Carries calls and permits for the step that is running."""

    async def call(self, connection: str, call: Call) -> object:
        """Make the call and give its answer as the model it must be.

        Raises TransientFailure (known not done), PermanentFailure (refused), UnknownOutcome, MalformedResponse, all of
        `authoring.failures`.
        """
        ...

    def permit(self, connection: str, weight: int) -> AbstractAsyncContextManager[None]:
        """Wait for a permit of the connection, for a client that is not ours."""
        ...


class Surroundings(Protocol):
    """What surrounds a running step."""

    @property
    def caller(self) -> Caller:
        """Who carries its calls."""
        ...

    def setting(self, name: str) -> str | None:
        """The text of a setting in this environment, or None where it is not set."""
        ...

    def artifact(self, file: str) -> Path:
        """Where a file of the release lies."""
        ...


surroundings: ContextVar[Surroundings | None] = ContextVar("surroundings", default=None)
