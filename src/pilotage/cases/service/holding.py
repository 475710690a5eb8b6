"""Hold and resume: no new effects, at once."""

from dataclasses import dataclass
from typing import Final

from pilotage.cases.errors import UnknownScope
from pilotage.cases.store import holding
from pilotage.kernel.clock import from_micros
from pilotage.kernel.ids import ids, shown
from pilotage.machinery.storage.database import Database

SCOPES: Final = ("everything", "automation", "segment", "connection", "case")


@dataclass(frozen=True, kw_only=True, slots=True)
class OnItsWay:
    """A call that was permitted before the hold."""

    effect: int
    case: int
    node: str
    connection: str
    sender: str
    send_by: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Hold:
    """A hold in force."""

    id: int
    scope: str
    name: str
    intake: bool
    reason: str
    by: str
    at: int

    def __str__(self) -> str:
        name = shown("C", int(self.name)) if self.scope == "case" else self.name
        what = "everything" if self.scope == "everything" else f"{self.scope} {name}"
        also = ", intake too" if self.intake else ""
        return f"{what}{also} (by {self.by} at {from_micros(self.at):%H:%M}: {self.reason})"


def hold(
    database: Database, *, scope: str, name: str, by: str, known: str, reason: str, intake: bool = False
) -> list[OnItsWay]:
    """Stop new effects; what was on its way when the hold took force.

    The gate is taken alone, so every permission to send was committed before, and none is given after, until `resume`.
    Raises UnknownScope (PLT-208).
    """
    if scope not in SCOPES:
        msg = f'"{scope}" cannot be held.'
        raise UnknownScope(msg, f"Hold one of: {', '.join(SCOPES)}.")
    with database.transaction() as tx:
        holding.turn_gate(tx)
        holding.add_hold(
            tx,
            {
                "id": ids.one(),
                "scope": scope,
                "name": name,
                "intake": intake,
                "reason": reason,
                "by": by,
                "known": known,
                "at": database.now(tx),
                "lifted_at": None,
                "lifted_by": None,
            },
        )
        return _on_their_way(holding.on_their_way(tx, scope, name))


def on_their_way(database: Database, *, scope: str, name: str) -> list[OnItsWay]:
    """Calls in the scope of a hold that have neither ended nor passed their send-by time."""
    with database.snapshot() as tx:
        now = database.now(tx)
        return [one for one in _on_their_way(holding.on_their_way(tx, scope, name)) if one.send_by >= now]


def resume(database: Database, *, scope: str, name: str, by: str) -> int:
    """Lift the holds of this scope and name; how many."""
    with database.transaction() as tx:
        holding.turn_gate(tx)
        return holding.lift(tx, scope=scope, name=name, now=database.now(tx), by=by)


def standing(database: Database) -> list[Hold]:
    """Every hold in force."""
    with database.snapshot() as tx:
        return [
            Hold(id=r.id, scope=r.scope, name=r.name, intake=r.intake, reason=r.reason, by=r.by, at=r.at)
            for r in holding.standing(tx)
        ]


def _on_their_way(rows: list) -> list[OnItsWay]:  # type: ignore[type-arg]
    return [
        OnItsWay(effect=r.id, case=r.case_id, node=r.node, connection=r.connection, sender=r.sender, send_by=r.send_by)
        for r in rows
    ]
