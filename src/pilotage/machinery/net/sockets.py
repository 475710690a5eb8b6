"""Plain sockets for protocols that are not HTTP: through the same door, to judged addresses alone."""

import socket
from collections.abc import Sequence
from ipaddress import ip_address

from pilotage.machinery.net.addresses import not_allowed, way_to_allow
from pilotage.machinery.net.door import Door
from pilotage.machinery.net.errors import AddressRefused


def open_socket(door: Door, method: str, host: str, port: int, *, timeout: float) -> socket.socket:
    """A connection to the first allowed address of `host` that takes one.

    Raises DoorDisarmed (PLT-241), AddressRefused (PLT-242) and OSError.
    """
    door.pass_through(method, f"{host}:{port}")
    failed: OSError | None = None
    for address in allowed(door, host, addresses_of(host, port)):
        try:
            return socket.create_connection((address, port), timeout)
        except OSError as error:
            failed = error
    raise failed or OSError(f"{host} has no address")


def addresses_of(host: str, port: int) -> Sequence[str]:
    """The addresses of a host as the system's resolver knows them."""
    try:
        return [str(ip_address(host))]
    except ValueError:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def allowed(door: Door, host: str, addresses: Sequence[str]) -> Sequence[str]:
    """Those addresses that this environment allows. Raises AddressRefused (PLT-242) where there is none."""
    good = [address for address in addresses if door.addresses.allow(address, host)]
    if addresses and not good:
        raise AddressRefused(
            not_allowed(host, addresses, door.addresses),
            f"Correct the address; if the service is meant to be there, {way_to_allow(host, addresses)}",
        )
    return good
