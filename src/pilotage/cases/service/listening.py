"""What a process that takes webhooks in knows by heart: the keys of their signatures, and platform time."""

import threading
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final, Protocol

from pilotage.authoring.automation import Automation
from pilotage.authoring.webhook import Webhook
from pilotage.cases.store import sources
from pilotage.credentials.asking import asked_by
from pilotage.credentials.errors import SecretUnusable
from pilotage.credentials.signatures import keys_of
from pilotage.credentials.values import SecretValue
from pilotage.kernel.clock import Clock, SystemClock, micros
from pilotage.kernel.errors import PilotageError
from pilotage.machinery.storage.database import Database

_KNOWN: Final = 10.0
"""Seconds for which keys and the distance between the host's clock and the database's are remembered."""


NOT_READY: Final = "not ready"
"""What is wrong with a webhook whose messages cannot be proved."""
_EVERY: Final = 15.0
"""Seconds between two looks at whether webhooks can take anything."""


class Secrets(Protocol):
    """Where the values of secrets come from."""

    def accepted(self, name: str) -> Sequence[SecretValue]:
        """The value that this process holds, and earlier ones that are still valid."""
        ...


@dataclass(kw_only=True)
class Listening:
    """Keys and time, for one process."""

    database: Database
    secrets: Secrets
    clock: Clock = field(default_factory=SystemClock)
    _keys: dict[tuple[str, str], tuple[float, Sequence[bytes]]] = field(
        default_factory=dict[tuple[str, str], tuple[float, Sequence[bytes]]]
    )
    _behind: tuple[float, float] | None = None

    def knows(self, secret: str, automation: str) -> bool:
        """Whether `keys` and `now` can be told without looking anywhere."""
        now = self.clock.monotonic()
        known = self._keys.get((secret, automation))
        return known is not None and now < known[0] and self._behind is not None and now < self._behind[0]

    def look(self, secret: str, automation: str) -> None:
        """Look again, for the automation: reads the secret and the database's clock. Raises what `held` and `keys_of` raise."""
        until = self.clock.monotonic() + _KNOWN
        with asked_by(automation):
            newest, *earlier = self.secrets.accepted(secret)
            keys = list(keys_of(newest))
            for one in earlier:
                with suppress(SecretUnusable):  # it was no key, and so nobody signed with it
                    keys += keys_of(one)
            self._keys[secret, automation] = (until, keys)
        with self.database.snapshot() as tx:
            self._behind = (until, (self.database.now(tx) - micros(self.clock.now())) / 1_000_000)

    def keys(self, secret: str, automation: str) -> Sequence[bytes]:
        """The keys with which a message may be signed."""
        return self._keys[secret, automation][1]

    def now(self) -> float:
        """Platform time in seconds since 1970."""
        assert self._behind is not None
        return self.clock.now().timestamp() + self._behind[1]


@dataclass(frozen=True, kw_only=True)
class Hooks:
    """Whether the webhooks of this process can take anything in: known before anybody calls, and written down for all to see."""

    listening: Listening
    automations: Iterable[Automation]

    def look(self) -> list[str]:
        """Look at every webhook, and write down what has changed; a sentence for each that is not ready."""
        hooks = [(one.name, hook) for one in self.automations for hook in one.intake if isinstance(hook, Webhook)]
        found = {(automation, hook.name): self._why_not(automation, hook) for automation, hook in hooks}
        database = self.listening.database
        with database.snapshot() as tx:
            standing = sources.standing(tx)
        known = {(one.automation, one.source): one.words for one in standing}
        # one that is declared no more is not missed
        found |= {
            of: None
            for one in standing
            if one.failing == NOT_READY
            if (of := (one.automation, one.source)) not in found
        }
        changed = {of: words for of, words in found.items() if known.get(of) != words}
        if changed:
            with database.transaction() as tx:
                now = database.now(tx)
                for (automation, name), words in changed.items():
                    failing = None if words is None else NOT_READY
                    sources.say_ready(tx, automation, name, now=now, failing=failing, words=words)
        return [
            f"The webhook {name} of {automation} takes nothing in: {words}"
            for (automation, name), words in found.items()
            if words is not None
        ]

    def _why_not(self, automation: str, hook: Webhook) -> str | None:
        try:
            self.listening.look(hook.secret.name, automation)
        except PilotageError as error:
            return f"{error.what} {error.remedy}"
        return None

    @contextmanager
    def watched(self) -> Generator[None]:
        """Go on looking for as long as the block lasts, so that a secret that comes later is noticed."""
        ends = threading.Event()

        def go_on() -> None:
            while not ends.wait(_EVERY):
                with suppress(Exception):  # a database that is away is told by everybody else
                    self.look()

        thread = threading.Thread(target=go_on, name="webhooks", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ends.set()
            thread.join()
