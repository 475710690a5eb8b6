"""Sealing the trail, and reading it from its first act to its last."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pilotage.audit import chain, store
from pilotage.audit.errors import NotAHead
from pilotage.audit.signing import SigningKey
from pilotage.audit.values import Entry, Head, KeptHead, Verified
from pilotage.machinery.storage.database import Database, Tx

_AT_ONCE: Final = 1000
_WHOLE: Final = "the audit trail is as it was sealed"


def key_file(folder: Path, environment: str) -> Path:
    """Where the key that signs the trail of an environment lies; `folder` is the project's `.pilotage`."""
    return folder / "keys" / f"{environment}.audit.key"


@dataclass(kw_only=True)
class Sealer:
    """Puts committed acts into the chain, and signs its head where the key is here."""

    database: Database
    key: Path
    _signing: SigningKey | None = None

    def seal(self) -> int:
        """Seal what is not sealed yet; how many. A look is all that it costs where there is nothing."""
        with self.database.snapshot() as tx:
            if not store.has_unsealed(tx):
                return 0
        signing = self._signing = self._signing or SigningKey.read(self.key)
        count = 0
        while sealed := self._some(signing):
            count += sealed
        return count

    def _some(self, signing: SigningKey | None) -> int:
        with self.database.transaction() as tx:
            store.lock(tx)
            found = store.unsealed(tx, _AT_ONCE)
            if not found:
                return 0
            now = self.database.now(tx)
            number, link = store.last(tx) or (0, chain.FIRST)
            links: list[dict[str, object]] = []
            for entry in found:
                number, content = number + 1, chain.digest(entry)
                link = chain.link(link, number, content)
                links.append({"id": entry.id, "number": number, "digest": content, "link": link, "sealed_at": now})
            store.seal(tx, links)
            if signing is not None:
                head = {"number": number, "link": link, "signed_at": now, "key": signing.name}
                store.add_head(tx, head | {"signature": signing.sign(number, link)})
        return len(found)


def verify(
    tx: Tx, key: SigningKey | None, *, against: tuple[int, str] | None = None, kept: Sequence[KeptHead] = ()
) -> Verified:
    """Read the whole trail and compare it with its chain, its signed heads and those that were kept elsewhere."""
    heads = store.heads(tx)
    count = 0
    others = {(one.number, one.link): f"the head says that was kept on {one.day}" for one in kept}
    if against is not None:
        others[against] = "the head says that was kept elsewhere"
    numbers, seen = {number for number, _ in others}, set[tuple[int, str]]()

    def counted() -> Iterator[Entry]:
        nonlocal count
        for entry in store.sealed(tx):
            count += 1
            if entry.number in numbers:
                seen.add((entry.number or 0, entry.link or ""))
            yield entry

    found = list(chain.doubts(counted(), heads, until=max(numbers, default=None)))
    found += [f"act {one[0]} is not what {words}" for one, words in others.items() if one not in seen]
    if key is not None:
        found += [
            f"the head of act {one.number} is not signed with the key that is here"
            for one in heads
            if not key.signed(one)
        ]
        found += [
            f"the head of act {one.number} that was kept on {one.day} is not signed with the key that is here"
            for one in kept
            if one.signature and not key.signs(one.number, one.link, one.signature)
        ]
    return Verified(
        sealed=count,
        unsealed=store.count_unsealed(tx),
        heads=len(heads),
        checked=key is not None,
        doubts=tuple(found),
        kept=len(kept),
        newest=kept[-1].day if kept else None,
    )


def head_of(text: str) -> tuple[int, str]:
    """Read a head that was kept elsewhere, "NUMBER:LINK", with its signature or without. Raises NotAHead (PLT-291)."""
    number, colon, rest = text.strip().partition(":")
    link = rest.partition(":")[0]
    if not colon or not number.isdigit() or len(link) != len(chain.FIRST):
        raise NotAHead(f'"{text[:80]}" is no head of an audit trail.', "Give it as `pilotage audit --head` printed it.")
    return int(number), link


def head_line(number: int, link: str, signed: Head | None) -> str:
    """A head as one line that can be mailed or kept: "NUMBER:LINK", and its signature where its very act was signed."""
    signature = f":{signed.signature}" if signed is not None and (signed.number, signed.link) == (number, link) else ""
    return f"{number}:{link}{signature}"


def last_head(tx: Tx) -> tuple[int, str, Head | None] | None:
    """Number and link of the last sealed act, and the newest signed head."""
    found = store.last(tx)
    return None if found is None else (*found, store.last_signed(tx))


def doubts(
    tx: Tx, *, key: Path, kept: Callable[[], Sequence[KeptHead]] = tuple
) -> Mapping[str, Sequence[Sequence[object]]]:
    """What `pilotage doctor` asks: whether the trail is as it was sealed."""
    return {_WHOLE: [(one,) for one in verify(tx, SigningKey.read(key), kept=kept()).doubts]}
