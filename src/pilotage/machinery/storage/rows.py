"""Rows as the values that a store gives back: frozen dataclasses whose fields are named as the columns."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, TypeVar, cast

import sqlalchemy as sa

V = TypeVar("V")


def columns(table: sa.Table, kind: type) -> list[sa.Column[Any]]:
    """The columns of the table that the dataclass has a field for."""
    return [table.c[field.name] for field in fields(kind) if field.name in table.c]


def value(kind: Callable[..., V], row: sa.RowMapping, **more: object) -> V:
    """A row as a value; `more` are fields that are no columns."""
    return kind(**cast("Mapping[str, object]", row), **more)


def values(kind: Callable[..., V], found: sa.Result[*tuple[Any, ...]]) -> list[V]:
    """All rows as values."""
    return [value(kind, row) for row in found.mappings()]


def value_or_none(kind: Callable[..., V], found: sa.Result[*tuple[Any, ...]]) -> V | None:
    """The one row as a value; None where there is none."""
    row = found.mappings().one_or_none()
    return None if row is None else value(kind, row)
