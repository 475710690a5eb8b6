"""Call a help desk that runs: ask it as the automation does, look at its log and sums, switch its faults."""

import json
from dataclasses import asdict
from types import TracebackType
from typing import Self

import httpx2

from pilotage.examples.tickets.helpdesk.desk import Entry
from pilotage.examples.tickets.helpdesk.faults import Fault
from pilotage.examples.tickets.helpdesk.setup import Running


class Client:
    """Somebody with both tokens."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self._client = httpx2.Client(base_url=running.url)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def assign(self, key: str | None, ticket: str = "T1", team: str = "cards") -> httpx2.Response:
        """Ask for a ticket to be put into a team's queue."""
        return self._ask("POST", "/assignments", key=key, json={"ticket": ticket, "team": team})

    def find(self, key: str) -> httpx2.Response:
        """Ask for the assignment that was made under a key."""
        return self._ask("GET", f"/assignments?key={key}")

    def unassign(self, assignment: str, key: str | None = None) -> httpx2.Response:
        """Ask for a ticket to be taken out of its queue."""
        return self._ask("DELETE", f"/assignments/{assignment}", key=key)

    def log(self) -> list[Entry]:
        """Every request so far, this client's own looks at the log and the sums left out."""
        return [json.loads(line) for line in self._ask("GET", "/log").raise_for_status().text.splitlines()]

    def stats(self) -> dict[str, object]:
        """The sums: `assignments` is what the desk holds."""
        sums: dict[str, object] = self._ask("GET", "/stats").raise_for_status().json()
        return sums

    def switch_on(self, fault: Fault) -> None:
        """Let a fault strike from now on."""
        self._administer("POST", "/admin/faults", asdict(fault) | {"kind": fault.kind.value})

    def switch_off(self) -> None:
        """Let no fault strike any more."""
        self._administer("DELETE", "/admin/faults")

    def detect_duplicates(self, *, detect: bool) -> None:
        """Let the desk honour the Idempotency-Key, or not."""
        self._administer("POST", "/admin/duplicates", {"detect": detect})

    def _administer(self, method: str, path: str, json: object = None) -> None:
        self._ask(method, path, json=json, token=self.running.admin_token).raise_for_status()

    def _ask(
        self, method: str, path: str, *, key: str | None = None, json: object = None, token: str | None = None
    ) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {token or self.running.token}"} | ({"Idempotency-Key": key} if key else {})
        return self._client.request(method, path, json=json, headers=headers)
