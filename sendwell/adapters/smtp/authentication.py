"""AUTH (RFC 4954) by PLAIN (RFC 4616) or LOGIN, never where somebody could listen."""

from base64 import b64encode
from ipaddress import ip_address
from typing import NamedTuple

from sendwell.adapters.smtp.capabilities import Capabilities
from sendwell.adapters.smtp.dialogue import Dialogue
from sendwell.adapters.smtp.faults import AUTH_IN_THE_CLEAR, AUTH_MISSING, OpeningError, cannot
from sendwell.adapters.smtp.verdict import Stage, judge
from sendwell.adapters.smtp.wire import DONE, GO_ON, Reply, Wire
from sendwell.domain.outcome import Blame


class Secrets(NamedTuple):
    """What an account is entered with."""

    username: str
    password: str


async def authenticate(dialogue: Dialogue, capabilities: Capabilities, secrets: Secrets) -> None:
    """The relay knows who we are. Raises OpeningError when it refuses or asking is not safe."""
    if not _is_private(dialogue.wire):
        raise cannot(
            AUTH_IN_THE_CLEAR,
            "Credentials are sent only over TLS or to this machine: set tls to starttls.",
            Blame.ACCOUNT,
        )
    reply = await _exchange(dialogue, capabilities.mechanisms, secrets)
    if reply.code not in DONE:
        raise OpeningError(judge(reply, Stage.AUTH))


async def _exchange(dialogue: Dialogue, mechanisms: frozenset[str], secrets: Secrets) -> Reply:
    if "PLAIN" in mechanisms:
        token = b64encode(f"\0{secrets.username}\0{secrets.password}".encode())
        return await dialogue.ask(b"AUTH PLAIN " + token)
    if "LOGIN" not in mechanisms:
        raise cannot(AUTH_MISSING, "The relay offers neither AUTH PLAIN nor LOGIN.", Blame.ACCOUNT)
    reply = await dialogue.ask(b"AUTH LOGIN")
    for secret in secrets:
        if reply.code in GO_ON:
            reply = await dialogue.ask(b64encode(secret.encode()))
    return reply


def _is_private(wire: Wire) -> bool:
    """Whether what is said stays between the two ends: TLS, or the loopback interface."""
    if wire.transport.get_extra_info("ssl_object") is not None:
        return True
    host = wire.transport.get_extra_info("peername")[0]
    return ip_address(host.partition("%")[0]).is_loopback
