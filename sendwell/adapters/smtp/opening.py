"""Opening a connection: dial, greeting, EHLO, TLS, AUTH.

Whatever goes wrong here says nothing about the mails that wait, so it is `Deferred`, also where the
relay answered 5xx (a greeting of 554 means "not you" or "not now"). The exception is a refused
AUTH: those credentials will not get better by waiting, so the next provider should be asked.
"""

import asyncio
import ssl

from sendwell.adapters.smtp.account import Account
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
from sendwell.adapters.smtp.verdict import told
from sendwell.adapters.smtp.wire import FAREWELL, ProtocolError, Reply, Wire
from sendwell.domain.outcome import Blame, Deferred

_DONE = 2


async def open_wire(account: Account) -> tuple[Wire, Capabilities]:
    """A connection on which mails may be sent, and what the relay offers on it.

    Raises OpeningError, with the outcome for the mails that wait; the connection is closed then.
    """
    try:
        async with asyncio.timeout(account.limits.opening.total_seconds()):
            return await _open(account)
    except ssl.SSLCertVerificationError as error:
        text = f"The relay's certificate is not valid for {account.host}: {error.verify_message}"
        raise cannot(CERTIFICATE, text, Blame.ACCOUNT) from error
    except ssl.SSLError as error:
        raise cannot(TLS_FAILED, f"TLS with the relay failed: {error.reason}") from error
    except (ProtocolError, TimeoutError) as error:
        raise OpeningError(Deferred(broken(error))) from error
    except (OSError, UnicodeError) as error:
        raise cannot(UNREACHABLE, f"No connection to the relay came about: {error}") from error


async def _open(account: Account) -> tuple[Wire, Capabilities]:
    dialogue = Dialogue()
    await _dial(account, dialogue)
    try:
        capabilities = await _enter(account, dialogue)
        dialogue.wire.refuse_leftovers()
    except BaseException:
        dialogue.wire.fail(ConnectionError("given up while it was opened"))
        raise
    return dialogue.wire, capabilities


async def _dial(account: Account, dialogue: Dialogue) -> None:
    context = _context(account) if account.tls == "implicit" else None
    await asyncio.get_running_loop().create_connection(
        lambda: dialogue.wire,
        account.host,
        account.port,
        ssl=context,
        server_hostname=account.host if context else None,
        ssl_shutdown_timeout=FAREWELL if context else None,
    )


def _context(account: Account) -> ssl.SSLContext:
    """Verifies certificate and host name, unless the account brought a context that does not."""
    return account.context or ssl.create_default_context()


async def _enter(account: Account, dialogue: Dialogue) -> Capabilities:
    _expect_done(await dialogue.greeting())
    capabilities = await _hello(dialogue)
    if account.tls == "starttls":
        capabilities = await _secure(account, dialogue, capabilities)
    if account.username is not None:
        secrets = Secrets(account.username, account.password or "")
        await authenticate(dialogue, capabilities, secrets)
    return capabilities


async def _hello(dialogue: Dialogue) -> Capabilities:
    """Introduce ourselves by address literal: the one name that is true behind every NAT."""
    name = _literal(dialogue.wire.transport.get_extra_info("sockname")[0])
    reply = await dialogue.ask(b"EHLO " + name)
    if reply.kind == _DONE:
        return Capabilities.parse(reply)
    _expect_done(await dialogue.ask(b"HELO " + name))
    return Capabilities()


def _literal(host: str) -> bytes:
    """RFC 5321 section 4.1.3."""
    return f"[IPv6:{host.partition('%')[0]}]".encode() if ":" in host else f"[{host}]".encode()


async def _secure(account: Account, dialogue: Dialogue, capabilities: Capabilities) -> Capabilities:
    """Go over to TLS (RFC 3207) and forget all that was said before it.

    Bytes that came in the clear after the answer to STARTTLS were put there by somebody else; they
    end the connection instead of being taken for what the relay says under TLS.
    """
    if not capabilities.is_starttls:
        raise cannot(STARTTLS_MISSING, "The relay does not offer STARTTLS.", Blame.ACCOUNT)
    _expect_done(await dialogue.ask(b"STARTTLS"))
    dialogue.wire.refuse_leftovers()
    await dialogue.wire.secure(_context(account), account.host)
    return await _hello(dialogue)


def _expect_done(reply: Reply) -> None:
    if reply.kind != _DONE:
        raise cannot(str(reply.code), told(reply))
