"""Many rows in one statement: the only place where the two dialects write differently.

SQLite takes prepared statements of a hundred rows each: row by row is a third dearer, and Python's driver gives the interpreter
to another thread and takes it back with every single one. PostgreSQL takes one statement with an array for each column
(`unnest`), which is one round trip and one plan whatever the number of rows.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any, Final, TypeAlias, cast

import sqlalchemy as sa

from pilotage.machinery.storage.database import Tx

Row: TypeAlias = Mapping[str, object]

_TOGETHER: Final = 100
"""Rows of one statement on SQLite. More of them gain nothing; a row of 20 columns stays far under SQLite's 32,766 parameters."""

_CASTS: Final[tuple[tuple[type[sa.types.TypeEngine[Any]], str], ...]] = (
    (sa.BigInteger, "bigint"),
    (sa.Integer, "integer"),
    (sa.Boolean, "boolean"),
    (sa.LargeBinary, "bytea"),
    (sa.Float, "double precision"),
    (sa.Text, "text"),
)


_VALUE: Final[sa.ColumnClause[Any]] = sa.literal_column("value")
"""What SQLite's `json_each` calls each element of a list."""


def _cast(column: sa.Column[object]) -> str:
    for kind, name in _CASTS:
        if isinstance(column.type, kind):
            return name
    msg = f"no array type for {column}"
    raise TypeError(msg)


def _quoted(names: Iterable[str]) -> list[str]:
    return [f'"{name}"' for name in names]


def _arrays(table: sa.Table, columns: Sequence[str]) -> str:
    # %b: in binary. As text, psycopg escapes the elements of an array one by one, which took a third of a worker's time.
    return ", ".join(f"%b::{_cast(table.c[name])}[]" for name in columns)


@lru_cache(maxsize=256)
def _insert_text(table: sa.Table, columns: tuple[str, ...], dialect: str, tail: str, number: int = 1) -> str:
    names = ", ".join(_quoted(columns))
    if dialect == "sqlite":
        return f'INSERT INTO "{table.name}" ({names}) VALUES {_marks(columns, number)} {tail}'  # noqa: S608 - our own tables
    return f'INSERT INTO "{table.name}" ({names}) SELECT * FROM unnest({_arrays(table, columns)}) {tail}'  # noqa: S608


@lru_cache(maxsize=256)
def _update_text(table: sa.Table, key: str, columns: tuple[str, ...], dialect: str, number: int = 1) -> str:
    order = (*columns, key)
    if dialect == "sqlite":
        sets = ", ".join(f'"{name}" = n.column{place}' for place, name in enumerate(columns, 1))
        return (
            f'UPDATE "{table.name}" SET {sets} FROM (VALUES {_marks(order, number)}) AS n '  # noqa: S608 - our own tables
            f'WHERE "{table.name}"."{key}" = n.column{len(order)}'
        )
    sets = ", ".join(f'"{name}" = n."{name}"' for name in columns)
    return (
        f'UPDATE "{table.name}" t SET {sets} FROM unnest({_arrays(table, order)}) AS n({", ".join(_quoted(order))}) '  # noqa: S608
        f'WHERE t."{key}" = n."{key}"'
    )


def _marks(columns: Sequence[str], number: int) -> str:
    return ", ".join([f"({', '.join('?' * len(columns))})"] * number)


def insert(tx: Tx, table: sa.Table, rows: Sequence[Row], *, tail: str = "") -> None:
    """Insert rows that all have the same columns. `tail` is what follows, such as ON CONFLICT DO NOTHING."""
    if not rows:
        return
    columns = tuple(rows[0])
    _run(tx, lambda number: _insert_text(table, columns, tx.dialect.name, tail, number), rows, columns)


def insert_new(tx: Tx, table: sa.Table, rows: Sequence[Row], *, unique: Sequence[str]) -> set[int]:
    """Insert the rows whose `unique` columns nobody has yet; the ids (column `id`) of those that went in.

    On SQLite the caller holds the write lock and has looked before, so everything goes in.
    """
    if not rows:
        return set()
    columns = tuple(rows[0])
    if tx.dialect.name == "sqlite":
        insert(tx, table, rows)
        return {cast("int", row["id"]) for row in rows}
    tail = f"ON CONFLICT ({', '.join(_quoted(unique))}) DO NOTHING RETURNING id"
    arrays = tuple(list(map(itemgetter(name), rows)) for name in columns)
    return set(tx.exec_driver_sql(_insert_text(table, columns, tx.dialect.name, tail), arrays).scalars())


def update(tx: Tx, table: sa.Table, rows: Sequence[Row], *, key: str) -> None:
    """Update rows by their `key`, each with values of its own; all rows have the same columns."""
    if not rows:
        return
    columns = tuple(name for name in rows[0] if name != key)
    _run(tx, lambda number: _update_text(table, key, columns, tx.dialect.name, number), rows, (*columns, key))


def _run(tx: Tx, text: Callable[[int], str], rows: Sequence[Row], order: tuple[str, ...]) -> None:
    """Run the statement, whose text depends on the number of rows that it takes, for all of them."""
    if tx.dialect.name != "sqlite":
        tx.exec_driver_sql(text(1), tuple(list(map(itemgetter(name), rows)) for name in order))
        return
    values = list(map(_picker(order), rows))
    whole = len(values) - len(values) % _TOGETHER
    for start in range(0, whole, _TOGETHER):
        together = tuple(chain.from_iterable(values[start : start + _TOGETHER]))
        tx.exec_driver_sql(text(_TOGETHER), together)
    if whole < len(values):
        tx.exec_driver_sql(text(1), values[whole:])


def _picker(order: tuple[str, ...]) -> Callable[[Row], tuple[object, ...]]:
    if len(order) == 1:
        return lambda row: (row[order[0]],)
    return cast("Callable[[Row], tuple[object, ...]]", itemgetter(*order))


def among(tx: Tx, column: sa.ColumnElement[int], values: Iterable[int]) -> sa.ColumnElement[bool]:
    """`column IN values` for any number of integers, as one parameter."""
    if tx.dialect.name == "sqlite":
        text = "[" + ",".join(map(str, values)) + "]"
        return column.in_(sa.select(_VALUE).select_from(sa.func.json_each(sa.literal(text))))
    return column == sa.any_(sa.literal(list(values), sa.ARRAY(sa.BigInteger)))


def among_texts(tx: Tx, column: sa.ColumnElement[str], values: Sequence[str]) -> sa.ColumnElement[bool]:
    """`column IN values` for any number of texts, as one parameter."""
    if tx.dialect.name == "sqlite":
        text = json.dumps(list(values))
        return column.in_(sa.select(_VALUE).select_from(sa.func.json_each(sa.literal(text))))
    return column == sa.any_(sa.literal(list(values), sa.ARRAY(sa.Text)))


def within(dialect: str, column: sa.ColumnElement[int] | sa.ColumnElement[str], name: str) -> sa.ColumnElement[bool]:
    """`column IN :name` for a statement that is built once; give the parameter as `listed(dialect, values)`."""
    if dialect == "sqlite":
        values = sa.func.json_each(sa.bindparam(name, type_=sa.Text))
        return column.in_(sa.select(_VALUE).select_from(values))
    return column == sa.any_(sa.bindparam(name, type_=sa.ARRAY(column.type)))


def listed(dialect: str, values: Iterable[int] | Iterable[str]) -> object:
    """The parameter of `within`."""
    return json.dumps(list(values)) if dialect == "sqlite" else list(values)
