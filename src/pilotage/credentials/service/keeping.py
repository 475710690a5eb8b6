"""What people do with the local store: set, rotate, retire, forget, and wrap anew under another key."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pilotage.credentials import store
from pilotage.credentials.envelope import NO_KEYS, Keys, rewrap, seal, unseal
from pilotage.credentials.errors import NoSuchVersion, SecretUnusable, StillHeld
from pilotage.credentials.keys import KeyRing, alone, fresh
from pilotage.credentials.values import Lease, SecretValue, Version
from pilotage.machinery.events.recording import record
from pilotage.machinery.events.values import Detail, Event
from pilotage.machinery.storage.database import Database, Tx

SHORTEST: Final = 8
"""A value of fewer letters cannot be told from ordinary text, so it could not be masked."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """Who does it, and how that is known."""

    name: str
    known: str


@dataclass(frozen=True, kw_only=True)
class Keeper:
    """The local store of one environment."""

    database: Database
    environment: str
    keys: KeyRing
    by: Person

    def put(
        self, value: SecretValue, *, rotating: bool, expires_at: int | None = None, overlap: int | None = None
    ) -> Version:
        """Write a new version of a secret. Raises NoSuchVersion, SecretUnusable and KeyMissing (PLT-239, 232, 233).

        Rotating, the versions before stay valid for `overlap` microseconds, or until they are retired. Otherwise they end now.
        """
        _refuse(value)
        keys, name = self.need(), value.name
        with self.database.transaction() as tx:
            store.lock(tx)
            now = self.database.now(tx)
            known = store.versions(tx, name)
            before = [one.version for one in known if one.valid(now)]
            if rotating and not before:
                raise _nothing_to_rotate(name)
            number = max((one.version for one in known), default=0) + 1
            sealed = seal(self.environment, name, number, value, keys)
            store.add_version(
                tx,
                {
                    "secret": name,
                    "version": number,
                    "key": sealed.key,
                    "wrapped": sealed.wrapped,
                    "sealed": sealed.sealed,
                    "set_at": now,
                    "set_by": self.by.name,
                    "known": self.by.known,
                    "expires_at": expires_at,
                    "retires_at": None,
                    "forgotten_at": None,
                    "changed_at": now,
                },
            )
            end = (None if overlap is None else now + overlap) if rotating else now
            if before and end is not None:
                store.change_versions(tx, name, before, {"retires_at": end, "changed_at": now})
            said = f"{name} was {'rotated' if rotating else 'set'}: version {number}" + (
                f"; {_listed(before)} {'is valid too' if end is None or end > now else 'ended'}" if before else ""
            )
            self._record(tx, now, "rotated" if rotating else "set", name, said, version=number, expires_at=expires_at)
            return next(one for one in store.versions(tx, name) if one.version == number)

    def need_to_rotate(self, name: str) -> None:
        """Raises NoSuchVersion (PLT-239) where there is nothing to rotate: before anybody is asked for a value."""
        with self.database.snapshot() as tx:
            now = self.database.now(tx)
            if not any(one.valid(now) for one in store.versions(tx, name)):
                raise _nothing_to_rotate(name)

    def retire(self, name: str, *, anyway: bool = False) -> list[Version]:
        """End every version but the newest; what was ended. Raises StillHeld and NoSuchVersion (PLT-238, 239)."""
        with self.database.transaction() as tx:
            store.lock(tx)
            now = self.database.now(tx)
            valid = [one for one in store.versions(tx, name) if one.valid(now)]
            if len(valid) < 2:
                raise NoSuchVersion(
                    f'"{name}" has {"one valid version" if valid else "no valid version"} in the local store: there is no old '
                    "one to retire.",
                    f"pilotage secret rotate {name}" if valid else f"pilotage secret set {name}",
                )
            old = valid[:-1]
            holders = self.holders(tx, name, old)
            if holders and not anyway:
                last = max(one.until for one in holders)
                raise StillHeld(
                    f"{len(holders)} {'process holds' if len(holders) == 1 else 'processes hold'} an older version of "
                    f'"{name}": {", ".join(one.holder for one in holders)}, for {max(1, (last - now) // 1_000_000)} s at most.',
                    f"Wait for them: pilotage secret retire {name} --wait. Or end it at once: --now.",
                )
            numbers = [one.version for one in old]
            store.change_versions(tx, name, numbers, {"retires_at": now, "changed_at": now})
            self._record(
                tx, now, "retired", name, f"{_listed(numbers)} of {name} was retired", versions=_listed(numbers)
            )
            return old

    def holders(self, tx: Tx, name: str, versions: Sequence[Version]) -> list[Lease]:
        """Who holds one of these versions now."""
        wanted = {str(one.version) for one in versions}
        held = store.held(tx, self.database.now(tx), name)
        return [one for one in held if one.version in wanted and one.source == "local store"]

    def forget(self, name: str) -> int:
        """Take every value of a secret out of the local store; how many versions. Raises NoSuchVersion (PLT-239)."""
        with self.database.transaction() as tx:
            store.lock(tx)
            now = self.database.now(tx)
            numbers = [one.version for one in store.versions(tx, name) if one.forgotten_at is None]
            if not numbers:
                raise NoSuchVersion(f'The local store has no "{name}".', "pilotage secret list")
            gone = {"key": None, "wrapped": None, "sealed": None, "forgotten_at": now, "changed_at": now}
            store.change_versions(tx, name, numbers, gone)
            self._record(tx, now, "forgotten", name, f"every value of {name} was taken out of the local store")
            return len(numbers)

    def need(self) -> Keys:
        """The keys. Raises KeyMissing (PLT-233), and says which one to bring where values are sealed."""
        found = self.keys.read()
        if found is None:
            with self.database.snapshot() as tx:
                self._refuse_lost(tx, NO_KEYS)
        return self.keys.need() if found is None else found

    def init(self, *, new: bool = False) -> Keys | None:
        """Make the key of the store; None where there is one.

        Raises KeyMissing (PLT-233) where values are sealed with a key that is not here, unless that is given up by `new`.
        """
        here = self.keys.read()
        with self.database.transaction() as tx:
            store.lock(tx)
            if not new:
                self._refuse_lost(tx, here or NO_KEYS)
            if here is not None:
                return None
            made = fresh(None)
            self.keys.write(made)
            now = self.database.now(tx)
            self._record(
                tx, now, "key made", "key", f"the key {made.current} of the local store was made", key=made.current
            )
        return made

    def rekey(self, *, keep: bool = False) -> int:
        """Wrap every data key under a new key, or under the first of PILOTAGE_KEY; how many.

        The file has both keys until all is written: whatever happens on the way, every value opens. What is refused changes
        nothing. Versions that ended and whose key is not here stay as they are.
        """
        before = self.need()
        ours = self.keys.place is not None
        after = fresh(before) if ours else before
        with self.database.transaction() as tx:
            store.lock(tx)
            self._refuse_lost(tx, before)
            now = self.database.now(tx)
            found = [rewrap(self.environment, one, after) for one in store.every_sealed(tx) if one.key in before.known]
            if ours:  # not before: from here on nothing is refused any more
                self.keys.write(after)
            for anew in found:
                store.change_versions(
                    tx, anew.secret, [anew.version], {"key": anew.key, "wrapped": anew.wrapped, "changed_at": now}
                )
            said = (
                f"{len(found)} {'value was' if len(found) == 1 else 'values were'} wrapped with the key {after.current}"
            )
            self._record(tx, now, "rewrapped", "key", said, key=after.current)
        if ours and not keep:
            self.keys.write(alone(after))
        return len(found)

    def values(self) -> list[SecretValue]:
        """Every value that the store can open, to look for it elsewhere."""
        with self.database.snapshot() as tx:
            sealed = store.every_sealed(tx)
        keys = self.keys.read() or NO_KEYS
        return [unseal(self.environment, one, keys) for one in sealed if one.key in keys.known]

    def grant(self, name: str, automation: str) -> None:
        """Let an automation use a secret."""
        with self.database.transaction() as tx:
            now = self.database.now(tx)
            row = {"secret": name, "automation": automation, "granted_at": now, "granted_by": self.by.name}
            store.grant(tx, row | {"known": self.by.known, "revoked_at": None, "changed_at": now})
            self._record(tx, now, "granted", name, f"{automation} may use {name}", automation=automation)

    def revoke(self, name: str, automation: str) -> None:
        """Let it use it no more. Raises NoSuchVersion (PLT-239)."""
        with self.database.transaction() as tx:
            now = self.database.now(tx)
            if not store.revoke(tx, name, automation, now):
                raise NoSuchVersion(f'{automation} has no grant for "{name}".', "pilotage secret grants")
            self._record(tx, now, "revoked", name, f"{automation} may use {name} no more", automation=automation)

    def scanned(self, findings: int, places: int) -> None:
        """Write down that somebody looked for literal secrets, and how many were there."""
        with self.database.transaction() as tx:
            now = self.database.now(tx)
            said = f"{places:,} {'place was' if places == 1 else 'places were'} searched for literal secrets: {findings:,} found"
            self._record(tx, now, "scanned", "scan", said, findings=findings, places=places)

    def _refuse_lost(self, tx: Tx, here: Keys) -> None:
        now = self.database.now(tx)
        lost = Counter(
            one.key for one in store.versions(tx) if one.key and one.valid(now) and one.key not in here.known
        )
        if lost:
            raise self.keys.not_here(lost)

    def _record(self, tx: Tx, now: int, kind: str, name: str, said: str, **details: Detail) -> None:
        event = Event(
            kind=f"secret.{kind}",
            subject=f"secret {name}",
            said=said,
            by=self.by.name,
            known=self.by.known,
            details=details,
        )
        record(tx, now, event)


def _listed(numbers: Sequence[int]) -> str:
    return f"version{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"


def _refuse(value: SecretValue) -> None:
    problem = _problem(value.reveal())
    if problem:
        remedy = f"Nothing was written. Give it anew, on standard input: pilotage secret set {value.name} < FILE"
        raise SecretUnusable(f'That is no value for "{value.name}": it {problem}.', remedy)


def _nothing_to_rotate(name: str) -> NoSuchVersion:
    return NoSuchVersion(f'The local store has no valid "{name}" to rotate.', f"pilotage secret set {name}")


def _problem(text: str) -> str:
    if not text.strip():
        return "is empty"
    if not (text.isascii() and text.isprintable()):
        return "has letters that cannot be sent in a header, such as a line break in the middle"
    return f"is shorter than {SHORTEST} letters, and could not be masked" if len(text) < SHORTEST else ""
