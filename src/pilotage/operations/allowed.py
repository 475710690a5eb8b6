"""What `private-addresses` says and means: names that nothing has, and services that it does not allow to be called. Pure.

No name is resolved here: what is seen is a base URL with an address in it, or with the name of this machine.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from ipaddress import ip_address
from urllib.parse import urlsplit

from pilotage.authoring.automation import Automation
from pilotage.authoring.codes import finding
from pilotage.authoring.findings import Finding
from pilotage.authoring.mailbox import Mailbox
from pilotage.authoring.settings import Setting
from pilotage.machinery.net.addresses import Addresses, Reach, addresses_of, reach, way_to_allow


def callers(automations: Iterable[Automation]) -> list[str]:
    """The names under which something leaves: connections, and mailboxes that are read."""
    named = {connection.name for one in automations for connection in one.connections}
    mailboxes = {source.name for one in automations for source in one.intake if isinstance(source, Mailbox)}
    return sorted(named | mailboxes)


def shut_off(
    automations: Iterable[Automation],
    addresses: Addresses,
    *,
    environment: str,
    setting: Callable[[str], str | None],
) -> list[Finding]:
    """A warning for each connection whose base URL has an address that may not be called from this environment."""
    found = {one.name: one for automation in automations for one in automation.connections}
    return [
        finding(
            "PLT-593",
            place=f"Connection {name}",
            line=one.line,
            warning=True,
            host=host,
            environment=environment,
            why=f"private-addresses{' counts there, too, and' if addresses_of(environment).allow(address, host) else ''} does not name it",
            way=way_to_allow(host, [address]),
        )
        for name, one in sorted(found.items())
        if (host := _host(one.base_url, setting))
        and (address := _address(host))
        and reach(address) is not Reach.NOWHERE  # nothing that is written allows it
        and not addresses.towards(name).allow(address, host)
    ]


def _host(url: str | Setting[str], setting: Callable[[str], str | None]) -> str:
    text = url if isinstance(url, str) else setting(url.name) or str(url.default or "")
    try:
        return urlsplit(text).hostname or ""
    except ValueError:  # it is no URL: told where the setting is looked at
        return ""


def _address(host: str) -> str:
    """The address that stands there; "" for a name that would have to be looked up."""
    if host == "localhost":
        return "127.0.0.1"
    try:
        return str(ip_address(host))
    except ValueError:
        return ""


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
