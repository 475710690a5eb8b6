"""`pilotage secret list`, `who`, `grant`, `revoke` and `grants`."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from pilotage.credentials import store
from pilotage.credentials.ageing import Age
from pilotage.credentials.commands.house import House, Opened, named
from pilotage.credentials.commands.keeping import Name
from pilotage.credentials.service.looking import Told, declared, tell, users
from pilotage.credentials.values import Grant, Lease
from pilotage.kernel.errors import UnknownName
from pilotage.machinery.cli.names import did_you_mean
from pilotage.machinery.cli.output import Output
from pilotage.machinery.cli.times import age, iso, until, when

Automation = Annotated[str, Parameter(help="an automation of this project")]


@dataclass(frozen=True)
class LookingCommands:
    """Who may use, and who holds."""

    house: House
    out: Output

    def list_(self) -> None:
        """List the secrets that are declared or stored: how old, how old they may become, who holds them.

        Never a value.
        """
        opened = Opened(project=self.house.project())
        places = opened.places()
        with self.house.open() as platform:
            automations = list(platform.automations.values())
            with platform.database.snapshot() as tx:
                now = platform.database.now(tx)
                told = tell(tx, now, places, declared(automations))
            here = opened.key_names(platform.database)
        if self.out.put({"secrets": [_as_data(one, here) for one in told]}):
            return
        if not told:
            self.out.line("No automation names a secret, and the local store has none.")
            return
        self.out.table(
            ("secret", "comes from", "age", "may become", "ends", "versions", "held by", "granted to"),
            [_row(one, now, here) for one in told],
        )

    def who(self, name: Name) -> None:
        """Say which processes hold a secret, which version of it, and until when."""
        with self.house.database() as database, database.snapshot() as tx:
            now = database.now(tx)
            held = store.held(tx, now, name)
        if not held:
            self._refuse_unknown(name)
        if self.out.put({"secret": name, "held": [_lease_as_data(one) for one in held]}):
            return
        if not held:
            self.out.line(f"No process holds {name}.")
            return
        self.out.table(
            ("process", "host", "version", "from", "for", "since", "until"),
            [
                (
                    one.holder,
                    f"{one.host} {one.pid}",
                    one.version,
                    one.source,
                    one.automation or "the platform",
                    until(one.taken_at, now),
                    until(one.until, now),
                )
                for one in held
            ],
        )
        self.out.say(f"Who held it before: pilotage audit --subject {name}")

    def _refuse_unknown(self, name: str) -> None:
        places = Opened(project=self.house.project()).places()
        if places.look(name, None)[0]:
            return
        with self.house.open() as platform:
            known = set(declared(platform.automations.values()))
            with platform.database.snapshot() as tx:
                known |= {one.secret for one in (*store.versions(tx), *store.grants(tx), *store.leases(tx))}
        if name not in known:
            remedy = did_you_mean(name, sorted(known), "`pilotage secret list` lists those that are known here.")
            raise UnknownName(f'There is no secret "{name}" here: nothing names it, and no store here has it.', remedy)

    def grant(self, name: Name, automation: Automation) -> None:
        """Let an automation use a secret.

        In dev each may use what its connections name; elsewhere it needs this.
        """
        project = self.house.project()
        with self.house.open() as platform:
            known = platform.automations
            if automation not in known:
                remedy = did_you_mean(automation, known, f"This project has: {', '.join(known) or 'none'}.")
                raise UnknownName(f'There is no automation "{automation}" here.', remedy)
            Opened(project=project).keeper(platform.database).grant(named(name), automation)
            uses = automation in users(list(known.values())).get(name, set())
        if not self.out.put({"secret": name, "automation": automation, "granted": True, "declares": uses}):
            self.out.line(f"{automation} may use {name} in {project.environment}.")
            if not uses:
                self.out.say(f"No connection of {automation} names {name} yet.")

    def revoke(self, name: Name, automation: Automation) -> None:
        """Let an automation use a secret no more; processes give it back within seconds."""
        with self.house.database() as database:
            Opened(project=self.house.project()).keeper(database).revoke(name, automation)
        if not self.out.put({"secret": name, "automation": automation, "granted": False}):
            self.out.line(f"{automation} may use {name} no more.")

    def grants(self) -> None:
        """List who may use which secret."""
        with self.house.database() as database, database.snapshot() as tx:
            found = store.grants(tx)
        if self.out.put({"grants": [_grant_as_data(one) for one in found]}):
            return
        if not found:
            self.out.line("There is no grant. In dev none is needed.")
            return
        self.out.table(
            ("secret", "automation", "since (UTC)", "by"),
            [(one.secret, one.automation, when(one.granted_at), f"{one.granted_by} ({one.known})") for one in found],
        )


_WORDS = {Age.SOON: "soon", Age.OLD: "TOO OLD", Age.EXPIRED: "EXPIRED"}


def _row(one: Told, now: int, here: Collection[str]) -> tuple[object, ...]:
    note = _WORDS.get(one.standing.age, "")
    years = "unknown" if one.set_at is None else age(now - one.set_at)
    return (
        one.name,
        one.where or "nowhere",
        f"{years} {note}".strip() if one.where else "",
        "" if one.max_age is None else age(one.max_age),
        "" if one.expires_at is None else until(one.expires_at, now),
        ", ".join(f"{version.version}{'' if version.key in here else ' (NO KEY HERE)'}" for version in one.versions),
        ", ".join(f"{lease.holder} {until(lease.until, now)}" for lease in one.held),
        ", ".join(grant.automation for grant in one.grants),
    )


def _as_data(one: Told, here: Collection[str]) -> Mapping[str, object]:
    left = one.standing.left
    return {
        "secret": one.name,
        "comes_from": one.where or None,
        "set_at": iso(one.set_at),
        "expires_at": iso(one.expires_at),
        "max_age_seconds": None if one.max_age is None else one.max_age // 1_000_000,
        "age": one.standing.age.value,
        "seconds_left": None if left is None else left // 1_000_000,
        "versions": [version.version for version in one.versions],
        "versions_without_key": [version.version for version in one.versions if version.key not in here],
        "held": [_lease_as_data(lease) for lease in one.held],
        "granted_to": [grant.automation for grant in one.grants],
    }


def _lease_as_data(one: Lease) -> Mapping[str, object]:
    return {
        "secret": one.secret,
        "version": one.version,
        "from": one.source,
        "automation": one.automation or None,
        "holder": one.holder,
        "host": one.host,
        "pid": one.pid,
        "taken_at": iso(one.taken_at),
        "until": iso(one.until),
    }


def _grant_as_data(one: Grant) -> Mapping[str, object]:
    return {
        "secret": one.secret,
        "automation": one.automation,
        "granted_at": iso(one.granted_at),
        "granted_by": one.granted_by,
        "known": one.known,
    }
