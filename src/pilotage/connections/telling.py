"""What a call says of the other side and of its limits, told to this step and to everybody."""

from dataclasses import dataclass, field
from typing import Final

from pilotage.authoring.ports import Call
from pilotage.connections.accounts import Account, Credentials
from pilotage.connections.came import Came, heard_of
from pilotage.connections.hearing import read_notice
from pilotage.connections.leasing import Leases
from pilotage.connections.sorting import seconds_to_wait
from pilotage.connections.values import Heard
from pilotage.connections.watching import Watches
from pilotage.kernel.clock import Clock
from pilotage.kernel.writable import writable
from pilotage.machinery.net.messages import Answer

_SAID: Final = 300
"""Characters of what was heard that are kept for everybody."""


@dataclass(kw_only=True)
class Telling:
    """What the calls of one running step say."""

    credentials: Credentials
    clock: Clock
    watch: Watches | None
    gate: Watches | None
    """The watch, where nobody has looked before whether the other side works."""
    leases: Leases | None
    failing: dict[str, Heard] = field(default_factory=dict[str, Heard])
    """How the other sides failed at the last call."""

    async def hear(self, account: Account, call: Call, seen: Came, *, probe: bool) -> None:
        """What came of a call, for this step and for everybody."""
        if not seen.late:  # else nobody was asked
            self.told(account, heard_of(account, call, seen), seen.words, probe=probe)
            if self.gate is not None:
                await self.gate.settle(account.name)

    def told(self, account: Account, what: Heard, words: str, *, probe: bool) -> None:
        """How the other side did at a call."""
        if what.fails:
            self.failing[account.name] = what
        else:
            self.failing.pop(account.name, None)
        if self.watch is None:
            return
        said = ""
        if what is not Heard.ANSWERED:
            said = writable(self.credentials.thorough().text(words))[:_SAID]
        self.watch.hear(account.name, what, said, probe=probe)

    def learn(self, account: Account, answer: Answer) -> None:
        """What the answer says about limits is for everybody."""
        if self.leases is None:
            return
        refused = account.not_done.mean(answer.status, retry_after="retry-after" in answer.headers)
        now = self.clock.now()
        notice = read_notice(answer.headers, throttled=refused, wait=self.wait(answer), now=now)
        if notice is not None:
            self.leases.lends.learn(account.name, notice)

    def wait(self, answer: Answer | None) -> float | None:
        """Seconds that an answer asks to wait."""
        if answer is None:
            return None
        headers = answer.headers
        return seconds_to_wait(headers.get("retry-after"), date=headers.get("date"), now=self.clock.now())
