"""Clients, relays and mails for the tests of the SMTP port."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import trustme

from sendwell.adapters.smtp import Limits, SmtpClient
from sendwell.domain.outcome import Blame, Deferred, Outcome, Refused, Unknown
from sendwell.ports.smtp import Envelope

AUTHORITY = trustme.CA()


@dataclass(frozen=True)
class LocalRelay:
    """Where a test's server is."""

    port: int
    host: str = "127.0.0.1"
    username: str | None = None
    password: str | None = None
    tls: str = "none"


def a_mail(
    recipient: str = "zoe@example.org", message: bytes = b"Subject: x\r\n\r\nx\r\n"
) -> Envelope:
    return Envelope("shop@example.com", recipient, message)


@asynccontextmanager
async def a_client(
    relay: LocalRelay,
    *,
    connections: int = 1,
    mail: float = 5.0,
    answer: float = 60.0,
    opening: float = 5.0,
    idle: float = 60.0,
    closing: float = 60.0,
    trusting: trustme.CA = AUTHORITY,
) -> AsyncIterator[SmtpClient]:
    """A client that trusts the tests' authority; times are seconds. Closed in the end."""
    limits = Limits(
        connections=connections,
        mail=timedelta(seconds=mail),
        answer=timedelta(seconds=answer),
        opening=timedelta(seconds=opening),
        idle=timedelta(seconds=idle),
        closing=timedelta(seconds=closing),
    )
    client = SmtpClient(relay, limits=limits, tls=trusted(trusting))
    yield client
    await client.close()


def trusted(authority: trustme.CA) -> ssl.SSLContext:
    """Verifies certificate and host name, by this authority alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    return context


def certified(*names: str) -> ssl.SSLContext:
    """A server that proves to be these names."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    AUTHORITY.issue_cert(*names).configure_cert(context)
    return context


def fault_of(outcome: Outcome) -> tuple[type[Outcome], str, Blame]:
    """What went wrong, in short."""
    assert isinstance(outcome, Deferred | Refused | Unknown)
    return type(outcome), outcome.fault.code, outcome.fault.blame
