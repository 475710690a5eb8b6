"""Names under `private-addresses` that nothing has: what stands there allows nothing, and nobody would know. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from pilotage.authoring.automation import Automation
from pilotage.authoring.codes import finding
from pilotage.authoring.findings import Finding
from pilotage.authoring.mailbox import Mailbox


def callers(automations: Iterable[Automation]) -> list[str]:
    """The names under which something leaves: connections, and mailboxes that are read."""
    named = {connection.name for one in automations for connection in one.connections}
    mailboxes = {source.name for one in automations for source in one.intake if isinstance(source, Mailbox)}
    return sorted(named | mailboxes)


def misspelt(
    said: Mapping[str, Iterable[str]], *, environments: Sequence[str], connections: Sequence[str]
) -> list[Finding]:
    """A warning for each name in the table that is no environment, and for each under one that is no connection."""
    found = [_finding(name, "environment", environments, connections) for name in said if name not in environments]
    return found + [
        _finding(name, "connection", connections, (), within=environment)
        for environment, names in said.items()
        for name in names
        if environment in environments and name not in connections
    ]


def _finding(
    name: str, kind: str, known: Sequence[str], connections: Sequence[str], *, within: str = "private-addresses"
) -> Finding:
    there = ", ".join(known) or "none"
    if name in connections:
        remedy = f'A connection stands under its environment: live = {{ {name} = ["..."] }}.'
    elif near := get_close_matches(name, known, n=1, cutoff=0.6):
        remedy = f"Write {near[0]} if you mean that. There are: {there}."
    else:
        remedy = f"Correct it, or take it out. There are: {there}."
    return finding(
        "PLT-591",
        place="[tool.pilotage.private-addresses]",
        warning=True,
        within=within,
        name=name,
        kind=kind,
        remedy=remedy,
    )
