"""Which addresses may be called: public ones always, private ones and this machine where the environment says so or names them.

A name is resolved first, every address it leads to is judged, and the connection is made to a judged address and not to
the name, so that a second answer of the name server changes nothing.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias


class Reach(StrEnum):
    """How far away an address is."""

    PUBLIC = "public"
    PRIVATE = "private"
    LOOPBACK = "loopback"
    METADATA = "metadata"
    """Link-local, and where clouds hand out credentials to whoever asks: called only where the very address is named."""
    NOWHERE = "nowhere"
    """Unspecified, multicast, reserved: no service lives there."""


Network: TypeAlias = IPv4Network | IPv6Network


@dataclass(frozen=True, kw_only=True, slots=True)
class Addresses:
    """What an environment allows beyond public addresses, for everything that leaves and for single connections."""

    allow_private: bool = False
    allow_loopback: bool = False
    networks: tuple[Network, ...] = ()
    """Private networks and single addresses that are named. An address of metadata must be named by itself."""
    hosts: frozenset[str] = frozenset()
    """Names that may lead to private addresses and to this machine, wherever that is; never to metadata."""
    connections: Mapping[str, "Addresses"] = field(default_factory=dict[str, "Addresses"])
    """What is allowed to one connection besides."""
    said: bool = False
    """Whether the project says it; else it is what an environment allows by itself."""

    def allow(self, address: str, host: str = "") -> bool:
        """Whether a connection may be made to this IP address, to which `host` has led."""
        far = reach(address)
        if far is Reach.PUBLIC:
            return True
        if far is Reach.NOWHERE:
            return False
        number = _number(address)
        if any(number in network for network in self.networks if far is not Reach.METADATA or _is_single(network)):
            return True
        if far is Reach.METADATA:
            return False
        if plain_name(host) in self.hosts or self.allow_private:
            return True
        return far is Reach.LOOPBACK and self.allow_loopback

    def towards(self, connection: str) -> "Addresses":
        """What this connection is allowed: what everything is, and what is its own."""
        own = self.connections.get(connection)
        if own is None:
            return self
        return replace(
            self,
            allow_private=self.allow_private or own.allow_private,
            networks=self.networks + own.networks,
            hosts=self.hosts | own.hosts,
        )


def named_addresses(named: Iterable[str]) -> Addresses:
    """What a list of networks ("10.0.3.0/24"), addresses and host names allows. Raises ValueError for what is none of them."""
    networks: list[Network] = []
    hosts: set[str] = set()
    for one in named:
        try:
            networks.append(ip_network(one))
        except ValueError:
            hosts.add(_host(one))
    return Addresses(networks=tuple(networks), hosts=frozenset(hosts))


def not_allowed(host: str, found: Iterable[str], addresses: Addresses) -> str:
    """Why none of the addresses to which a host has led may be called."""
    led = ", ".join(found)
    what = host if led == host else f"{host} leads to {led}, which"
    if addresses.said:
        return (
            f"{what} may not be called: private-addresses in the project's file does not name it for this environment."
        )
    return f"{what} may not be called: it is not public, and the project names no other addresses for this environment."


def way_to_allow(host: str, found: Iterable[str]) -> str:
    """What somebody can write who means a refused host: its name, or where that is not enough each address."""
    refused = sorted({str(_number(one)) for one in found})
    metadata = [one for one in refused if reach(one) is Reach.METADATA]
    named = ", ".join(f'"{one}"' for one in metadata or [plain_name(host)])
    return f"write private-addresses = [{named}] into [tool.pilotage], or add it there."


def plain_name(host: str) -> str:
    """A host's name as names are compared."""
    return host.lower().rstrip(".")


def _host(text: str) -> str:
    name = plain_name(text)
    labels = name.split(".")
    looks_like_a_number = labels[-1].isdigit() or "/" in name or ":" in name
    if looks_like_a_number or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError(text)
    return name


def _is_single(network: Network) -> bool:
    return network.num_addresses == 1


def addresses_of(environment: str) -> Addresses:
    """What an environment allows unless the project says otherwise: private addresses and this machine in `dev` and `test`."""
    return Addresses(allow_private=environment in {"dev", "test"})


def reach(address: str) -> Reach:
    """How far away an IP address is, an IPv4 address inside an IPv6 one counted as itself."""
    number = _number(address)
    if number.is_loopback:
        return Reach.LOOPBACK
    if number.is_link_local or str(number) in _METADATA:
        return Reach.METADATA
    if number.is_unspecified or number.is_multicast:
        return Reach.NOWHERE
    if number.is_global:
        return Reach.PUBLIC
    return Reach.NOWHERE if number.is_reserved else Reach.PRIVATE


def _number(address: str) -> IPv4Address | IPv6Address:
    return _plain(ip_address(address.partition("%")[0]))


def _plain(number: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(number, IPv6Address):
        if number.ipv4_mapped is not None:
            return number.ipv4_mapped
        if number.sixtofour is not None:
            return number.sixtofour
        if int(number) > 1 and any(number in network for network in _IPV4_WITHIN):  # :: and ::1 are themselves
            return IPv4Address(int(number) & 0xFFFF_FFFF)
    return number


_IPV4_WITHIN: Final = tuple(IPv6Network(one) for one in ("::/96", "64:ff9b::/96", "64:ff9b:1::/48"))
"""IPv4 in its old form, and behind translators: the public prefix, and those of networks of their own."""
_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?")
_METADATA: Final = frozenset({"fd00:ec2::254", "100.100.100.200", "192.0.0.192", "168.63.129.16"})
"""AWS over IPv6, Alibaba, Oracle, Azure; the link-local ones of all clouds are known by their range."""
