"""What the example works on: labelled requests to learn from, and requests to run, whose labels are held back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pilotage.examples.tickets.contracts import Team


@dataclass(frozen=True, kw_only=True)
class Example:
    """A labelled text to learn from; `team` is None where none of the teams answers such a thing."""

    text: str
    team: Team | None


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request as it lies in the mailbox."""

    id: str
    product: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Material:
    """Learned from and run are disjoint: no text is in both.

    `truth` is for measuring alone and never goes where requests go. It has the id of each request whose team is known
    (None: out of scope), and is empty for requests without labels.
    """

    source: str
    examples: Sequence[Example]
    requests: Sequence[Request]
    truth: Mapping[str, Team | None]
