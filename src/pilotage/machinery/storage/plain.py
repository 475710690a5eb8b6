"""Rows as plain data and back, the same for both databases: what an export, an archive or a backup is made of."""

import base64
from collections.abc import Mapping, Sequence
from typing import cast

import sqlalchemy as sa


def names_of(table: sa.Table) -> tuple[str, ...]:
    """The names of its columns, in the order of the declaration."""
    return tuple(column.name for column in table.columns)


def to_plain(table: sa.Table, row: Mapping[str, object]) -> dict[str, object]:
    """A row as JSON takes it: bytes as base64, everything else as it is."""
    return {
        name: base64.b64encode(value).decode() if isinstance(value, bytes) else value
        for name, value in row.items()
        if name in table.c
    }


def to_row(table: sa.Table, plain: Mapping[str, object]) -> dict[str, object]:
    """The row that `to_plain` wrote. Raises KeyError for a column that the table has not."""
    return {name: _stored(table.c[name], value) for name, value in plain.items()}


def in_order(table: sa.Table, values: Sequence[object]) -> dict[str, object]:
    """The row whose values stand in the order of the columns. Raises ValueError where there are more or fewer."""
    return {column.name: _stored(column, value) for column, value in zip(table.columns, values, strict=True)}


def _stored(column: sa.Column[object], value: object) -> object:
    if value is not None and isinstance(column.type, sa.LargeBinary):
        return base64.b64decode(cast("str", value), validate=True)
    return value
