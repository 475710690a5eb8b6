"""Hold and resume: no new effects, at once."""

from typing import Final

from pilotage.cases.errors import UnknownScope
from pilotage.cases.store import holding
from pilotage.cases.values import Hold, OnItsWay
from pilotage.kernel.ids import ids, shown
from pilotage.machinery.events.recording import record
from pilotage.machinery.events.values import Event
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
        now = database.now(tx)
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
                "at": now,
                "lifted_at": None,
                "lifted_by": None,
            },
        )
        details = {"scope": scope, "name": name, "intake": intake, "reason": reason}
        said = f"new effects of {_in_words(scope, name)} were stopped{', and intake' if intake else ''}: {reason}"
        record(
            tx,
            now,
            Event(kind="hold.began", subject=_in_words(scope, name), said=said, by=by, known=known, details=details),
        )
        return holding.on_their_way(tx, scope, name)


def on_their_way(database: Database, *, scope: str, name: str) -> list[OnItsWay]:
    """Calls in the scope of a hold that have neither ended nor passed their send-by time."""
    with database.snapshot() as tx:
        now = database.now(tx)
        return [one for one in holding.on_their_way(tx, scope, name) if one.send_by >= now]


def resume(database: Database, *, scope: str, name: str, by: str, known: str) -> int:
    """Lift the holds of this scope and name; how many."""
    with database.transaction() as tx:
        holding.turn_gate(tx)
        now = database.now(tx)
        lifted = holding.lift(tx, scope=scope, name=name, now=now, by=by)
        if lifted:
            said = f"effects of {_in_words(scope, name)} may go out again"
            record(tx, now, Event(kind="hold.lifted", subject=_in_words(scope, name), said=said, by=by, known=known))
        return lifted


def _in_words(scope: str, name: str) -> str:
    if scope == "everything":
        return scope
    return f"{scope} {shown('C', int(name)) if scope == 'case' else name}"


def standing(database: Database) -> list[Hold]:
    """Every hold in force."""
    with database.snapshot() as tx:
        return holding.standing(tx)
