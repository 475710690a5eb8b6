"""Objects of a bucket from which an automation's records come."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pilotage.authoring.bucket import Bucket
from pilotage.authoring.codes import finding
from pilotage.authoring.connection import Connection
from pilotage.authoring.documents import Document
from pilotage.authoring.findings import DefinitionError
from pilotage.authoring.intake import Source
from pilotage.authoring.spans import Span, span
from pilotage.kernel.durations import Duration

TABLES: Final = frozenset({".csv", ".tsv", ".jsonl", ".ndjson", ".xlsx"})
"""How the names of objects end whose lines or rows are records."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredObject:
    """An object as it was read."""

    key: str
    version: str
    """Its ETag: another one is another content."""
    document: Document


class Objects(Source):
    """The objects of a bucket whose keys begin with `prefix` become records, each version of each once.

    An object whose key ends as a table does (.csv, .tsv, .jsonl, .xlsx) gives a record of each row, as a submitted file does;
    any other is the one document of a record, or what `record` makes of it. Nothing is moved or removed.
    """

    def __init__(
        self,
        name: str,
        bucket: Bucket,
        /,
        *,
        prefix: str = "",
        every: Span = "1m",
        record: Callable[[StoredObject], object] | None = None,
    ) -> None:
        super().__init__(name)
        place = f"Objects {name}"
        self.bucket = bucket
        self.prefix = prefix
        self.every: Duration = span(every, place=place, line=self.line)
        self.record = record
        if why := self._wrong():
            raise DefinitionError(finding("PLT-580", place=place, line=self.line, why=why[0], remedy=why[1]))

    @property
    def connections(self) -> tuple[Connection, ...]:
        """The bucket."""
        return (self.bucket,)

    def _wrong(self) -> tuple[str, str] | None:
        if not isinstance(self.bucket, Bucket):  # pyright: ignore[reportUnnecessaryIsInstance]
            return "it lists no bucket", 'Write Objects("name", Bucket("scans", ...), prefix="in/").'
        if self.prefix.startswith("/") or "*" in self.prefix:
            return f'no key begins with "{self.prefix}"', 'Write the beginning of the keys as it is: prefix="in/".'
        return None
