"""One mail on its way to the relay."""

import asyncio
import re

from sendwell.adapters.smtp.faults import BAD_ADDRESS
from sendwell.domain.outcome import Blame, Fault, Outcome, Refused
from sendwell.ports.smtp import Envelope

_PATH = re.compile(r"[!-;=?-~]{1,254}")
_ANY_LINE_END = re.compile(rb"\r\n|\r|\n")


class OutgoingMail:
    """A mail with the promise of an outcome. Settled once; later outcomes change nothing.

    It is begun before `begin_by` or never. Until its message is written `deadline` is for that,
    from then on for the answer.
    """

    __slots__ = ("begin_by", "deadline", "envelope", "has_been_handed_back", "outcome")

    def __init__(
        self,
        envelope: Envelope,
        outcome: asyncio.Future[Outcome],
        *,
        begin_by: float,
        deadline: float,
    ) -> None:
        self.envelope = envelope
        self.outcome = outcome
        self.begin_by = begin_by
        self.deadline = deadline
        self.has_been_handed_back = False

    @property
    def is_settled(self) -> bool:
        """Whether nobody waits for its outcome any more: it is known, or the caller went away."""
        return self.outcome.done()

    def settle(self, outcome: Outcome) -> None:
        """Tell the caller, if it still waits."""
        if not self.outcome.done():
            self.outcome.set_result(outcome)


def flaw(envelope: Envelope) -> Refused | None:
    """Why this envelope may not be sent: an address that could end its command, or add to it.

    Printable ASCII without space and angle brackets; the sender may be empty (RFC 5321 4.5.5).
    """
    if not _PATH.fullmatch(envelope.recipient):
        return Refused(Fault(BAD_ADDRESS, "The recipient is no mail address.", Blame.ADDRESS))
    if envelope.sender and not _PATH.fullmatch(envelope.sender):
        return Refused(Fault(BAD_ADDRESS, "The sender is no mail address.", Blame.ACCOUNT))
    return None


def stuffed(message: bytes) -> bytes:
    """The message as DATA wants it (RFC 5321 4.5.2): CRLF line ends only, leading dots doubled,
    the final dot behind it.

    A bare CR or LF is a line end for some relays and not for others, which is how one mail is
    made into two (SMTP smuggling); so none is ever sent.
    """
    if not message.count(b"\r\n") == message.count(b"\n") == message.count(b"\r"):
        message = _ANY_LINE_END.sub(b"\r\n", message)
    message = message.replace(b"\r\n.", b"\r\n..")
    if message.startswith(b"."):
        message = b"." + message
    return message + (b".\r\n" if message.endswith(b"\r\n") else b"\r\n.\r\n")
