"""A webhook: a system outside calls when something happened, and signs what it says."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from pilotage.authoring.codes import finding
from pilotage.authoring.findings import DefinitionError
from pilotage.authoring.intake import Source
from pilotage.authoring.limits import at_least_one
from pilotage.authoring.settings import Secret

Event: TypeAlias = Mapping[str, Any]
"""What was sent, before any contract."""


class Webhook(Source):
    """Records that another system sends to `/in/<automation>/<name>`, signed as Standard Webhooks says.

    `record` takes what the automation takes out of an event, such as its "data"; it gives None for an event that is no
    record of this automation. Unsaid, the event is the record.
    """

    def __init__(
        self,
        name: str,
        /,
        *,
        secret: Secret,
        record: Callable[[Event], object] | None = None,
        at_most: int = 1_000_000,
    ) -> None:
        super().__init__(name)
        if not isinstance(secret, Secret):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise DefinitionError(finding("PLT-161", place=f"Webhook {name}", line=self.line, name=name))
        at_least_one(f"Webhook {name}", "at_most", at_most)
        self.secret = secret
        self.record = record
        self.at_most = at_most
        """Bytes of a body; a longer one is refused before it is read."""

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """What its sender signs with."""
        return (self.secret,)
