"""Where an automation's records come from by themselves: a source watches a place outside, and submits what arrives there."""

from pilotage.authoring.connection import Connection
from pilotage.authoring.location import here
from pilotage.authoring.names import refuse_name
from pilotage.authoring.settings import Secret, Setting


class Source:
    """A place outside from which records arrive. Each kind is a class of its own; its name is part of what `case` tells."""

    def __init__(self, name: str, /) -> None:
        self.name = name
        self.line = here()
        refuse_name(type(self).__name__, name, self.line)

    @property
    def settings(self) -> tuple[Setting[str], ...]:
        """The settings that it needs."""
        return ()

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The secrets that it needs."""
        return ()

    @property
    def connections(self) -> tuple[Connection, ...]:
        """The connections through which it is read."""
        return ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"
