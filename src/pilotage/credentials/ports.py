"""What secrets come from."""

from typing import Protocol, runtime_checkable

from pilotage.credentials.values import Found


class Store(Protocol):
    """One place in which values are kept."""

    def find(self, name: str) -> Found | None:
        """The value that is to be used now; None where this place has none of that name.

        Raises SourceAway (PLT-236) where it does not answer: that is not the same as none.
        """
        ...

    def ways(self, name: str) -> str:
        """How a value gets into this place: the end of a sentence that begins with "To set it:"."""
        ...


@runtime_checkable
class Rotating(Protocol):
    """A place that keeps several valid values of a secret."""

    def earlier(self, name: str) -> list[Found]:
        """The values before the newest that are still valid."""
        ...
