"""Which addresses may be called: public ones always, private ones and this machine where the environment says so.

A name is resolved first, every address it leads to is judged, and the connection is made to a judged address and not to
the name, so that a second answer of the name server changes nothing.
"""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final


class Reach(StrEnum):
    """How far away an address is."""

    PUBLIC = "public"
    PRIVATE = "private"
    LOOPBACK = "loopback"
    METADATA = "metadata"
    """Link-local, and where clouds hand out credentials to whoever asks: never called."""
    NOWHERE = "nowhere"
    """Unspecified, multicast, reserved: no service lives there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Addresses:
    """What an environment allows. Metadata and link-local addresses are refused whatever it says."""

    allow_private: bool = False
    allow_loopback: bool = False

    def allow(self, address: str) -> bool:
        """Whether a connection may be made to this IP address."""
        match reach(address):
            case Reach.PUBLIC:
                return True
            case Reach.PRIVATE:
                return self.allow_private
            case Reach.LOOPBACK:
                return self.allow_loopback or self.allow_private
            case Reach.METADATA | Reach.NOWHERE:
                return False


def addresses_of(environment: str) -> Addresses:
    """What an environment allows unless the project says otherwise: private addresses and this machine in `dev` and `test`."""
    return Addresses(allow_private=environment in {"dev", "test"})


def reach(address: str) -> Reach:
    """How far away an IP address is, an IPv4 address inside an IPv6 one counted as itself."""
    number = _plain(ip_address(address.partition("%")[0]))
    if number.is_loopback:
        return Reach.LOOPBACK
    if number.is_link_local or str(number) in _METADATA:
        return Reach.METADATA
    if number.is_unspecified or number.is_multicast:
        return Reach.NOWHERE
    if number.is_global:
        return Reach.PUBLIC
    return Reach.NOWHERE if number.is_reserved else Reach.PRIVATE


def _plain(number: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(number, IPv6Address):
        if number.ipv4_mapped is not None:
            return number.ipv4_mapped
        if number.sixtofour is not None:
            return number.sixtofour
        if number in _NAT64:
            return IPv4Address(int(number) & 0xFFFF_FFFF)
    return number


_NAT64: Final = IPv6Network("64:ff9b::/96")
_METADATA: Final = frozenset({"fd00:ec2::254", "100.100.100.200", "192.0.0.192", "168.63.129.16"})
"""AWS over IPv6, Alibaba, Oracle, Azure; the link-local ones of all clouds are known by their range."""
