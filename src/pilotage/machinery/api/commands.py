"""`pilotage token`, `pilotage token new` and `pilotage token revoke`."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC
from typing import Annotated, Final, Protocol

from cyclopts import Parameter

from pilotage.kernel.clock import from_micros, micros
from pilotage.kernel.durations import duration
from pilotage.machinery.api import tokens
from pilotage.machinery.api.values import Token, TokenScope
from pilotage.machinery.cli.errors import WrongUsage
from pilotage.machinery.cli.output import Output
from pilotage.machinery.cli.person import KNOWN, shell_user
from pilotage.machinery.cli.times import iso, until, when
from pilotage.machinery.storage.database import Database

_LASTS: Final = "180d"


class House(Protocol):
    """Opens the project's database."""

    database: Callable[[], AbstractContextManager[Database]]


@dataclass(frozen=True)
class TokenCommands:
    """Who may call the JSON API."""

    house: House
    out: Output

    def token(self) -> None:
        """List the tokens, without their secret halves."""
        with self.house.database() as database:
            found = tokens.every(database)
            with database.snapshot() as tx:
                now = database.now(tx)
        if self.out.put({"tokens": [_as_data(one, now) for one in found]}):
            return
        rows = [
            (one.id, one.name, ", ".join(sorted(one.scopes)), when(one.made_at), one.made_by, _stands(one, now))
            for one in found
        ]
        self.out.table(("token", "name", "for", "made (UTC)", "by", ""), rows)
        self.out.say("To let another program in: `pilotage token new NAME --scope submit`.")

    def new(
        self,
        name: Annotated[str, Parameter(help="who it is for, such as crm")],
        *,
        scope: Annotated[
            list[TokenScope], Parameter(help="submit records, read, or metrics alone; may be given twice")
        ],
        lasts: Annotated[str, Parameter(help="when it expires")] = _LASTS,
    ) -> None:
        """Let a program call the JSON API.

        Its token is printed once and kept nowhere: put it where that program keeps its secrets.
        """
        _refuse_new(name, lasts)
        with self.house.database() as database:
            with database.snapshot() as tx:
                now = database.now(tx)
            ends = micros(duration(lasts).after(from_micros(now).astimezone(UTC)))
            made, text = tokens.new(database, name, scope, lasts=ends - now, by=shell_user(), known=KNOWN)
        if not self.out.put({"token": text, **_as_data(made, made.made_at)}):
            self.out.line(text)
            self.out.say(f"This is {name}'s token, until {when(made.expires_at)} UTC. It is not shown again.")

    def revoke(self, token: Annotated[str, Parameter(help="its id or its name")]) -> None:
        """Let a program in no more, within two seconds."""
        with self.house.database() as database:
            gone = tokens.revoke(database, token, by=shell_user(), known=KNOWN)
        if not self.out.put({"revoked": [one.id for one in gone]}):
            self.out.say(f"Revoked: {', '.join(f'{one.id} ({one.name})' for one in gone)}.")


def _refuse_new(name: str, lasts: str) -> None:
    if not name.strip():
        raise WrongUsage(
            "The token has no name: nobody could tell later whose it is.",
            "Say who it is for: pilotage token new crm --scope submit",
        )
    wanted = lasts.strip()
    if wanted.startswith("-") or not _lasts(wanted):
        raise WrongUsage(
            f"--lasts {wanted}: a token that lasts no time at all lets nobody in.",
            f"Say for how long, such as --lasts {_LASTS}",
        )


def _lasts(text: str) -> bool:
    found = duration(text)
    return found.seconds > 0 or found.working_days > 0


def _stands(token: Token, now: int) -> str:
    if token.revoked_at is not None:
        return f"revoked at {when(token.revoked_at)} by {token.revoked_by}"
    return f"expires {until(token.expires_at, now)}" if token.valid(now) else "expired"


def _as_data(token: Token, now: int) -> dict[str, object]:
    return {
        "id": token.id,
        "name": token.name,
        "scopes": sorted(token.scopes),
        "made_at": iso(token.made_at),
        "made_by": token.made_by,
        "expires_at": iso(token.expires_at),
        "revoked_at": iso(token.revoked_at),
        "valid": token.valid(now),
    }
