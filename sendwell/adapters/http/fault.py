"""Why an exchange came to nothing: the codes, and sentences that name no more than the host."""

from dataclasses import dataclass
from enum import StrEnum

from sendwell.domain.outcome import Blame, Fault


class Code(StrEnum):
    """Every fault code of the HTTP port.

    Those before the blank line mean: certainly not taken. Of the others the outcome says it:
    `Deferred` before the whole request was written, `Unknown` afterwards.
    """

    MALFORMED_REQUEST = "http.malformed_request"  # URL, method or header that is not allowed
    FORBIDDEN_ADDRESS = "http.forbidden_address"  # the guard permits none of the host's addresses
    DNS = "http.dns"  # no answer for the name, or none before the deadline
    CONNECT_REFUSED = "http.connect_refused"  # nobody listens there
    CONNECT_TIMEOUT = "http.connect_timeout"  # no connection, TLS included, before the deadline
    UNREACHABLE = "http.unreachable"  # no route, reset while connecting, no socket left
    TLS = "http.tls"  # handshake or certificate
    CROWDED = "http.crowded"  # all connections to the host were in use until the deadline
    CLOSING = "http.closing"  # we are stopping
    THROTTLED = "http.throttled"  # 429
    NOT_NOW = "http.not_now"  # 408, 425
    SERVER_ERROR = "http.server_error"  # 5xx but those of GATEWAY

    TIMEOUT = "http.timeout"  # no complete answer before the deadline
    BROKEN = "http.broken"  # the connection ended in the middle of the exchange
    GATEWAY = "http.gateway"  # 502, 504: who answers has handed it on, and does not know either
    BAD_ANSWER = "http.bad_answer"  # what came is not HTTP, or its head is too large


STOPPING = Fault(Code.CLOSING.value, "We are stopping.", Blame.US)


@dataclass(frozen=True, slots=True)
class Peer:
    """The other side: its host, and whom to blame when it does not do its part."""

    host: str
    blame: Blame

    def fault(self, code: Code, what: str) -> Fault:
        """The fault with the sentence "<host> <what>."; never a path, query or header."""
        return Fault(code.value, f"{self.host} {what}.", self.blame)
