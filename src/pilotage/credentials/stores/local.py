"""The encrypted store in the platform's own database."""

from dataclasses import dataclass

from pilotage.credentials import store
from pilotage.credentials.envelope import NO_KEYS, unseal
from pilotage.credentials.keys import KeyRing
from pilotage.credentials.values import Found, Sealed, Source, Version
from pilotage.machinery.storage.database import Database


@dataclass(frozen=True, kw_only=True)
class LocalStore:
    """Values sealed with keys of their own, which are wrapped with the key of the environment."""

    database: Database
    environment: str
    keys: KeyRing

    def find(self, name: str) -> Found | None:
        """The newest version that is valid; None where there is none. The key is needed only where there is one."""
        with self.database.snapshot() as tx:
            now = self.database.now(tx)
            version = store.newest(tx, name, now)
            sealed = store.sealed(tx, name, version.version) if version is not None else None
        if version is None or sealed is None:
            return None
        return self._opened(version, sealed)

    def earlier(self, name: str) -> list[Found]:
        """The versions before the newest that are still valid: what the other side may not have replaced yet."""
        with self.database.snapshot() as tx:
            now = self.database.now(tx)
            valid = [one for one in store.versions(tx, name) if one.valid(now)][:-1]
            kept = {one.version: one for one in store.every_sealed(tx, name)} if valid else {}
        return [self._opened(one, kept[one.version]) for one in valid if one.version in kept]

    def _opened(self, version: Version, sealed: Sealed) -> Found:
        return Found(
            value=unseal(self.environment, sealed, self.keys.read() or NO_KEYS),
            source=Source.LOCAL,
            version=str(version.version),
            set_at=version.set_at,
            expires_at=min(filter(None, (version.expires_at, version.retires_at)), default=None),
        )

    def ways(self, name: str) -> str:
        """How it is set here."""
        return f"`pilotage secret set {name}`"
