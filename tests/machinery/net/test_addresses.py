"""Which addresses may be called."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilotage.machinery.net.addresses import Addresses, Reach, addresses_of, named_addresses, reach

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


def test_metadata_is_called_only_where_the_very_address_is_named() -> None:
    """No yes, no network around it and no host's name is enough; in whatever form the address comes."""
    forms = ("169.254.169.254", "::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "64:ff9b::a9fe:a9fe", "::169.254.169.254")
    forms += ("64:ff9b:1::169.254.169.254", "2002:a9fe:a9fe::")
    broad = named_addresses(["169.254.0.0/16", "fd00::/8", "0.0.0.0/0", "::/0", "metadata.internal"])
    for one in (Addresses(allow_private=True, allow_loopback=True), broad):
        for address in (*forms, "fd00:ec2::254", "100.100.100.200"):
            assert not one.allow(address, "metadata.internal")
    for address in forms:
        assert named_addresses(["169.254.169.254"]).allow(address)
    assert named_addresses(["fd00:ec2::254/128"]).allow("fd00:ec2::254")
    assert not named_addresses(["169.254.169.254"]).allow("169.254.169.253")


@given(address=st.ip_addresses(), named=st.ip_addresses(), length=st.integers(0, 128), by_host=st.booleans())
def test_a_list_allows_what_lies_in_it_and_never_less_than_none(
    *, address: object, named: object, length: int, by_host: bool
) -> None:
    """Public addresses always; a private one exactly where a network holds it or its host is named."""
    network = ip_network(f"{named}/{min(length, 32 if named.version == 4 else 128)}", strict=False)  # type: ignore[attr-defined]
    allowed = named_addresses([str(network), *(["erp.internal"] if by_host else [])])
    far, text = reach(str(address)), str(address)
    found = allowed.allow(text, "erp.internal")
    if far is Reach.PUBLIC:
        assert found
    elif far is Reach.NOWHERE:
        assert not found
    elif far in {Reach.PRIVATE, Reach.LOOPBACK} and by_host:
        assert found
    elif far is Reach.METADATA and network.num_addresses > 1:
        assert not found
    elif address.version == 4:  # type: ignore[attr-defined]
        assert found is (address in network)
    assert allowed.allow(text) or not found or by_host
    assert found or not Addresses().allow(text)
