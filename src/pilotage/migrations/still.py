"""Whether a platform stands still: nobody works on it, and nothing of it is on its way."""

from typing import Final

import sqlalchemy as sa

from pilotage.cases.tables import cases, effects
from pilotage.cases.values import EffectState
from pilotage.kernel.ids import shown
from pilotage.machinery.engine.lives import SILENT_SECONDS, Lives
from pilotage.machinery.engine.tables import life
from pilotage.machinery.storage.database import Database, Tx
from pilotage.migrations.errors import EffectsOnTheirWay, WorkersLive

_NAMED: Final = 10


def refuse_workers(database: Database) -> None:
    """Raises WorkersLive (PLT-503) while a process works on the database."""
    living = [one for one in Lives(database).living() if one.kind == "worker"]
    if living:
        named = ", ".join(f"{one.executor} (process {one.pid})" for one in living[:_NAMED])
        number = f"{len(living)} {'process works' if len(living) == 1 else 'processes work'} on this database"
        raise WorkersLive(
            f"{number}: {named}.",
            "End `pilotage serve`, `run` or `worker` there with Ctrl-C or `kill PID`; it leaves in order. One that was "
            f"killed counts as gone after {SILENT_SECONDS:g} seconds. Then give the same command again.",
        )


def refuse_on_their_way(tx: Tx) -> None:
    """Raises EffectsOnTheirWay (PLT-504) where an effect is on its way, naming each."""
    e = effects.c
    query = sa.select(e.id, e.node, cases.c.key).join(cases, cases.c.id == e.case_id)
    found = tx.execute(query.where(e.state == EffectState.SENDING.value).order_by(e.id).limit(_NAMED + 1)).all()
    if found:
        named = ", ".join(f"{shown('E', number)} ({node} of {key})" for number, node, key in found[:_NAMED])
        more = " and more" if len(found) > _NAMED else ""
        raise EffectsOnTheirWay(
            f"These effects were on their way when their process ended: {named}{more}.",
            "Give `pilotage run` once, here: it finds out what became of them. Then give the same command again.",
        )


def began_since(tx: Tx, since: int) -> bool:
    """Whether a process has worked on the database since then."""
    return tx.execute(sa.select(life.c.executor).where(life.c.beat_at >= since).limit(1)).first() is not None
