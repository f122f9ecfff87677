"""Where requests to URLs of tenants, people or payloads may go.

The guard is asked about addresses, never about names or spellings: whatever a URL says (a name, a
decimal, octal or hexadecimal number), it is the address about to be dialled that must be public.
The standard library's `is_global` is not used: its answer has changed between Python's patch
releases, and it lets 6to4, Teredo and NAT64 through, which can carry a private address inside.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Self

from sendwell.domain.errors import Invalid

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_CLOSED_V4 = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",  # this host (RFC 1122)
        "10.0.0.0/8",  # private (RFC 1918)
        "100.64.0.0/10",  # behind a carrier's NAT (RFC 6598)
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # public in form, but inside Azure it is the machine's own host
        "169.254.0.0/16",  # link-local; the clouds' metadata services
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments (RFC 6890)
        "192.0.2.0/24",  # documentation (RFC 5737)
        "192.88.99.0/24",  # 6to4 relays (RFC 7526)
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarking (RFC 2544)
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # class E and broadcast
    )
)

_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All that is assigned for the public (RFC 4291). Outside it lie loopback, unique local fc00::/7,
link-local fe80::/10, site-local fec0::/10, multicast, NAT64 64:ff9b::/96 and 64:ff9b:1::/48,
discard 100::/64 and SRv6 5f00::/16."""

_CLOSED_V6 = tuple(
    IPv6Network(block)
    for block in (
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarking (RFC 2928)
        "2001:db8::/32",  # documentation (RFC 3849)
        "2002::/16",  # 6to4 (RFC 3056)
        "3fff::/20",  # documentation (RFC 9637)
    )
)

_V4_INSIDE = (IPv6Network("::ffff:0:0/96"), IPv6Network("::/96"))
"""IPv4-mapped and IPv4-compatible (RFC 4291, 2.5.5): what counts is the address inside."""


def is_public(address: Address) -> bool:
    """Whether anybody on the internet may be meant by it; in doubt, no."""
    address = _bare(address)
    if isinstance(address, IPv4Address):
        return not any(address in block for block in _CLOSED_V4)
    return address in _GLOBAL_UNICAST and not any(address in block for block in _CLOSED_V6)


def _bare(address: Address) -> Address:
    if isinstance(address, IPv6Address) and any(address in block for block in _V4_INSIDE):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(\*\.)?({_LABEL}\.)*(?![0-9]+$|0x[0-9a-f]*$){_LABEL}", re.ASCII)
"""A host name whose last label is no number: what ends in one is read as an IPv4 address."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What OUTBOUND_ALLOW opens in spite of the guard; nothing by default."""

    networks: tuple[Network, ...] = ()
    hosts: frozenset[str] = frozenset()
    suffixes: tuple[str, ...] = ()
    """`.example.org` stands for every name below example.org."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """What a comma-separated list of addresses, networks, host names and `*.suffix` opens.

        Names are compared as they stand in DNS: without case, international ones in their
        `xn--` form. Raises Invalid with the entry that is none of these.
        """
        entries = [entry for part in text.split(",") if (entry := part.strip().lower())]
        networks = {entry: network for entry in entries if (network := _network(entry))}
        names = [_name(entry) for entry in entries if entry not in networks]
        return cls(
            networks=tuple(networks.values()),
            hosts=frozenset(name for name in names if not name.startswith("*")),
            suffixes=tuple(name[1:] for name in names if name.startswith("*")),
        )

    def names(self, host: str) -> bool:
        """Whether the host name as such is allowed, wherever it leads."""
        host = host.lower().rstrip(".")
        return host in self.hosts or host.endswith(self.suffixes)

    def holds(self, address: Address) -> bool:
        """Whether the address, or the IPv4 address inside it, lies in an allowed network."""
        return any(
            form in network for form in (address, _bare(address)) for network in self.networks
        )


def _network(entry: str) -> Network | None:
    try:
        return ip_network(entry.strip("[]"))
    except ValueError:
        return None


def _name(entry: str) -> str:
    name = entry.rstrip(".")
    if not _NAME.fullmatch(name):
        raise Invalid(
            f"OUTBOUND_ALLOW: {entry!r} is no address, network (without host bits), host name"
            " or *.suffix."
        )
    return name


def permitted(host: str, addresses: Iterable[Address], allowed: Allowed) -> tuple[Address, ...]:
    """Those of a host's addresses that may be dialled, in the same order; perhaps none."""
    if allowed.names(host):
        return tuple(addresses)
    return tuple(address for address in addresses if is_public(address) or allowed.holds(address))


def literal(host: str) -> Address | None:
    """The address that a URL's host spells out in the usual form; None for names and the rest."""
    try:
        return ip_address(host)
    except ValueError:
        return None
