"""What can go wrong before and around a mail, in our own words."""

from sendwell.adapters.smtp.wire import ProtocolError
from sendwell.domain.outcome import Blame, Deferred, Fault, Refused

UNREACHABLE = "smtp.unreachable"
UNRESPONSIVE = "smtp.timeout"
BROKEN = "smtp.connection_lost"
VIOLATED = "smtp.protocol"
CERTIFICATE = "smtp.certificate"
TLS_FAILED = "smtp.tls_failed"
STARTTLS_MISSING = "smtp.starttls_missing"
AUTH_MISSING = "smtp.auth_missing"
AUTH_IN_THE_CLEAR = "smtp.auth_needs_tls"
TOO_LARGE = "smtp.too_large"
BAD_ADDRESS = "smtp.bad_address"
CLOSED = "smtp.closed"


def broken(error: OSError) -> Fault:
    """Why a connection ended."""
    if isinstance(error, ProtocolError):
        return Fault(VIOLATED, f"The relay broke the protocol: {error}.")
    if isinstance(error, TimeoutError):
        return Fault(UNRESPONSIVE, "The relay did not answer in time.")
    return Fault(BROKEN, f"The connection broke: {error}.")


class OpeningError(Exception):
    """No connection came about; `outcome` is what that means for the mails that wait for it."""

    def __init__(self, outcome: Deferred | Refused) -> None:
        super().__init__(outcome.fault.text)
        self.outcome = outcome


def cannot(code: str, text: str, blame: Blame = Blame.PROVIDER) -> OpeningError:
    """The error for a connection that may come about later."""
    return OpeningError(Deferred(Fault(code, text, blame)))
