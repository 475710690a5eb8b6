"""Undoing confirmed effects, one by one, as each declares; what could not be undone says why."""

import asyncio
import inspect
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import cast

from pydantic_core import from_json

from pilotage.authoring.effects import Act, CannotUndo
from pilotage.authoring.plan import Node
from pilotage.authoring.values import Case, Effect
from pilotage.cases.retry import SECOND
from pilotage.cases.service.recounting import recount
from pilotage.cases.service.sending import SEND_WITHIN
from pilotage.cases.service.served import Served
from pilotage.cases.service.surrounding import Surrounding
from pilotage.cases.store import arriving, holding, ledger
from pilotage.cases.store.ledger import Confirmed
from pilotage.cases.values import EffectState
from pilotage.cases.walk import said_of
from pilotage.connections.errors import NoRoom
from pilotage.connections.values import EffectGuard, Standing
from pilotage.kernel.clock import Clock
from pilotage.kernel.foreign import RAISED, kept
from pilotage.kernel.ids import ids, shown
from pilotage.machinery.events.values import TOLD
from pilotage.machinery.storage.database import Database


@dataclass(frozen=True, kw_only=True, slots=True)
class Undone:
    """What became of undoing several effects."""

    undone: int = 0
    could_not: dict[str, str] = field(default_factory=dict[str, str])
    """Effect key -> why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _By:
    """Who undoes, and how that is known."""

    name: str
    known: str


@dataclass(frozen=True, kw_only=True)
class Undoer:
    """Takes effects back, in the event loop of this process."""

    database: Database
    served: Served
    surrounding: Surrounding
    clock: Clock

    async def undo(self, effects: Sequence[int], *, by: str, reason: str, known: str = TOLD) -> Undone:
        """Undo confirmed effects, the latest first. Each undo has a key of its own, so that it too happens once."""
        undone, could_not = 0, dict[str, str]()
        for effect in sorted(effects, reverse=True):
            found = await asyncio.to_thread(self._begin, effect)
            if found is None:
                continue
            why = await self._undo_one(found, _By(name=by, known=known), reason)
            if why is None:
                undone += 1
            else:
                could_not[found.key] = why
        return Undone(undone=undone, could_not=could_not)

    def _begin(self, effect: int) -> Confirmed | None:
        with self.database.transaction() as tx:
            holding.share_gate(tx)
            return ledger.begin_undo(tx, effect, self.database.now(tx))

    async def _undo_one(self, effect: Confirmed, by: _By, reason: str) -> str | None:
        node = self.served.node(effect.automation, effect.release, effect.node)
        act = cast("Act", node.step)
        if isinstance(act.undo, CannotUndo):
            await asyncio.to_thread(self._end, effect, EffectState.CONFIRMED, "", by)
            return act.undo.why + (f" {act.undo.instead}" if act.undo.instead else "")
        state, words = await self._call(effect, node, act)
        await asyncio.to_thread(self._end, effect, state, words or reason, by)
        return None if state is EffectState.UNDONE else words

    async def _call(self, effect: Confirmed, node: Node, act: Act) -> tuple[EffectState, str]:
        send_by = self.clock.monotonic() + SEND_WITHIN / SECOND
        guard = EffectGuard(key=f"{effect.key}/undo", attempt=1, send_by=send_by, counted=False)
        caller = self.surrounding.acting(node, guard)
        value = node.codec.decode(from_json(effect.result)) if node.codec is not None else None
        case = Case(id=shown("C", effect.case), key=effect.case_key, now=self.clock.now())
        values = (value, Effect(key=guard.key, attempt=1, case=case)) if act.undo_takes_effect else (value,)
        function = cast("Callable[..., object]", act.undo)
        automation = self.served.automations[effect.automation, effect.release]
        try:
            with self.surrounding.current(automation, caller):
                if inspect.iscoroutinefunction(function):
                    await function(*values)
                else:
                    (await asyncio.to_thread(kept, function, *values))()
        except NoRoom as error:  # nothing was tried: it can be undone when there is room
            return EffectState.CONFIRMED, said_of(error)
        except RAISED as error:  # the border to the author's code
            known = caller.standing in {Standing.NOTHING, Standing.NOT_DONE, Standing.REFUSED}
            return EffectState.UNDO_REFUSED if known else EffectState.UNDO_UNKNOWN, said_of(error)
        if caller.standing in {Standing.ANSWERED, Standing.NOTHING}:  # an undo may find that nothing has to be called
            return EffectState.UNDONE, ""
        known = caller.standing in {Standing.NOT_DONE, Standing.REFUSED}
        words = f"The undo of {node.name} went on although its call failed."
        return EffectState.UNDO_REFUSED if known else EffectState.UNDO_UNKNOWN, words

    def _end(self, effect: Confirmed, state: EffectState, words: str, by: _By) -> None:
        with self.database.transaction() as tx:
            now = self.database.now(tx)
            ledger.end_undo(tx, effect.id, state, words=words, now=now)
            said = f"({effect.node} of {shown('C', effect.case)}) was to be undone, and is {state.value}"
            about = {"case": shown("C", effect.case), "state": state.value}
            recount(
                tx,
                now,
                [effect.id],
                letter="E",
                kind="effect.undone" if state is EffectState.UNDONE else "effect.not undone",
                said=said,
                by=by.name,
                known=by.known,
                details=about,
            )
            arriving.tell(
                tx,
                [
                    {
                        "case_id": effect.case,
                        "id": ids.one(),
                        "at": now,
                        "batch": None,
                        "story": json.dumps([["undo", effect.node, state.value, by.name, words]]),
                    }
                ],
            )
