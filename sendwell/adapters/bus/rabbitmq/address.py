"""Where the broker is, who asks, and whom an encrypted connection trusts."""

import ssl
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit, urlunsplit

from sendwell.domain.errors import Invalid

_HEARTBEAT_SECONDS = 10
"""A peer that has said nothing for three of them is taken for dead."""
_PORTS = {"amqp": 5672, "amqps": 5671}
_AUTHORITY = {"ca", "cafile"}
_FORM = "amqp://user:password@host:port/vhost, or amqps://…?ca=/path for TLS"


@dataclass(frozen=True, slots=True)
class Address:
    """`url` is for the driver alone, as it holds the password; `name` may be shown."""

    url: str = field(repr=False)
    host: str
    port: int
    name: str
    tls: ssl.SSLContext | None


def parse(url: str) -> Address:
    """The address that is meant. Raises Invalid, never repeating the URL, for it has a password."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or _PORTS.get(parts.scheme)
    except ValueError as error:
        raise Invalid(f"RabbitMQ's address can't be read. It looks like {_FORM}.") from error
    if parts.scheme not in _PORTS or not host or not port:
        raise Invalid(f"RabbitMQ's address looks like {_FORM}.")
    vhost = unquote(parts.path[1:]) or "/"
    return Address(
        url=urlunsplit(parts._replace(query=f"heartbeat={_HEARTBEAT_SECONDS}", fragment="")),
        host=host,
        port=port,
        name=f"{host}:{port}" if vhost == "/" else f"{host}:{port}/{vhost}",
        tls=_context(parts.query, is_encrypted=parts.scheme == "amqps"),
    )


def _context(query: str, *, is_encrypted: bool) -> ssl.SSLContext | None:
    """What verifies the broker's certificate and name: by one authority, or by the system's."""
    options = parse_qs(query, keep_blank_values=True)
    if unknown := options.keys() - _AUTHORITY:
        raise Invalid(f"RabbitMQ's address has no option {min(unknown)!r}; only `ca` is known.")
    if not is_encrypted:
        if options:
            raise Invalid("RabbitMQ's address names an authority, but amqp: is not encrypted.")
        return None
    authority = next((value for (value, *_) in options.values()), None)
    try:
        return ssl.create_default_context(cafile=authority)
    except OSError as error:
        raise Invalid(f"The authority {authority} can't be read: {error}.") from error
