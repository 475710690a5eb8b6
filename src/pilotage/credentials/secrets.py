"""The values that this process holds: each for the length of a lease, then it is asked for again.

`held` gives the value that is held, `read_again` goes back to the source. Neither waits for the network while a lease lasts:
leases that are in use are renewed in a thread before they end.
"""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias

from pilotage.credentials.asking import asked_by, asking
from pilotage.credentials.errors import SecretMissing, SecretUnusable, SourceAway
from pilotage.credentials.leasing import Span, Terms, span
from pilotage.credentials.ports import Rotating, Store
from pilotage.credentials.service.releasing import Leases
from pilotage.credentials.stores.environment import EnvironmentStore, environment_name
from pilotage.credentials.stores.files import FileStore
from pilotage.credentials.telling import can_be_told, values
from pilotage.credentials.values import Found, Release, SecretValue, Source
from pilotage.kernel.clock import Clock, SystemClock
from pilotage.kernel.errors import PilotageError
from pilotage.machinery.net.masking import watch
from pilotage.machinery.net.redaction import Redactor

__all__ = ["Secrets", "environment_name"]

_REMEMBERED: Final = 64
"""Replaced values that answers still on their way may echo."""
_SECOND: Final = 1_000_000
_WAITED_FOR: Final = 10.0
"""Seconds that a store may take, before work begins, to give what will be needed."""

_Key: TypeAlias = tuple[str, str]
"""A secret, and the automation for which it is held."""


@dataclass(slots=True, kw_only=True)
class _Held:
    """A value that is held."""

    found: Found
    span: Span
    lease: int | None
    used: bool = True
    """Since it was read: what nobody uses is not renewed."""


class Secrets:
    """The secrets of one environment, as this process holds them.

    `stores` are asked in their order; unsaid, they are the environment and the project's `folder` of files. `leases` writes
    down what is released; without it (in a test) nothing is. `released` is told of every release too. `own` are values by
    name that are no secrets of the project and are hidden like them: what opens the stores and the database.
    """

    def __init__(
        self,
        environment: str,
        *,
        folder: Path | None = None,
        variables: Mapping[str, str] | None = None,
        released: Callable[[Release], None] | None = None,
        stores: Sequence[Store] | None = None,
        leases: Leases | None = None,
        terms: Terms | None = None,
        clock: Clock | None = None,
        own: Mapping[str, str] | None = None,
    ) -> None:
        self.environment: Final = environment
        self.leases: Final = leases
        self.terms: Final = terms or Terms()
        self._stores: Sequence[Store] = stores if stores is not None else plain_stores(folder, variables)
        self._released = released
        self._monotonic = (clock or SystemClock()).monotonic
        self._held: dict[_Key, _Held] = {}
        self._earlier: deque[SecretValue] = deque(maxlen=_REMEMBERED)
        self._compared: set[tuple[str, str, str]] = set()
        self._lock = threading.Lock()
        self._renewing: threading.Thread | None = None
        self._seen: int | None = None
        self._own = [SecretValue(name, value) for name, value in (own or {}).items() if value]
        self._texts: tuple[str, ...] | None = None
        self._redactor = self._thorough = Redactor(())
        self._each: list[tuple[str, Redactor]] = []
        watch(self)

    def held(self, name: str) -> SecretValue:
        """The value that this process holds; it is read when it is asked for first, and when its lease has ended."""
        key = (name, asking())
        one, now = self._held.get(key), self._monotonic()
        if one is None or not one.span.fresh(now):
            return self._ask(key, now, again=False)
        one.used = True
        if one.span.due(now):
            self._renew_soon()
        return one.found.value

    def accepted(self, name: str) -> list[SecretValue]:
        """The value that is held, and the earlier ones that are still valid: with which somebody else may prove who they are.

        An earlier one is only compared with, so it has no lease and holds no retiring up; its release is in the trail once.
        """
        newest, automation = self.held(name), asking()
        one = self._held.get((name, automation))
        if one is None or one.found.source is not Source.LOCAL:
            return [newest]
        found = [it for store in self._stores if isinstance(store, Rotating) for it in store.earlier(name)]
        for earlier in found:
            if earlier.value not in self._earlier:
                self._earlier.append(earlier.value)
            key = (name, automation, earlier.version)
            if key not in self._compared:
                self._compared.add(key)
                if self.leases is not None:
                    self.leases.compared(earlier, automation)
        return [newest, *(it.value for it in found)]

    def holds(self, name: str) -> bool:
        """Whether `held` gives the value without asking its source."""
        one = self._held.get((name, asking()))
        return one is not None and one.span.fresh(self._monotonic())

    def read_again(self, name: str) -> SecretValue:
        """The value as its source gives it now; held from here on."""
        return self._ask((name, asking()), self._monotonic(), again=True)

    def known(self) -> list[SecretValue]:
        """Every value that this process holds or held lately, to take them out of what is kept."""
        with self._lock:
            return [*(one.found.value for one in self._held.values()), *self._earlier]

    def redactor(self) -> Redactor:
        """What takes every known value out of text; values that are too short to be told from ordinary text stay."""
        self._refresh()
        return self._redactor

    def thorough(self) -> Redactor:
        """The same, also for short values: for what a service answered, where they are to be expected."""
        self._refresh()
        return self._thorough

    def names_in(self, data: bytes) -> frozenset[str]:
        """The secrets whose value is in it, as far as it can be told from ordinary text."""
        self._refresh()
        if not self._redactor.finds(data):
            return frozenset()
        return frozenset(name for name, redactor in self._each if redactor.finds(data))

    def _refresh(self) -> None:
        every = self._every()
        texts = tuple(one.reveal() for one in every)
        if texts == self._texts:
            return
        every += self._own
        own = [one for value in self._own for one in values(value.reveal()) if can_be_told(one)]
        hidden = [*own, *(one for text in texts for one in values(text))]
        self._redactor, self._thorough = Redactor(hidden), Redactor([*texts, *hidden])
        self._each = [(one.name, Redactor(filter(can_be_told, values(one.reveal())))) for one in every]
        self._texts = texts

    def _every(self) -> list[SecretValue]:
        while True:
            try:
                return [*(one.found.value for one in self._held.values()), *self._earlier]
            except RuntimeError:  # another thread has just written; no lock, because whoever logs may hold it
                continue

    def held_by(self, holder: str) -> None:
        """Say under which name this process stands in the trail from now on."""
        if self.leases is not None:
            self.leases.holder = holder

    def take(self, users: Mapping[str, Iterable[str]]) -> None:
        """Hold what these automations (by the name of the secret) will need: only what is known can be kept out of what is said.

        Where a value cannot be had, the call that needs it says so. A store that does not answer is not waited for long.
        """
        thread = threading.Thread(target=self._take, args=(users,), name="pilotage-secrets", daemon=True)
        thread.start()
        thread.join(timeout=_WAITED_FOR)

    def _take(self, users: Mapping[str, Iterable[str]]) -> None:
        for name, automations in sorted(users.items()):
            for automation in sorted(automations):
                with suppress(Exception), asked_by(automation):
                    self.held(name)

    def look(self) -> int:
        """Renew what is due and in use; and ask for everything again where a version or a grant was changed. A worker's chore."""
        if self.leases is None or not self._held:
            return 0
        changed = self.leases.changed()
        now = self._monotonic()
        with self._lock:
            if changed != self._seen:
                for one in self._held.values():
                    one.span = replace(one.span, renew=now)
            self._seen = changed
            due = sum(one.span.due(now) for one in self._held.values() if one.used)
        if due:
            self._renew_soon()
        return due

    def close(self) -> None:
        """Hold nothing any more, and say so as far as the database is there to be told."""
        thread = self._renewing
        if thread is not None:
            thread.join(timeout=10)
        with self._lock:
            leases = [one.lease for one in self._held.values() if one.lease is not None]
            self._earlier.extend(one.found.value for one in self._held.values())
            self._held.clear()
        if self.leases is not None and leases:
            with suppress(Exception):  # whatever is wrong with the database: the lease ends by itself
                self.leases.ended(leases)

    # -- asking ------------------------------------------------------------------------

    def _ask(self, key: _Key, asked: float, *, again: bool) -> SecretValue:
        with self._lock:
            one, now = self._held.get(key), self._monotonic()
            if one is not None and one.span.read > asked:
                return one.found.value  # whoever had the lock before has asked just now
            if one is not None and not again and one.span.endures(now, self.terms):
                return one.found.value
            return self._read(key, one, again=again)

    def _read(self, key: _Key, one: _Held | None, *, again: bool) -> SecretValue:
        name, automation = key
        began = self._monotonic()
        try:
            if self.leases is not None:
                if self._seen is None:  # before it is read: what changes after that is seen by `look`
                    self._seen = self.leases.changed()
                self.leases.refuse_ungranted(name, automation)
            found = self._find(name)
            same = one is not None and one.found.value == found.value and one.found.version == found.version
            if again and one is not None and same and one.span.fresh(began):
                one.span = replace(one.span, read=began)
                return one.found.value  # it holds it already: nothing was released
            times = span(began, self.terms, expires_in=self._expires_in(found))
            lease = self._write(found, automation, times, one, same=same, again=again)
        except SourceAway as error:
            return self._keep(key, one, error.what, error)
        except PilotageError:
            self._drop(key)
            raise
        except Exception as error:
            if self.leases is None or not self.leases.database.outage.noticed(error):
                raise
            return self._keep(key, one, "the database does not answer", error)
        if one is not None and not same:
            self._earlier.append(one.found.value)
        self._held[key] = _Held(found=found, span=times, lease=lease, used=False)
        return found.value

    def _find(self, name: str) -> Found:
        for store in self._stores:
            found = store.find(name)
            if found is not None:
                _refuse_unusable(found)
                return found
        ways = [store.ways(name) for store in self._stores]
        raise SecretMissing(
            f'The secret "{name}" has no value in the environment "{self.environment}".',
            f"{', or '.join(ways)[:1].upper()}{', or '.join(ways)[1:]}.",
        )

    def _expires_in(self, found: Found) -> float | None:
        if found.expires_at is None or self.leases is None:
            return None
        return max(0.0, (found.expires_at - self.leases.now()) / _SECOND)

    def _write(
        self, found: Found, automation: str, times: Span, one: _Held | None, *, same: bool, again: bool
    ) -> int | None:
        seconds = round(times.until - times.read, 3)
        release = Release(
            name=found.value.name,
            environment=self.environment,
            source=found.source,
            again=again,
            version=found.version,
            automation=automation,
            seconds=seconds,
        )
        if self._released is not None:
            self._released(release)
        if self.leases is None:
            return None
        why = "it was not accepted" if again else "its lease ended" if same else "it is needed"
        before = None if one is None else one.lease
        return self.leases.taken(found, automation, seconds, before=before, same=same, why=why)

    def _keep(self, key: _Key, one: _Held | None, why: str, error: Exception) -> SecretValue:
        """Use the value on that is held, because its source does not answer; not beyond its hard end."""
        now = self._monotonic()
        if one is None or now >= one.span.hard:
            self._drop(key)
            raise error
        first = one.span.tried is None
        one.span = replace(one.span, read=now, tried=now, renew=now + self.terms.patience)
        if first and self.leases is not None and one.lease is not None:
            with suppress(Exception):  # the database may be what is away
                self.leases.kept(*key, one.lease, one.span.hard - now, why)
        return one.found.value

    def _drop(self, key: _Key) -> None:
        gone = self._held.pop(key, None)
        if gone is None:
            return
        self._earlier.append(gone.found.value)
        if self.leases is not None and gone.lease is not None:
            with suppress(Exception):
                self.leases.ended([gone.lease])

    # -- in the background -------------------------------------------------------------

    def _renew_soon(self) -> None:
        with self._lock:
            if self._renewing is not None and self._renewing.is_alive():
                return
            self._renewing = threading.Thread(target=self._renew, name="pilotage-secrets", daemon=True)
            self._renewing.start()

    def _renew(self) -> None:
        now = self._monotonic()
        for key, one in list(self._held.items()):
            if one.used and one.span.due(now):
                with suppress(Exception), self._lock:  # whoever needs the value is told why it is not there
                    self._read(key, one, again=False)


def plain_stores(folder: Path | None, variables: Mapping[str, str] | None = None) -> list[Store]:
    """The environment, and the project's files if it has a folder for them."""
    stores: list[Store] = [EnvironmentStore(variables=os.environ if variables is None else variables)]
    return stores if folder is None else [*stores, FileStore(folder=folder)]


def _refuse_unusable(found: Found) -> None:
    value, source = found.value, found.source
    if not value.reveal().strip():
        raise SecretUnusable(f'The secret "{value.name}" is empty ({source.value}).', "Set its value.")
    if not (value.reveal().isascii() and value.reveal().isprintable()):
        raise SecretUnusable(
            f'The secret "{value.name}" has letters that cannot be sent in a header ({source.value}).',
            "A credential is printable ASCII in one line; look for a line break or a quotation mark copied along.",
        )
