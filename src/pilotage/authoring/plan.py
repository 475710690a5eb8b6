"""An automation compiled for the runtime: nodes with resolved inputs, joined by `next` and `branches`.

`compile_plan` in `authoring/compiling.py` makes it once, when the automation is defined. A case that is under way stands
at one node; where it goes from there is `next` (None: the end), or for a choice the branch of its label. Nested paths are
flattened: the last node of a branch has the node after the choice as its `next`. Plans are pure values.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Final, Literal, Protocol

RECORD: Final = "record"
"""The source that every case has: the record it began with."""


class Kind(StrEnum):
    """What a node does to a case."""

    COMPUTE = "compute"
    JUDGE = "judge"
    ACT = "act"
    RULE = "rule"
    CHOICE = "choice"
    APPROVAL = "approval"
    EXCEPTION = "exception"
    HAND_OVER = "hand-over"
    WAIT = "wait"
    FOR_EACH = "for-each"


class Codec(Protocol):
    """Turns a value into plain JSON data and back, as its contract says."""

    def encode(self, value: object) -> object:
        """Plain data that `json.dumps` takes. Raises ValueError for a value that is not of the contract."""
        ...

    def decode(self, data: object) -> object:
        """The typed value. Raises pydantic.ValidationError (a ValueError) where the data do not fit the contract."""
        ...

    def decode_text(self, text: bytes | str) -> object:
        """The typed value from JSON text, in one pass."""
        ...

    def encode_all(self, values: Sequence[object]) -> list[object]:
        """The same for many at once. Raises ValueError if one of them is not of the contract: each alone says which."""
        ...

    def decode_all(self, data: Sequence[object]) -> list[object]:
        """The same for many at once. Raises ValidationError if one of them does not fit: each alone says which."""
        ...

    def decode_texts(self, texts: Sequence[str]) -> list[object]:
        """The same from JSON texts."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Input:
    """Where one parameter of a step comes from."""

    parameter: str
    type_name: str
    sources: tuple[str, ...] = ()
    """RECORD or names of nodes, in the order of the path. The last one that gave this case a value is taken."""
    special: Literal["case", "effect"] | None = None
    optional: bool = False
    """`T or None`: None where no source gave a value."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """One place on the way of a case."""

    name: str
    """Unique in the automation; what timeline and book call it."""
    kind: Kind
    step: object
    """The declaration: Compute, Judged, Act, Rule, Choice, Approval, BusinessException, HandOver, Wait or ForEach."""
    inputs: tuple[Input, ...] = ()
    """Of the function, or of the one value that a choice, approval, hand-over, wait or for-each reads."""
    scope_inputs: tuple[Input, ...] = ()
    """What `step.scope` (rule) or `step.when` (approval, exception) reads, aligned with `Scope.needs`."""
    codec: Codec | None = None
    """Of the value that the node gives: for a judge the judged value, for an approval Approved[T]. None: gives nothing."""
    next: str | None = None
    branches: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    """Of a choice: label text (see `label_text`) -> first node of its branch (None: straight to the end)."""
    body: "Plan | None" = None
    """Of a for-each: what each item goes through."""
    function: Callable[..., object] | None = None
    asynchronous: bool = False
    batch: int | None = None
    """The most cases the function takes at once, as lists; None: it takes one case."""
    connections: tuple[str, ...] = ()
    line: str = ""
    """file:line of the declaration, for messages."""
    step_name: str = ""
    """The name of the step itself, the same wherever it stands: on two branches the nodes are `assign` and `assign-2`,
    and the step of both is `assign`. An effect key is made with it, so that an effect which a replay meets on another
    branch is the same effect."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A whole process, ready to run."""

    automation: str
    record: Codec
    nodes: Mapping[str, Node]
    first: str | None
    output: Codec
    output_sources: tuple[str, ...]
    """Nodes that give the automation's `gives`; the last one that a case passed is its output."""


def label_text(value: object) -> str:
    """A label of a choice as text: an enum member's value, true/false, or the value itself."""
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def told_label(plain: object) -> str:
    """A plain value as a story tells it: a label as text, and nothing of a whole document, which stands with the outcomes."""
    return "" if isinstance(plain, dict | list) else label_text(plain)
