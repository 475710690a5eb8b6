"""A SQL database outside: reading it in any step, and writing to it as an act, one transaction each."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Final, Generic, LiteralString, TypeAlias, cast, overload
from uuid import UUID

from pydantic import BaseModel, TypeAdapter
from typing_extensions import TypeVar

from pilotage.authoring.connection import Connection
from pilotage.authoring.limits import Breaker, Quota, Rate, Window, at_least_one
from pilotage.authoring.ports import Call
from pilotage.authoring.settings import Secret, Setting

M = TypeVar("M", bound=BaseModel)
SqlValue: TypeAlias = str | int | float | bool | bytes | Decimal | date | datetime | time | UUID | Enum | None
"""What a parameter may be."""
MOST_ROWS: Final = 10_000


class Written(BaseModel):
    """What a statement did."""

    rows: int
    """How many rows it inserted, changed or removed."""


class Rows(BaseModel, Generic[M]):
    """The answer of a database to a question."""

    rows: list[M]


class _Returned(Written, Generic[M]):
    returned: list[M]


_VALUE: Final = TypeAdapter[object](object)


class Database(Connection):
    """A SQL database, under the account's limits and breaker: PostgreSQL or SQLite, others with their driver installed.

    Values go as parameters alone (`:name`), and a statement is written in the code: type checkers refuse one that is put
    together from what a record holds. `keys` names a table of the database in which an act notes the effect's key in the
    same transaction, so that it may be repeated safely.
    """

    user_in_url = True

    def __init__(
        self,
        name: str,
        /,
        *,
        url: str | Setting[str],
        credential: Secret | None = None,
        limits: Sequence[Rate | Quota | Window] = (),
        timeout: timedelta | str = "10s",
        most_rows: int = MOST_ROWS,
        keys: str | None = None,
        breaker: Breaker | None = None,
    ) -> None:
        super().__init__(
            name,
            base_url=url,
            credential=credential,
            limits=limits,
            timeout=timeout,
            idempotency_header="Idempotency-Key",
            breaker=breaker,
        )
        at_least_one(f"Database {name}", "most_rows", most_rows)
        self.most_rows = most_rows
        """Rows that one question may be answered with."""
        self.keys = keys

    async def rows(
        self, statement: LiteralString, parameters: Mapping[str, SqlValue] | None = None, /, *, expect: type[M]
    ) -> list[M]:
        """Ask, in a transaction that cannot write."""
        asked = {"sql": statement, "parameters": _tagged(parameters), "most": self.most_rows}
        call = Call(method="POST", path="/rows", body=asked, expect=Rows[expect], reads=True)
        return cast("Rows[M]", await self._caller().call(self.name, call)).rows

    async def row(
        self, statement: LiteralString, parameters: Mapping[str, SqlValue] | None = None, /, *, expect: type[M]
    ) -> M | None:
        """Ask for one row, or none; more than one break the contract."""
        asked = {"sql": statement, "parameters": _tagged(parameters), "most": 1}
        call = Call(method="POST", path="/rows", body=asked, expect=Rows[expect], reads=True)
        return next(iter(cast("Rows[M]", await self._caller().call(self.name, call)).rows), None)

    @overload
    async def write(
        self,
        statement: LiteralString,
        parameters: Mapping[str, SqlValue] | None = None,
        /,
        *,
        exactly: int | None = None,
        expect: None = None,
    ) -> Written: ...
    @overload
    async def write(
        self,
        statement: LiteralString,
        parameters: Mapping[str, SqlValue] | None = None,
        /,
        *,
        exactly: int | None = None,
        expect: type[M],
    ) -> M: ...
    async def write(
        self,
        statement: LiteralString,
        parameters: Mapping[str, SqlValue] | None = None,
        /,
        *,
        exactly: int | None = None,
        expect: type[M] | None = None,
    ) -> M | Written:
        """Do one statement as the act of this step, in one transaction.

        With `exactly`, it is taken back where it touches another number of rows. With `expect`, it has RETURNING and gives
        that one row.
        """
        asked = {
            "sql": statement,
            "parameters": _tagged(parameters),
            "exactly": 1 if expect is not None else exactly,
            "keys": self.keys,
        }
        contract = Written if expect is None else _Returned[expect]
        answer = await self._caller().call(self.name, Call(method="POST", path="/write", body=asked, expect=contract))
        return cast("Written", answer) if expect is None else cast("_Returned[M]", answer).returned[0]

    def differs_in(self, other: Connection) -> str | None:
        """The first setting in which two declarations differ, or None where they agree."""
        mine = (self.most_rows, self.keys)
        if isinstance(other, Database) and mine != (other.most_rows, other.keys):
            return "most_rows or keys"
        return super().differs_in(other)


def _tagged(parameters: Mapping[str, SqlValue] | None) -> dict[str, object]:
    """Each value with the kind that it has, so that it is the same on the other side of JSON."""
    return {name: _tag(value.value if isinstance(value, Enum) else value) for name, value in (parameters or {}).items()}


def _tag(value: object) -> object:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, bytes):
        return ["bytes", value.hex()]
    return [type(value).__name__.lower(), _VALUE.dump_python(value, mode="json")]
