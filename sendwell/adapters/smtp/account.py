"""How to reach and enter one relay."""

import ssl
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

Tls = Literal["none", "starttls", "implicit"]


@dataclass(frozen=True, slots=True)
class Limits:
    """How many connections at most, and how long things may take."""

    connections: int = 8
    mail: timedelta = timedelta(seconds=60)
    """From `deliver` to the answer to the final dot, waiting for a connection included."""
    opening: timedelta = timedelta(seconds=20)
    """From the dial to the last answer before the first mail."""
    idle: timedelta = timedelta(seconds=60)
    """How long a connection without work is kept."""


@dataclass(frozen=True, slots=True)
class Account:
    """One account at one relay.

    With `starttls` and `implicit` nothing but EHLO and STARTTLS is ever said in the clear: a relay
    that does not offer TLS, or whose certificate is not for `host`, gets no mail.
    """

    host: str
    port: int
    tls: Tls = "starttls"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    context: ssl.SSLContext | None = None
    """Whom to trust; None: the system's authorities."""
    limits: Limits = Limits()
