from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.errors import Invalid
from sendwell.domain.outbound import Allowed, is_public, literal, permitted

NOTHING = Allowed()
PUBLIC = ip_address("93.184.216.34")
PRIVATE = ip_address("10.0.0.1")

CLOSED = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "168.63.129.16/32",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/128",
    "::1/128",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/32",
    "2001:10::/28",
    "2001:20::/28",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
]

PUBLIC_ADDRESSES = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.216.34",
    "100.63.255.255",
    "100.128.0.0",
    "168.63.129.15",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2a00:1450:4001:82b::200e",
    "2001:200::1",
]


@pytest.mark.parametrize("block", CLOSED)
def test_no_address_of_a_closed_block_is_public(block: str) -> None:
    network = IPv6Network(block) if ":" in block else IPv4Network(block)

    assert not is_public(network[0])
    assert not is_public(network[-1])
    assert not is_public(network[network.num_addresses // 2])


@pytest.mark.parametrize("text", PUBLIC_ADDRESSES)
def test_ordinary_addresses_and_the_neighbours_of_closed_blocks_are_public(text: str) -> None:
    assert is_public(ip_address(text))


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_inside_an_ipv6_one_decides(address: IPv4Address) -> None:
    mapped = IPv6Address(f"::ffff:{address}")
    compatible = IPv6Address(int(address))

    assert is_public(mapped) == is_public(address)
    assert is_public(compatible) == is_public(address)


@given(st.ip_addresses())
def test_what_the_guard_opens_the_standard_library_calls_global_or_an_embedding(
    address: IPv4Address | IPv6Address,
) -> None:
    has_address_inside = isinstance(address, IPv6Address) and int(address) < 1 << 48

    assert not is_public(address) or address.is_global or has_address_inside


def test_a_link_local_address_with_a_zone_is_not_public() -> None:
    assert not is_public(ip_address("fe80::1%eth0"))


def test_of_mixed_answers_only_the_public_ones_are_permitted() -> None:
    answers = [PRIVATE, PUBLIC, ip_address("::1")]

    assert permitted("example.org", answers, NOTHING) == (PUBLIC,)


def test_of_private_answers_none_is_permitted() -> None:
    assert permitted("example.org", [PRIVATE, ip_address("::1")], NOTHING) == ()


@pytest.mark.parametrize(
    ("entry", "address"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("10.0.0.0/8", "10.0.0.1"),
        ("10.0.0.0/8", "::ffff:10.0.0.1"),
        ("::1", "::1"),
        ("[::1]", "::1"),
        ("fc00::/7", "fd12::1"),
        (" 192.168.0.0/16 , 10.0.0.0/8 ,", "10.0.0.1"),
    ],
)
def test_an_allowed_address_or_network_is_permitted(entry: str, address: str) -> None:
    allowed = Allowed.parse(entry)

    assert permitted("example.org", [ip_address(address)], allowed) == (ip_address(address),)


def test_an_allowed_network_opens_nothing_beside_it() -> None:
    allowed = Allowed.parse("10.0.0.0/8,fc00::/7")

    assert permitted("example.org", [ip_address("127.0.0.1"), ip_address("::1")], allowed) == ()


@pytest.mark.parametrize(
    ("entry", "host"),
    [
        ("localhost", "localhost"),
        ("localhost", "LOCALHOST."),
        ("Hooks.Internal.", "hooks.internal"),
        ("*.internal", "hooks.internal"),
        ("*.internal", "a.b.internal"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
    ],
)
def test_an_allowed_name_is_permitted_wherever_it_leads(entry: str, host: str) -> None:
    allowed = Allowed.parse(entry)

    assert permitted(host, [PRIVATE], allowed) == (PRIVATE,)


@pytest.mark.parametrize(
    ("entry", "host"),
    [
        ("localhost", "localhost.evil.example"),
        ("localhost", "notlocalhost"),
        ("*.internal", "internal"),
        ("*.internal", "evilinternal"),
        ("*.internal", "hooks.internal.evil.example"),
        ("", "anything.example"),
    ],
)
def test_a_name_that_only_resembles_an_allowed_one_is_not_permitted(entry: str, host: str) -> None:
    allowed = Allowed.parse(entry)

    assert permitted(host, [PRIVATE], allowed) == ()


@pytest.mark.parametrize(
    "entry",
    ["*", "*.", "*.*.example", "10.0.0.1/8", "10.0.0.0/33", "127.1", "2130706433", "0x7f.1",
     "a b", "http://host", "host:80", "-host", "host/", "bücher.example", "1.2.3.4.5", "ho\nst"],
)  # fmt: skip
def test_an_entry_that_is_nothing_of_these_is_refused_by_name(entry: str) -> None:
    with pytest.raises(Invalid, match="OUTBOUND_ALLOW"):
        Allowed.parse(f"localhost,{entry}")


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "0177.0.0.1", "example.org"])
def test_only_the_usual_form_is_taken_for_an_address(host: str) -> None:
    assert literal(host) is None


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_a_spelled_out_address_is_seen_as_one(host: str) -> None:
    address = literal(host)

    assert address is not None
    assert not is_public(address)
