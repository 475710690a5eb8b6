"""Tokens: who may call the JSON API, and for what. Only a salted digest of a token is kept; it is shown once."""

import hashlib
import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Final

from pilotage.kernel.clock import Clock, SystemClock
from pilotage.kernel.errors import UnknownName
from pilotage.machinery.api import store
from pilotage.machinery.api.errors import ScopeMissing, TokenRefused
from pilotage.machinery.api.values import Token, TokenScope
from pilotage.machinery.events.recording import record
from pilotage.machinery.events.values import Event
from pilotage.machinery.storage.database import Database, Tx

_FORM: Final = re.compile(r"plt_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_BELIEVED: Final = 2.0
"""Seconds for which a token that was looked up is believed: a revoked one is let in for so long at most."""
_MOST_BELIEVED: Final = 1_000


def looks_like_token(query: str) -> bool:
    """Whether the query of an address holds a token, which belongs into a header."""
    return "plt_" in query or re.search(r"(^|&)(access_)?token=", query) is not None


def new(
    database: Database, name: str, scopes: Collection[TokenScope], *, lasts: int, by: str, known: str
) -> tuple[Token, str]:
    """Make a token that lasts so many microseconds; the text is known to whoever reads it here, and to nobody later."""
    number, secret, salt = secrets.token_hex(6), secrets.token_urlsafe(32), secrets.token_hex(16)
    with database.transaction() as tx:
        now = database.now(tx)
        token = Token(
            id=number,
            name=name,
            scopes=frozenset(scopes),
            made_at=now,
            made_by=by,
            expires_at=now + lasts,
            revoked_at=None,
            revoked_by=None,
        )
        store.add_token(tx, token, salt=salt, digest=_digest(salt, secret))
        record(tx, now, _event("made", token, f"a token for {name} was made", by=by, known=known))
    return token, f"plt_{number}_{secret}"


def every(database: Database) -> Sequence[Token]:
    """All tokens, the newest last."""
    with database.snapshot() as tx:
        return store.every_token(tx)


def revoke(database: Database, text: str, *, by: str, known: str) -> Sequence[Token]:
    """Let a token in no more: one by its id, or all that are valid under a name. Raises UnknownName (PLT-001)."""
    with database.transaction() as tx:
        now = database.now(tx)
        found = store.revoke_tokens(tx, text, now=now, by=by)
        record(
            tx,
            now,
            *(_event("revoked", one, f"the token of {one.name} was revoked", by=by, known=known) for one in found),
        )
    if not found:
        raise UnknownName(f'There is no token "{text}" that is not revoked.', "`pilotage token` lists them.")
    return found


@dataclass(kw_only=True)
class Guard:
    """Lets in who has a token, for one process."""

    database: Database
    clock: Clock = field(default_factory=SystemClock)
    _believed: dict[bytes, tuple[float, Token]] = field(default_factory=dict[bytes, tuple[float, Token]])

    def let_in(self, authorization: str, scope: TokenScope) -> Token:
        """The token of an `Authorization` header. Raises TokenRefused (PLT-390) and ScopeMissing (PLT-391)."""
        kind, _, text = authorization.partition(" ")
        form = _FORM.fullmatch(text.strip()) if kind.lower() == "bearer" else None
        token = self._known(form[1], form[2]) if form is not None else None
        if token is None:
            raise TokenRefused(
                "No valid token came along.",
                f"Send Authorization: Bearer and a token; `pilotage token new NAME --scope {scope}` makes one.",
            )
        if scope not in token.scopes:
            raise ScopeMissing(
                f"The token {token.name} is for {', '.join(sorted(token.scopes))}.",
                f"Make one for this: `pilotage token new NAME --scope {scope}`.",
            )
        return token

    def _known(self, number: str, secret: str) -> Token | None:
        name = hashlib.sha256(f"{number}.{secret}".encode()).digest()
        now = self.clock.monotonic()
        believed = self._believed.get(name)
        if believed is not None and now < believed[0]:
            return believed[1]
        with self.database.snapshot() as tx:
            token = _found(tx, number, secret, self.database.now(tx))
        if token is None:
            self._believed.pop(name, None)
            return None
        if len(self._believed) >= _MOST_BELIEVED:
            self._believed.clear()
        self._believed[name] = (now + _BELIEVED, token)
        return token


def _found(tx: Tx, number: str, secret: str, now: int) -> Token | None:
    known = store.find_token(tx, number)
    # one that is not there is compared too, so that the time tells nothing about which ids exist
    token, salt, digest = known if known is not None else (None, "", "")
    right = compare_digest(_digest(salt, secret), digest)
    return token if right and token is not None and token.valid(now) else None


def _digest(salt: str, secret: str) -> str:
    # the secret half is 256 random bits: nobody guesses it, so a slow digest would protect nothing
    return hashlib.sha256(f"{salt}.{secret}".encode()).hexdigest()


def _event(act: str, token: Token, said: str, *, by: str, known: str) -> Event:
    details = {"id": token.id, "scopes": " ".join(sorted(token.scopes))}
    return Event(kind=f"token.{act}", subject=f"token {token.id}", said=said, by=by, known=known, details=details)
