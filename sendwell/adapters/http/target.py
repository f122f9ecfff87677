"""Where a request goes: a URL, taken apart strictly."""

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address
from typing import NamedTuple

from sendwell.domain.errors import Invalid
from sendwell.domain.idn import ascii_name

_URL = re.compile(
    r"(?P<scheme>https?)://(?P<authority>[^/?#]*)(?P<path>[^#]*)(#.*)?", re.IGNORECASE
)
_AUTHORITY = re.compile(
    r"(\[(?P<v6>[0-9a-f:.]+)\]|(?P<name>[^\[\]:@]+))(:(?P<port>[0-9]{0,5}))?", re.IGNORECASE
)
_NAME = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?")
_UNSAFE = re.compile(r"[\x00-\x20\x7f]")
_LONGEST_URL = 8192
_LONGEST_NAME = 253
_PORTS = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """What connections are kept by. `host` is an ASCII name or an address without brackets."""

    scheme: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Target:
    """An origin and what of a request's head depends on the URL alone."""

    origin: Origin
    preamble: str
    """The rest of the request line, and the fields that all requests have."""


@lru_cache(maxsize=1024)
def locate(url: str) -> Target:
    """The target of an `http` or `https` URL; a fragment is left out.

    Raises Invalid for everything else, and for user information, spaces, control characters and
    non-ASCII characters outside the host. International host names are encoded by IDNA 2008.
    The standard library's `urlsplit` is not used: it drops tabs, line ends and what follows a
    bracket instead of refusing them.
    """
    if len(url) > _LONGEST_URL or _UNSAFE.search(url):
        raise _malformed("is too long or holds a space or a control character")
    parts = _URL.fullmatch(url)
    authority = parts and _AUTHORITY.fullmatch(parts["authority"])
    if not parts or not authority:
        raise _malformed("is no http or https URL with a host and without user information")
    if not parts["path"].isascii():
        raise _malformed("holds characters that must be percent-encoded")

    scheme = parts["scheme"].lower()
    host = _ip_literal(authority["v6"]) if authority["v6"] else _name(authority["name"])
    origin = Origin(scheme, host, _port(authority["port"], scheme))
    return Target(origin, _preamble(origin, parts["path"]))


def _malformed(why: str) -> Invalid:
    return Invalid(f"The URL {why}.")


def _ip_literal(text: str) -> str:
    try:
        return str(IPv6Address(text))
    except AddressValueError:
        raise _malformed("has brackets without an IPv6 address") from None


def _name(text: str) -> str:
    name = text.lower() if text.isascii() else ascii_name(text)
    if not name or len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
        raise _malformed("has a host that is no host name")
    return name


def _port(text: str | None, scheme: str) -> int:
    port = int(text) if text else _PORTS[scheme]
    if not 0 < port < 1 << 16:
        raise _malformed("has no possible port")
    return port


def _preamble(origin: Origin, path: str) -> str:
    scheme, host, port = origin
    path = path if path.startswith("/") else f"/{path}"
    name = f"[{host}]" if ":" in host else host
    authority = name if port == _PORTS[scheme] else f"{name}:{port}"
    return f"{path} HTTP/1.1\r\nhost: {authority}\r\naccept-encoding: identity\r\n"
