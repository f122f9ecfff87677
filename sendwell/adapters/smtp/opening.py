"""Opening a connection: dial, greeting, EHLO, TLS, AUTH.

Whatever goes wrong here says nothing about the mails that wait, so it is `Deferred`, also where the
relay answered 5xx (a greeting of 554 means "not you" or "not now"). The exception is a refused
AUTH: those credentials will not get better by waiting, so the next provider should be asked.
"""

import asyncio
import ssl
from datetime import timedelta
from functools import cache, partial

from sendwell.adapters.addresses import ask_system, dial_in_turn
from sendwell.adapters.smtp.authentication import Secrets, authenticate
from sendwell.adapters.smtp.capabilities import Capabilities
from sendwell.adapters.smtp.dialogue import Dialogue
from sendwell.adapters.smtp.faults import (
    CERTIFICATE,
    STARTTLS_MISSING,
    TLS_FAILED,
    UNREACHABLE,
    OpeningError,
    broken,
    cannot,
)
from sendwell.adapters.smtp.verdict import fault
from sendwell.adapters.smtp.wire import DONE, FAREWELL, ProtocolError, Reply, Wire
from sendwell.domain.outbound import Address
from sendwell.domain.outcome import Blame, Deferred
from sendwell.ports.vendor import Relay


async def open_wire(
    relay: Relay, *, within: timedelta, tls: ssl.SSLContext | None
) -> tuple[Wire, Capabilities]:
    """A connection on which mails may be sent, and what the relay offers on it.

    `tls` says whom to trust; None: the system's authorities. With `starttls` and `implicit` only
    EHLO and STARTTLS are said in the clear: a relay that does not offer TLS, or whose certificate
    is not for `relay.host`, gets no mail.

    Raises OpeningError, with the outcome for the mails that wait; the connection is closed then.
    """
    try:
        deadline = asyncio.get_running_loop().time() + within.total_seconds()
        async with asyncio.timeout_at(deadline):
            return await _open(relay, tls, deadline)
    except ssl.SSLCertVerificationError as error:
        text = f"The relay's certificate is not valid for {relay.host}: {error.verify_message}"
        raise cannot(CERTIFICATE, text, Blame.ACCOUNT) from error
    except ssl.SSLError as error:
        raise cannot(TLS_FAILED, f"TLS with the relay failed: {error.reason}") from error
    except (ProtocolError, TimeoutError) as error:
        raise OpeningError(Deferred(broken(error))) from error
    except (OSError, UnicodeError) as error:
        raise cannot(UNREACHABLE, f"No connection to the relay came about: {error}") from error


@cache
def _system_authorities() -> ssl.SSLContext:
    """Verifies certificate and host name. Reading the authorities takes longer than a handshake."""
    return ssl.create_default_context()


async def _open(
    relay: Relay, tls: ssl.SSLContext | None, deadline: float
) -> tuple[Wire, Capabilities]:
    addresses = await ask_system(relay.host)
    dialogue = await dial_in_turn(addresses, partial(_dial, relay, tls), deadline=deadline)
    try:
        capabilities = await _enter(relay, tls, dialogue)
        dialogue.wire.refuse_leftovers()
    except BaseException:
        dialogue.wire.fail(ConnectionError("given up while it was opened"))
        raise
    return dialogue.wire, capabilities


async def _dial(relay: Relay, tls: ssl.SSLContext | None, address: Address) -> Dialogue:
    dialogue = Dialogue()
    is_implicit = relay.tls == "implicit"
    await asyncio.get_running_loop().create_connection(
        lambda: dialogue.wire,
        str(address),
        relay.port,
        ssl=(tls or _system_authorities()) if is_implicit else None,
        server_hostname=relay.host if is_implicit else None,
        ssl_shutdown_timeout=FAREWELL if is_implicit else None,
    )
    return dialogue


async def _enter(relay: Relay, tls: ssl.SSLContext | None, dialogue: Dialogue) -> Capabilities:
    _expect_done(await dialogue.greeting())
    capabilities = await _hello(dialogue)
    if relay.tls == "starttls":
        if not capabilities.is_starttls:
            raise cannot(STARTTLS_MISSING, "The relay does not offer STARTTLS.", Blame.ACCOUNT)
        capabilities = await _secure(dialogue, tls or _system_authorities(), relay.host)
    if relay.username is not None:
        secrets = Secrets(relay.username, relay.password or "")
        await authenticate(dialogue, capabilities, secrets)
    return capabilities


async def _hello(dialogue: Dialogue) -> Capabilities:
    """Introduce ourselves by address literal: the one name that is true behind every NAT."""
    name = _literal(dialogue.wire.transport.get_extra_info("sockname")[0])
    reply = await dialogue.ask(b"EHLO " + name)
    if reply.code in DONE:
        return Capabilities.parse(reply)
    _expect_done(await dialogue.ask(b"HELO " + name))
    return Capabilities()


def _literal(host: str) -> bytes:
    """RFC 5321 section 4.1.3."""
    return f"[IPv6:{host.partition('%')[0]}]".encode() if ":" in host else f"[{host}]".encode()


async def _secure(dialogue: Dialogue, tls: ssl.SSLContext, host: str) -> Capabilities:
    """Go over to TLS (RFC 3207) and forget all that was said before it.

    Bytes that came in the clear after the answer to STARTTLS were put there by somebody else; they
    end the connection instead of being taken for what the relay says under TLS.
    """
    _expect_done(await dialogue.ask(b"STARTTLS"))
    dialogue.wire.refuse_leftovers()
    await dialogue.wire.secure(tls, host)
    return await _hello(dialogue)


def _expect_done(reply: Reply) -> None:
    if reply.code not in DONE:
        raise OpeningError(Deferred(fault(reply, Blame.PROVIDER)))
