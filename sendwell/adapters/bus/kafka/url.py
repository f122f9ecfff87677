"""Which cluster, and how to get in: all of it in one URL."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from sendwell.domain.errors import Invalid

PORT = 9092
_SERVER = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[\w.-]+)(:\d{1,5})?", re.ASCII)
_MECHANISMS = ("SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN")
_FILES = {
    "ca": "ssl.ca.location",
    "certificate": "ssl.certificate.location",
    "key": "ssl.key.location",
}


@dataclass(frozen=True, slots=True)
class KafkaUrl:
    """A cluster, and the topics that are made in it.

        kafka://host[:9092][,host…]                     in the clear, for a network of one's own
        kafka+ssl://user:password@host:port[,host…]     encrypted, and with a name

    After `?`, all optional:

    - `sasl`: how the password is shown: SCRAM-SHA-512 (the default), SCRAM-SHA-256 or PLAIN.
    - `ca`, `certificate`, `key`: PEM files. The authority that signed the brokers' certificates
      (else those that the system trusts), and our own certificate where the brokers ask for one.
    - `security=ssl`: the same as the scheme `kafka+ssl`.
    - `partitions` of a topic that we make, 12 unless said. They bound how many members of a group
      can work at once, and adding some later breaks the order per key, so there are more than one
      begins with; 12 is shared evenly by 2, 3, 4, 6 and 12 members.
    - `replication` of a topic that we make: unless said, 3 or, when there are fewer brokers, one on
      each.

    Special characters in user and password are written as %XX.
    """

    servers: tuple[str, ...]
    is_encrypted: bool = False
    user: str = ""
    password: str = field(default="", repr=False)
    sasl: str = _MECHANISMS[0]
    files: Mapping[str, str] = field(default_factory=dict)
    partitions: int = 12
    replication: int | None = None

    @classmethod
    def parse(cls, url: str) -> Self:
        """Raises Invalid, without quoting what might be a password."""
        parts = urlsplit(url)
        if parts.scheme not in {"kafka", "kafka+ssl"}:
            raise Invalid("A Kafka URL begins with kafka:// or kafka+ssl://.")
        identity, _, hosts = parts.netloc.rpartition("@")
        user, _, password = identity.partition(":")
        plain = cls(
            servers=tuple(_server(host) for host in hosts.split(",")),
            is_encrypted=parts.scheme == "kafka+ssl",
            user=unquote(user),
            password=unquote(password),
        )
        return plain._with(dict(parse_qsl(parts.query, keep_blank_values=True)))

    def client(self) -> dict[str, Any]:
        """What every client of librdkafka is told, by its names."""
        settings: dict[str, Any] = {
            "bootstrap.servers": ",".join(self.servers),
            "security.protocol": self._protocol(),
            "client.id": "sendwell",
            "socket.keepalive.enable": True,
            "reconnect.backoff.max.ms": 1_000,
            "log_level": 2,  # the rest comes to us as errors
        }
        settings |= {_FILES[name]: path for name, path in self.files.items()}
        if self.user:
            settings |= {
                "sasl.mechanism": self.sasl,
                "sasl.username": self.user,
                "sasl.password": self.password,
            }
        return settings

    def _protocol(self) -> str:
        transport = "SSL" if self.is_encrypted else "PLAINTEXT"
        return f"SASL_{transport}" if self.user else transport

    def _with(self, options: Mapping[str, str]) -> Self:
        made = self
        for name, value in options.items():
            match name:
                case "security" if value == "ssl":
                    made = replace(made, is_encrypted=True)
                case "sasl" if value in _MECHANISMS:
                    made = replace(made, sasl=value)
                case "partitions":
                    made = replace(made, partitions=_count(name, value))
                case "replication":
                    made = replace(made, replication=_count(name, value))
                case _ if name in _FILES:
                    made = replace(made, files={**made.files, name: value})
                case _:
                    raise Invalid(f"A Kafka URL has no option {name}={value}.")
        return made


def _server(host: str) -> str:
    found = _SERVER.fullmatch(host)
    if not found:
        raise Invalid("A Kafka URL names at least one broker: kafka://host:port,host:port.")
    return host if found[2] else f"{host}:{PORT}"


def _count(name: str, value: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,4}", value, re.ASCII):
        raise Invalid(f"A Kafka URL's {name} is a number above 0, not {value}.")
    return int(value)
