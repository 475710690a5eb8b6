"""Permits by turns: the room at a connection is shared by automations, and what each gets by its segments.

Priority comes first: what is of a later one is permitted where room is left. What is on hold takes no share.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Protocol

from pilotage.cases.service.served import Served
from pilotage.cases.shares import split
from pilotage.cases.store import holding, permitting
from pilotage.cases.store.permitting import Lines, Planned, Share
from pilotage.cases.store.turns import SEGMENTS, Segment
from pilotage.cases.values import Hold
from pilotage.machinery.storage.database import Tx


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """What is due at one connection."""

    connection: str
    ask: bool
    lines: Sequence[Planned]
    held: Sequence[str]
    """Segments on hold."""


class RoomApart(Protocol):
    """The room of each segment, where limits count them apart."""

    def room(self, segments: str | None, wanted: int) -> int:
        """How many effects of cases with these segments may be sent."""
        ...

    def took(self, segments: str | None, count: int) -> None:
        """So many were taken."""
        ...


_LOOKS: Final = 8
"""How often segments are looked at in one turn, where those that were looked at have no room."""


@dataclass(kw_only=True)
class Permits:
    """Whose turn it is, for the sender of one process."""

    served: Served
    _turn: int = 0
    _turns: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    """(connection, automation) -> when it last got a permit."""
    _after: dict[tuple[str, str], Segment] = field(default_factory=dict[tuple[str, str], Segment])
    """(connection, automation) -> the segment that was the last in turn."""

    @cached_property
    def _lines(self) -> Lines:
        found = (
            (connection.name, automation, release)
            for (automation, release), declared in self.served.automations.items()
            for connection in declared.connections
        )
        return tuple(dict.fromkeys(found))

    def look(self, tx: Tx, now: int, is_open: Callable[[str], bool], *, most: int) -> list[Due]:
        """The connections at which something may be sent or asked, with what there is, counted up to `most`."""
        ask = permitting.to_ask(tx, self.served.pairs, now=now)
        lines = permitting.planned(tx, self._lines, now=now, most=most)
        holds = holding.standing(tx) if lines else []
        lines = [line for line in lines if not _stops(holds, line)]
        segments = [one.name for one in holds if one.scope == "segment"]
        return [
            Due(
                connection=name,
                ask=name in ask,
                lines=[line for line in lines if line.connection == name],
                held=segments,
            )
            for name in sorted(ask | {line.connection for line in lines})
            if is_open(name)
        ]

    def take(
        self,
        tx: Tx,
        due: Due,
        *,
        room: int,
        sending: int,
        sender: str,
        now: int,
        send_by: int,
        apart: RoomApart | None = None,
    ) -> list[tuple[int, bool]]:
        """Permits for up to `room` effects of the connection, of which `sending` are sent: (effect, whether to ask about it).

        `apart` knows the room of each segment, where limits count them apart.
        """
        taken: list[tuple[int, bool]] = []
        if due.ask and room > 0:
            asked = permitting.permit_asking(
                tx, due.connection, sender=sender, most=room, now=now, send_by=send_by, served=self.served.pairs
            )
            taken += [(effect, True) for effect in asked]
        lines = due.lines
        acts = 0
        while lines and (left := min(room - len(taken), sending - acts)) > 0:
            shares = self._shares(tx, due, lines, left, now, apart)
            sent: list[int] = []
            for some in [shares] if apart is None else [[one] for one in shares]:
                got = permitting.permit(tx, due.connection, some, sender=sender, now=now, send_by=send_by)
                sent += got
                if apart is not None:
                    apart.took(some[0].segment, len(got))
            taken += [(effect, False) for effect in sent]
            acts += len(sent)
            first = min(line.priority for line in lines)
            if not sent or not any(line.more or line.priority > first for line in lines):
                break
            known = tuple((due.connection, line.automation, line.release) for line in lines)
            lines = permitting.planned(tx, known, now=now, most=left)
        return taken

    def _shares(
        self, tx: Tx, due: Due, lines: Sequence[Planned], room: int, now: int, apart: RoomApart | None
    ) -> list[Share]:
        first = min(line.priority for line in lines)
        level = sorted(
            (line for line in lines if line.priority == first),
            key=lambda line: self._turns.get((line.connection, line.automation), 0),
        )
        shares: list[Share] = []
        for line, most in split({line: line.count for line in level}, room).items():
            self._turn += 1
            key = (line.connection, line.automation)
            self._turns[key] = self._turn
            if apart is None and line.count <= most and line.count < room:
                shares.append(Share(of=line, segment=None, whole=True, most=most))
                continue
            divided = split(self._free(tx, due, line, most, now, apart), most)
            if divided:
                self._after[key] = next(reversed(divided))
            shares += [Share(of=line, segment=one, whole=False, most=count) for one, count in divided.items()]
        return shares

    def _free(
        self, tx: Tx, due: Due, line: Planned, most: int, now: int, apart: RoomApart | None
    ) -> dict[Segment, int]:
        """What is due of each segment, without what is on hold or has no room."""
        key = (line.connection, line.automation)
        for _ in range(_LOOKS):
            found = permitting.segments(tx, line, now=now, after=self._after.get(key), most=most)
            free = {segment: count for segment, count in found.items() if not _named(due.held, segment)}
            if apart is None:
                return free
            rooms = {segment: min(count, apart.room(segment, count)) for segment, count in free.items()}
            free = {segment: room for segment, room in rooms.items() if room}
            named = [segment for segment in found if segment is not None]
            if free or len(named) < SEGMENTS:
                return free
            self._after[key] = named[-1]  # all of these are full: look behind them
        return {}


def _stops(holds: Sequence[Hold], line: Planned) -> bool:
    named = {"everything": "", "automation": line.automation, "connection": line.connection}
    return any(one.scope in named and (one.scope == "everything" or one.name == named[one.scope]) for one in holds)


def _named(held: Sequence[str], segment: Segment) -> bool:
    return segment is not None and any(f"|{name}|" in segment for name in held)
