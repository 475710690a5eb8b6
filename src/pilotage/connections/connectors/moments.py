"""Dates and times of PostgreSQL that Python's own cannot hold come as their text: infinity, years before 1 and after 9999.

The driver would fail at the whole answer otherwise, and one such row would hide all others.
"""

from typing import Final

import psycopg
from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import Loader
from psycopg.pq import Format

_KINDS: Final = ("date", "time", "timetz", "timestamp", "timestamptz", "interval")


class _OrText(Loader):
    """Loads as the driver does, and gives the text where that fails."""

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        usual = psycopg.adapters.get_loader(oid, Format.TEXT)
        assert usual is not None, "the driver has a loader of its own for each of these"
        self._usual = usual(oid, context)

    def load(self, data: Buffer) -> object:
        """As Python's own, or as text."""
        try:
            return self._usual.load(data)
        except psycopg.DataError:
            return bytes(data).decode()


def read_as_texts(connection: psycopg.Connection, _record: object) -> None:
    """Let a new connection read so."""
    for kind in _KINDS:
        connection.adapters.register_loader(kind, _OrText)
