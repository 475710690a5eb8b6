"""The places from which records come by themselves: when each was last looked into, what it waits for, and what is wrong there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pilotage.authoring.automation import Automation
from pilotage.authoring.webhook import Webhook
from pilotage.cases.service.listening import NOT_READY
from pilotage.cases.store import sources
from pilotage.cases.store.sources import SourceStanding
from pilotage.connections.values import Heard
from pilotage.kernel.clock import from_micros
from pilotage.machinery.cli.times import age, iso, until
from pilotage.machinery.storage.database import Database
from pilotage.operations.values import Condition, Need, Urgency

_SAID: Mapping[str | None, str] = {
    Heard.REFUSED.value: "refuses us",
    Heard.DIFFERS.value: "answers differently",
    NOT_READY: "takes nothing in",
}


_MEANWHILE: Mapping[str | None, str] = {
    NOT_READY: "Whoever sends there is asked to come again; it is looked at again by itself."
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Watched:
    """A source, and how it stands; it has no standing where nobody looked yet."""

    automation: str
    source: str
    kind: str
    standing: SourceStanding | None
    now: int

    @property
    def looked(self) -> str:
        """When somebody looked there last."""
        if self.standing is None or self.standing.looked_at is None:
            return "never"
        return f"{age(self.now - self.standing.looked_at)} ago"

    @property
    def waits(self) -> str:
        """What it waits for, in words."""
        one = self.standing
        if one is None or (one.looked_at is None and one.held_until <= self.now):
            return "for a process that works: `pilotage run`"
        if one.held_until > self.now:
            return "for nothing: it is read now"
        words = f"{one.words} " if one.words else ""
        if one.failing is not None:
            since = f" since {from_micros(one.down_since):%H:%M}" if one.down_since is not None else ""
            words = f"{one.failing}{since}: {words}"
        again = until(one.next_at, self.now) if one.next_at > self.now else "now"
        return f"{words}{'It is looked at again' if words else 'for the next look,'} {again}{'.' if words else ''}"


def watched(database: Database, automations: Iterable[Automation]) -> list[Watched]:
    """Every source that is looked into, in the order of the automations."""
    with database.snapshot() as tx:
        now = database.now(tx)
        found = {(one.automation, one.source): one for one in sources.standing(tx)}
    return [
        Watched(
            automation=automation.name,
            source=source.name,
            kind=type(source).__name__.lower(),
            standing=found.get((automation.name, source.name)),
            now=now,
        )
        for automation in automations
        for source in automation.intake
        if not isinstance(source, Webhook)
    ]


def as_data(one: Watched) -> Mapping[str, object]:
    """The same as plain data."""
    standing = one.standing
    return {
        "automation": one.automation,
        "source": one.source,
        "kind": one.kind,
        "looked_at": None if standing is None else iso(standing.looked_at),
        "next_look_at": None if standing is None else iso(standing.next_at or None),
        "failing": None if standing is None else standing.failing,
        "failing_since": None if standing is None else iso(standing.down_since),
        "waits_for": one.waits,
    }


def needs(database: Database) -> list[Need]:
    """Every source that fails."""
    with database.snapshot() as tx:
        now = database.now(tx)
        found = [one for one in sources.standing(tx) if one.down_since is not None]
    return [
        Need(
            condition=Condition.ATTENTION,
            urgency=Urgency.TROUBLE,
            title=f"{one.source} of {one.automation} {_SAID.get(one.failing, 'is down')} since "
            f"{from_micros(one.down_since or now):%H:%M}",
            why=f"{one.words} {_MEANWHILE.get(one.failing, 'What came there waits there; it is looked at again by itself.')}",
            command="pilotage status",
            oldest=from_micros(now) - from_micros(one.down_since or now),
        )
        for one in found
    ]
