"""`pilotage secret init`, `set`, `rotate`, `retire`, `forget` and `rekey`."""

import getpass
import sys
import threading
from dataclasses import dataclass
from typing import Annotated, Final

from cyclopts import Parameter

from pilotage.audit.service import key_file
from pilotage.audit.signing import SigningKey
from pilotage.credentials import store
from pilotage.credentials.commands.house import House, Opened, named
from pilotage.credentials.errors import StillHeld
from pilotage.credentials.service.keeping import Keeper
from pilotage.credentials.values import SecretValue, Source, Version
from pilotage.kernel.durations import duration
from pilotage.machinery.cli.errors import WrongUsage
from pilotage.machinery.cli.output import Output
from pilotage.machinery.cli.times import iso, until
from pilotage.machinery.storage.database import Database

_MOST: Final = 64 * 1024
_PAUSE: Final = 0.5
_SECOND: Final = 1_000_000

Name = Annotated[str, Parameter(help="as it stands in the program: payments-token")]
Expires = Annotated[str | None, Parameter(help="when the other side lets it end, from now: 90d")]


@dataclass(frozen=True)
class KeepingCommands:
    """What people do with the local store."""

    house: House
    out: Output

    def init(
        self, *, new: Annotated[bool, Parameter(help="though values are sealed with a key that is lost")] = False
    ) -> None:
        """Make the keys of this environment: one for its local store, one that signs the audit trail.

        They lie in files beside the database, never in it. Keep copies where the database is not: without the key, no value
        opens again. It is refused where values are sealed with a key that is not here: bring that one. Where it is lost,
        --new makes another one, and those values have to be set anew.
        """
        project = self.house.project()
        with self.house.database() as database:
            keeper = Opened(project=project).keeper(database)
            made = keeper.init(new=new)
        file = key_file(project.folder, project.environment)
        signing = None if SigningKey.read(file) else SigningKey.make(file)
        place = keeper.keys.place
        data = {
            "key": {"made": made is not None, "file": None if place is None else str(place)},
            "audit": {"made": signing is not None, "file": str(file)},
        }
        if self.out.put(data):
            return
        where = "PILOTAGE_KEY" if place is None else str(place)
        self.out.line(f"The key of the local store: {where}{'' if made else ' (it was there)'}")
        self.out.line(f"The key that signs the audit trail: {file}{'' if signing else ' (it was there)'}")
        self.out.say("Keep a copy of both where the database is not. No value opens without the first one.")

    def set(self, name: Name, *, expires: Expires = None) -> None:
        """Write a secret into the local store; the value is read from standard input or asked for.

        A value that was there ends at once. To replace one that is in use, rotate it.
        """
        with self.house.database() as database:
            keeper = self._keeper(database)
            keeper.need()
            value = _read_value(named(name))
            made = keeper.put(value, rotating=False, expires_at=_from_now(database, expires))
        if not self.out.put(_as_data(made)):
            self.out.line(f"{name} is set: version {made.version}.")
            self._say_what_comes_first(name, made)

    def rotate(
        self,
        name: Name,
        *,
        expires: Expires = None,
        overlap: Annotated[str | None, Parameter(help="retire the old value by itself after that time: 1h")] = None,
    ) -> None:
        """Write a new value beside the old one; both are valid until the old one is retired.

        Processes take up the new value within seconds. The old one is used no more from then on, and `pilotage secret retire`
        ends it when nobody holds it.
        """
        with self.house.database() as database:
            keeper = self._keeper(database)
            keeper.need()
            span = None if overlap is None else self._long_enough(overlap)
            keeper.need_to_rotate(named(name))
            value = _read_value(name)
            made = keeper.put(value, rotating=True, expires_at=_from_now(database, expires), overlap=span)
            with database.snapshot() as tx:
                now = database.now(tx)
                old = [one for one in store.versions(tx, name) if one.valid(now) and one.version < made.version]
        if self.out.put({**_as_data(made), "also_valid": [_as_data(one) for one in old]}):
            return
        self.out.line(f"{name} is rotated: version {made.version} is used from now on.")
        for one in old:
            end = "until it is retired" if one.retires_at is None else f"and ends {until(one.retires_at, now)}"
            self.out.line(f"Version {one.version} is valid too, {end}.")
        self._say_what_comes_first(name, made)
        if any(one.retires_at is None for one in old):
            self.out.say(f"When the new one works: pilotage secret retire {name}")

    def retire(
        self,
        name: Name,
        *,
        wait: Annotated[bool, Parameter(help="wait until no process holds an old value")] = False,
        now: Annotated[bool, Parameter(help="end them at once, whoever holds them")] = False,
    ) -> None:
        """End every version of a secret but the newest, when no process holds one of them any more."""
        with self.house.database() as database:
            keeper = self._keeper(database)
            ended = self._retired(keeper, name, anyway=now, wait=wait)
        if not self.out.put({"secret": name, "retired": [one.version for one in ended]}):
            self.out.line(f"Retired: {', '.join(f'version {one.version}' for one in ended)} of {name}.")
            self.out.say("Now it may be revoked at the other side.")

    def _retired(self, keeper: Keeper, name: str, *, anyway: bool, wait: bool) -> list[Version]:
        rest = threading.Event()
        with self.out.watching() as watched:
            while True:
                try:
                    return keeper.retire(name, anyway=anyway)
                except StillHeld as held:
                    if not wait:
                        raise
                    watched.show(held.what)
                    rest.wait(_PAUSE)

    def forget(self, name: Name) -> None:
        """Take every value of a secret out of the local store; that it was there stays in the trail."""
        with self.house.database() as database:
            count = self._keeper(database).forget(name)
        if not self.out.put({"secret": name, "forgotten": count}):
            self.out.line(f"Forgotten: {name}, {count} {'value' if count == 1 else 'values'}.")

    def rekey(
        self, *, keep: Annotated[bool, Parameter(help="leave the old key in the file, for other machines")] = False
    ) -> None:
        """Make a new key for the local store, and wrap everything in it anew.

        Where PILOTAGE_KEY gives the keys, put the new one in front of the old one, with a comma between them, and call this.
        """
        with self.house.database() as database:
            keeper = self._keeper(database)
            count = keeper.rekey(keep=keep)
            current = keeper.keys.need().current
        if not self.out.put({"key": current, "wrapped": count}):
            self.out.line(f"{count} {'value is' if count == 1 else 'values are'} wrapped with the key {current}.")
            self.out.say("Bring the new key file to every machine that works here, and keep a copy of it.")

    def _long_enough(self, overlap: str) -> int:
        """The overlap in microseconds. Raises WrongUsage where a process may use the old value for longer."""
        seconds, lease = duration(overlap).seconds, self.house.project().secrets.terms.lease
        if seconds < lease:
            raise WrongUsage(
                f"An overlap of {overlap} is shorter than a lease: a process may use the old value for {lease:g} s more.",
                f"Give {lease:g}s or more. What must end at once is set and not rotated: pilotage secret set NAME",
            )
        return int(seconds * _SECOND)

    def _say_what_comes_first(self, name: str, made: Version) -> None:
        places = Opened(project=self.house.project()).places()
        where, _, _ = places.look(name, made)
        if where == Source.LOCAL.value:
            return
        if not where:
            self.out.say("It is not used here: stores of [tool.pilotage.secrets] does not name the local store.")
            return
        self.out.say(
            f"It is not used here: {places.place(name, where)} comes before the local store. Take that away first."
        )

    def _keeper(self, database: Database) -> Keeper:
        return Opened(project=self.house.project()).keeper(database)


def _read_value(name: str) -> SecretValue:
    """From standard input, or asked for where a person sits there; never from the words of the command, which others see."""
    if sys.stdin.isatty():
        return SecretValue(name, getpass.getpass(f"The value of {name} (it is not shown): "))
    return SecretValue(name, sys.stdin.read(_MOST).rstrip("\r\n"))


def _from_now(database: Database, span: str | None) -> int | None:
    if span is None:
        return None
    with database.snapshot() as tx:
        return database.now(tx) + int(duration(span).seconds * _SECOND)


def _as_data(one: Version) -> dict[str, object]:
    return {
        "secret": one.secret,
        "version": one.version,
        "set_at": iso(one.set_at),
        "set_by": one.set_by,
        "expires_at": iso(one.expires_at),
        "retires_at": iso(one.retires_at),
    }
