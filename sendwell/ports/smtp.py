"""The one way out by SMTP."""

from dataclasses import dataclass
from typing import Protocol

from sendwell.domain.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Envelope:
    """One mail for one recipient: the SMTP envelope and the finished message (CRLF line ends)."""

    sender: str
    recipient: str
    message: bytes


class Smtp(Protocol):
    """A relay, reached over persistent connections."""

    async def deliver(self, envelope: Envelope) -> Outcome:
        """Hand one mail to the relay.

        Accepted carries the relay's queue id when it told one. 4xx answers are Deferred, 5xx are
        Refused (RFC 5321, with the enhanced code of RFC 3463 as fault code when given); the
        blame tells an address (x.1.x, x.2.x) from the content and the account (authentication).
        A connection that breaks before the final dot was written is Deferred, after it Unknown.
        """
        ...

    async def close(self) -> None:
        """QUIT idle connections and wait for mails in flight, for a moment: what is not settled
        then is Deferred before the final dot was written, after it Unknown.
        """
        ...
