"""Where a Cassandra is and how it is used, as its URL says."""

import ssl
from dataclasses import dataclass
from datetime import timedelta
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

from sendwell.domain.errors import Invalid

_PORT = 9042
_KEYSPACE = "sendwell"
_OPTIONS = {"ca", "tls", "ttl_days", "replication", "datacenter"}


@dataclass(frozen=True, slots=True)
class Place:
    """`cassandra://user:password@host:9042,host/keyspace?…`, taken apart.

    Options: `ca` (a file; with it TLS), `tls=true`, `ttl_days` (400), and for a keyspace that is
    not there yet `replication` (1 copy) and `datacenter`.
    """

    hosts: tuple[tuple[str, int], ...]
    keyspace: str
    user: str | None
    password: str | None
    is_encrypted: bool
    authority: str | None
    keeps: timedelta
    copies: int
    datacenter: str | None

    @classmethod
    def parse(cls, url: str) -> Self:
        """The place. Raises Invalid, which never repeats a password."""
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query))
        if strange := options.keys() - _OPTIONS:
            raise Invalid(f"cassandra:// has no option {min(strange)!r}.")
        who, _, hosts = parts.netloc.rpartition("@")
        user, _, password = who.partition(":")
        keyspace = parts.path.strip("/") or _KEYSPACE
        if not (keyspace.isascii() and keyspace.replace("_", "").isalnum()):
            raise Invalid("A keyspace is named by letters, digits and _.")
        return cls(
            hosts=tuple(_host(host) for host in hosts.split(",")),
            keyspace=keyspace,
            user=unquote(user) or None,
            password=unquote(password) or None,
            is_encrypted="ca" in options or options.get("tls") == "true",
            authority=options.get("ca"),
            keeps=timedelta(days=_whole(options, "ttl_days", 400)),
            copies=_whole(options, "replication", 1),
            datacenter=options.get("datacenter"),
        )

    def encryption(self) -> ssl.SSLContext | None:
        """Certificates are checked, and so are the names in them. Raises OSError."""
        return ssl.create_default_context(cafile=self.authority) if self.is_encrypted else None


def _host(text: str) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    return parts.hostname or "localhost", parts.port or _PORT


def _whole(options: dict[str, str], name: str, otherwise: int) -> int:
    text = options.get(name, str(otherwise))
    if not text.isdecimal() or int(text) < 1:
        raise Invalid(f"{name} in cassandra:// is a whole number from 1.")
    return int(text)
