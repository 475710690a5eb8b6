"""Hold and resume: no new effects, at once."""

from typing import Final

from pilotage.cases.errors import UnknownScope
from pilotage.cases.store import holding
from pilotage.cases.values import Hold, OnItsWay
from pilotage.kernel.ids import ids
from pilotage.machinery.storage.database import Database

SCOPES: Final = ("everything", "automation", "segment", "connection", "case")


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
        return holding.on_their_way(tx, scope, name)


def on_their_way(database: Database, *, scope: str, name: str) -> list[OnItsWay]:
    """Calls in the scope of a hold that have neither ended nor passed their send-by time."""
    with database.snapshot() as tx:
        now = database.now(tx)
        return [one for one in holding.on_their_way(tx, scope, name) if one.send_by >= now]


def resume(database: Database, *, scope: str, name: str, by: str) -> int:
    """Lift the holds of this scope and name; how many."""
    with database.transaction() as tx:
        holding.turn_gate(tx)
        return holding.lift(tx, scope=scope, name=name, now=database.now(tx), by=by)


def standing(database: Database) -> list[Hold]:
    """Every hold in force."""
    with database.snapshot() as tx:
        return holding.standing(tx)
