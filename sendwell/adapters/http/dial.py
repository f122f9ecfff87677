"""From addresses to an open connection."""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from sendwell.adapters.addresses import dial_in_turn
from sendwell.adapters.http.fault import Code, Peer
from sendwell.adapters.http.policy import Policy
from sendwell.adapters.http.target import Origin
from sendwell.domain.outbound import Address
from sendwell.domain.outcome import Blame, Deferred, Fault, Refused

Dialled = TypeVar("Dialled", bound=asyncio.Protocol)


def default_tls() -> ssl.SSLContext:
    """Verifies certificates and host names against the machine's trust store; TLS 1.2 or later."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


async def addresses_of(
    origin: Origin, peer: Peer, *, policy: Policy, deadline: float
) -> Sequence[Address] | Deferred | Refused:
    """Where to dial; an outcome where the name is not known in time, or leads nowhere we may go."""
    try:
        async with asyncio.timeout_at(deadline):
            addresses = await policy.addresses(origin.host)
    except OSError:
        return Deferred(peer.fault(Code.DNS, "could not be resolved"))
    if not addresses:
        what = "has no address that requests may go to (see OUTBOUND_ALLOW)"
        # What this installation allows may change, and what a name leads to: the address stays.
        ours = replace(peer, blame=Blame.ACCOUNT)
        return Refused(ours.fault(Code.FORBIDDEN_ADDRESS, what))
    return addresses


async def dial(
    origin: Origin,
    addresses: Sequence[Address],
    *,
    tls: ssl.SSLContext | None,
    make: Callable[[], Dialled],
    deadline: float,
) -> Dialled:
    """A connection to exactly one of the addresses, the first that takes it.

    With TLS, the certificate must be the origin's, whatever the address is. Raises what the last
    address failed with: OSError, of which ssl.SSLError and TimeoutError are kinds.
    """

    async def connect(address: Address) -> Dialled:
        _, connection = await asyncio.get_running_loop().create_connection(
            make,
            str(address),
            origin.port,
            ssl=tls,
            server_hostname=origin.host.rstrip(".") if tls else None,
        )
        return connection

    return await dial_in_turn(addresses, connect, deadline=deadline)


_TROUBLES: tuple[tuple[type[OSError], Code, str], ...] = (
    (TimeoutError, Code.CONNECT_TIMEOUT, "did not take the connection in time"),
    (ConnectionRefusedError, Code.CONNECT_REFUSED, "refused the connection"),
    (OSError, Code.UNREACHABLE, "could not be reached"),
)


def trouble(error: OSError, peer: Peer) -> Fault:
    """Why there is no connection, in our words."""
    if isinstance(error, ssl.SSLError):
        why = getattr(error, "verify_message", None) or error.reason or "broken off"
        return peer.fault(Code.TLS, f"failed the TLS handshake: {why.rstrip('.')}")
    return next(peer.fault(code, what) for kind, code, what in _TROUBLES if isinstance(error, kind))
