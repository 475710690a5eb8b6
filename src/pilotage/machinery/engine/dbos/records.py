"""How DBOS writes down what it records, and what it is not allowed to record."""

import json
from typing import Any

from dbos import Serializer


class NotRecorded(BaseException):
    """Carries an error past everything in DBOS that would record it; `error` is what was raised."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(str(error))
        self.error = error


class Json(Serializer):
    """JSON and nothing else (never pickle), and no errors.

    DBOS records what a step raises and would raise it again in every later run, for ever: a full disk or a deadlock that
    is over would go on stopping the batch. Our port says that a checkpoint which raised leaves nothing behind, and that a
    later run may try again. An error cannot be recorded that cannot be written down, so this refuses to. It refuses with
    a BaseException, which DBOS lets pass: the transaction is rolled back already when it gets here.
    """

    def name(self) -> str:
        """What DBOS notes beside everything that is written by this."""
        return "pilotage_json"

    def serialize(self, data: Any) -> str:
        """The text of a value."""
        if isinstance(data, BaseException):
            raise NotRecorded(data)
        return json.dumps(data, separators=(",", ":"))

    def deserialize(self, serialized_data: str) -> Any:
        """The value of a text."""
        return json.loads(serialized_data)
