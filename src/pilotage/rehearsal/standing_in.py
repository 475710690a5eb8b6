"""What stands where the outside would be: calls meet the disarmed door, and are answered by recordings or fakes, or not at all."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Final

from pilotage.authoring.connection import Connection
from pilotage.authoring.smtp import Smtp
from pilotage.authoring.sql import Database
from pilotage.connections.accounts import Account, Client
from pilotage.connections.opening import Connections
from pilotage.connections.recording import asked
from pilotage.credentials.secrets import Secrets
from pilotage.credentials.values import SecretValue
from pilotage.machinery.net.client import Answer, Outgoing
from pilotage.machinery.net.departure import Departure
from pilotage.machinery.net.door import Door
from pilotage.machinery.net.errors import DoorDisarmed, NeverLeft
from pilotage.rehearsal.answers import Answers
from pilotage.rehearsal.errors import SecretWithheld


@dataclass(frozen=True, kw_only=True, slots=True)
class WouldBe:
    """One call of an effect that met the door."""

    connection: str
    method: str
    path: str
    digest: str
    """Of its body, in which the effect's key is blanked."""
    answered: str
    """By what: "recording" or "fake"; empty: by nothing."""


performing: Final[ContextVar[int | None]] = ContextVar("performing", default=None)
"""The effect that is being performed."""


@dataclass(kw_only=True)
class Boundary:
    """What met the door in this rehearsal, and what answered."""

    door: Door
    answers: Answers = field(default_factory=Answers)
    fakes: Mapping[str, Client] = field(default_factory=dict[str, Client])
    calls: Counter[tuple[str, str, bool, str]] = field(default_factory=Counter[tuple[str, str, bool, str]])
    """How many: connection, method, whether it reads, and what answered."""
    effects: dict[int, list[WouldBe]] = field(default_factory=dict[int, list[WouldBe]])
    """The acting calls of each effect."""
    acted: set[int] = field(default_factory=set[int])
    """Effects that would have changed something, whatever they would have called."""

    def __post_init__(self) -> None:
        self.door.told = self._met

    def _met(self, acts: bool) -> None:  # noqa: FBT001 - the door's own word
        effect = performing.get()
        if acts and effect is not None:
            self.acted.add(effect)

    def recorded(self, effect: int) -> None:
        """What an effect was answered is known from the real run of its case."""
        calls = self.effects.get(effect, [])
        for place, call in enumerate(calls):
            if not call.answered:
                calls[place] = replace(call, answered="recording")
                self.calls[call.connection, call.method, False, ""] -= 1
                self.calls[call.connection, call.method, False, "recording"] += 1

    async def answer(self, connection: str, request: Outgoing, leaving: Departure) -> Answer | None:
        """What the outside would answer, as far as it is known here."""
        effect = performing.get()
        call = asked(connection, request)
        answer, by = self.answers.to(call), "recording"
        if answer is None:
            fake = self.fakes.get(connection)
            answer, by = (await fake.send(request, leaving), "fake") if fake is not None else (None, "")
        reads = request.reads or request.method == "GET"
        self.calls[connection, request.method, reads, by] += 1
        if effect is not None and not reads:
            self.effects.setdefault(effect, []).append(
                WouldBe(
                    connection=connection, method=request.method, path=request.path, digest=call.digest, answered=by
                )
            )
        return answer


class MeetsTheDoor:
    """Where a client would send: the door refuses, and counts; then the boundary is asked. There is nothing that could send."""

    def __init__(self, name: str, instead_of: Client, boundary: Boundary) -> None:
        self._name = name
        self._instead_of = instead_of
        self._boundary = boundary

    async def send(self, request: Outgoing, leaving: Departure) -> Answer:
        """What the outside would answer. Raises DoorDisarmed (PLT-241) where nobody knows."""
        leaving.check()
        try:
            self._boundary.door.pass_through(request.method, str(request.origin), reads=request.reads)
        except DoorDisarmed:
            answer = await self._boundary.answer(self._name, request, leaving)
            if answer is None:
                raise
            leaving.leave()
            return answer
        raise NeverLeft("It was not sent: a rehearsal has nothing to send it with, whatever its door says.")

    async def close(self) -> None:
        """Close the client that was never used."""
        await self._instead_of.close()


class RehearsedConnections(Connections):
    """Connections without credentials, whose calls all meet the disarmed door."""

    boundary: Boundary

    def _open(self, name: str) -> Account:
        account = super()._open(name)
        return replace(account, client=MeetsTheDoor(name, account.client, self.boundary), secret=None, signing=None)


def somewhere(connections: Iterable[Connection], setting: Callable[[str], str | None]) -> Callable[[str], str | None]:
    """The settings, in which a connection without an address here leads to one that there is nowhere."""
    addresses = {
        one.base_url.name: f"{_scheme(one)}://{one.base_url.name}.invalid"
        for one in connections
        if not isinstance(one.base_url, str)
    }

    def found(name: str) -> str | None:
        text = setting(name)
        return addresses.get(name) if text is None else text

    return found


def _scheme(connection: Connection) -> str:
    if isinstance(connection, Database):
        return "postgresql"
    return "smtp" if isinstance(connection, Smtp) else "http"


class Withheld(Secrets):
    """Secrets without a single value."""

    def held(self, name: str) -> SecretValue:
        """Raises SecretWithheld (PLT-272)."""
        raise _withheld(name)

    def read_again(self, name: str) -> SecretValue:
        """Raises SecretWithheld (PLT-272)."""
        raise _withheld(name)

    def known(self) -> list[SecretValue]:
        """None."""
        return []


def _withheld(name: str) -> SecretWithheld:
    return SecretWithheld(
        f'The secret "{name}" was asked for: a rehearsal holds no credentials.',
        "Go through the connection that the secret belongs to; recordings and fakes answer its calls.",
    )
