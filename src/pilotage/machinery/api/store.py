"""SQL of tokens, and of answers that were given under a key: the same request again gets the same, and is done once."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from pilotage.kernel.ids import ids
from pilotage.machinery.api.tables import api_answers, api_tokens
from pilotage.machinery.api.values import Asked, Given, Token, TokenScope
from pilotage.machinery.storage import bulk
from pilotage.machinery.storage.database import Database, Tx

KEPT_DAYS: Final = 7
"""How long an answer is kept; later the records' own keys tell what came before."""
_DAY: Final = 86_400_000_000
_AT_ONCE: Final = 1_000


def claim(tx: Tx, asked: Sequence[Asked], now: int) -> dict[tuple[str, str], Given]:
    """Claim the keys for the caller's transaction; those that were answered before, with what was answered.

    Whoever claims the same key meanwhile waits until this transaction ends, and finds its answer.
    """
    mark = f"claimed {ids.one()}"
    rows = [
        {"asker": one.asker, "key": one.key, "digest": one.digest, "answer": mark, "at": now}
        for one in sorted(asked, key=lambda one: (one.asker, one.key))  # in one order, so that nobody waits in a circle
    ]
    bulk.insert(tx, api_answers, rows, tail="ON CONFLICT (asker, key) DO NOTHING")
    a = api_answers.c
    wanted = {(one.asker, one.key) for one in asked}
    found = tx.execute(
        sa.select(a.asker, a.key, a.digest, a.answer).where(
            a.asker.in_({one.asker for one in asked}), bulk.among_texts(tx, a.key, [one.key for one in asked])
        )
    )
    return {
        (asker, key): Given(digest=digest, answer=answer)
        for asker, key, digest, answer in found
        if answer != mark and (asker, key) in wanted
    }


def fill(tx: Tx, answers: Sequence[tuple[Asked, str]]) -> None:
    """Write what is answered to claimed requests, in the transaction that claimed them."""
    if answers:
        a = api_answers.c
        tx.execute(
            api_answers.update()
            .where(a.asker == sa.bindparam("whose"), a.key == sa.bindparam("under"))
            .values(answer=sa.bindparam("said")),
            [{"whose": asked.asker, "under": asked.key, "said": said} for asked, said in answers],
        )


def forget(database: Database) -> int:
    """Forget answers that are old, some at a time; how many."""
    a = api_answers.c
    with database.snapshot() as tx:
        old = a.at < database.now(tx) - KEPT_DAYS * _DAY
        keys = tx.execute(sa.select(a.asker, a.key).where(old).limit(_AT_ONCE)).all()
    if not keys:
        return 0
    with database.transaction() as tx:
        gone = api_answers.delete().where(old, sa.tuple_(a.asker, a.key).in_([tuple(one) for one in keys]))
        return tx.execute(gone).rowcount


def add_token(tx: Tx, token: Token, *, salt: str, digest: str) -> None:
    """Keep a token, with the salted digest of its secret half."""
    row = {
        "id": token.id,
        "name": token.name,
        "scopes": " ".join(sorted(token.scopes)),
        "salt": salt,
        "digest": digest,
        "made_at": token.made_at,
        "made_by": token.made_by,
        "expires_at": token.expires_at,
    }
    bulk.insert(tx, api_tokens, [row])


def every_token(tx: Tx) -> list[Token]:
    """All tokens, the newest last."""
    return [_token(row) for row in tx.execute(api_tokens.select().order_by(api_tokens.c.made_at, api_tokens.c.id))]


def find_token(tx: Tx, number: str) -> tuple[Token, str, str] | None:
    """A token by its id, with salt and digest."""
    row = tx.execute(api_tokens.select().where(api_tokens.c.id == number)).one_or_none()
    return None if row is None else (_token(row), row.salt, row.digest)


def revoke_tokens(tx: Tx, text: str, *, now: int, by: str) -> list[Token]:
    """Revoke those of this id or name that are not; which."""
    t = api_tokens.c
    meant = tx.execute(
        api_tokens.update()
        .where(sa.or_(t.id == text, t.name == text), t.revoked_at.is_(None))
        .values(revoked_at=now, revoked_by=by)
        .returning(*api_tokens.c)
    )
    return [_token(row) for row in meant]


def _token(row: sa.Row[*tuple[object, ...]]) -> Token:
    return Token(
        id=row.id,
        name=row.name,
        scopes=frozenset(map(TokenScope, row.scopes.split())),
        made_at=row.made_at,
        made_by=row.made_by,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        revoked_by=row.revoked_by,
    )
