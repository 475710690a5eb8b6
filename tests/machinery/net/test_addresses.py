"""Which addresses may be called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilotage.machinery.net.addresses import Addresses, Reach, addresses_of, reach

REACHES = {
    "8.8.8.8": Reach.PUBLIC,
    "2606:4700::1111": Reach.PUBLIC,
    "10.1.2.3": Reach.PRIVATE,
    "172.16.0.1": Reach.PRIVATE,
    "192.168.1.1": Reach.PRIVATE,
    "100.64.0.1": Reach.PRIVATE,
    "fd12:3456::1": Reach.PRIVATE,
    "127.0.0.1": Reach.LOOPBACK,
    "127.8.8.8": Reach.LOOPBACK,
    "::1": Reach.LOOPBACK,
    "::ffff:127.0.0.1": Reach.LOOPBACK,
    "64:ff9b::7f00:1": Reach.LOOPBACK,
    "2002:7f00:1::": Reach.LOOPBACK,
    "::ffff:10.0.0.1": Reach.PRIVATE,
    "169.254.169.254": Reach.METADATA,
    "::ffff:169.254.169.254": Reach.METADATA,
    "fe80::1%eth0": Reach.METADATA,
    "fd00:ec2::254": Reach.METADATA,
    "100.100.100.200": Reach.METADATA,
    "168.63.129.16": Reach.METADATA,
    "0.0.0.0": Reach.NOWHERE,
    "::": Reach.NOWHERE,
    "224.0.0.1": Reach.NOWHERE,
    "ff02::1": Reach.NOWHERE,
    "255.255.255.255": Reach.NOWHERE,
}


@pytest.mark.parametrize(("address", "far"), REACHES.items())
def test_every_kind_of_address_is_known(address: str, far: Reach) -> None:
    """Also an IPv4 address that hides inside an IPv6 one."""
    assert reach(address) is far


@pytest.mark.parametrize(("address", "far"), REACHES.items())
def test_what_is_allowed(address: str, far: Reach) -> None:
    """Public always, this machine and private networks where it is said, metadata and nowhere never."""
    assert Addresses().allow(address) is (far is Reach.PUBLIC)
    assert Addresses(allow_loopback=True).allow(address) is (far in {Reach.PUBLIC, Reach.LOOPBACK})
    everything = Addresses(allow_private=True, allow_loopback=True)
    assert everything.allow(address) is (far not in {Reach.METADATA, Reach.NOWHERE})


@given(st.ip_addresses())
def test_every_address_has_a_reach(address: object) -> None:
    """No address is without an answer, and allowing more never allows less."""
    text = str(address)
    assert not Addresses().allow(text) or Addresses(allow_private=True).allow(text)


def test_an_environment_without_settings() -> None:
    """On a laptop the fake services on the same machine may be called; in `live` nothing but public addresses."""
    assert addresses_of("dev") == addresses_of("test") == Addresses(allow_private=True)
    assert addresses_of("live") == Addresses()
