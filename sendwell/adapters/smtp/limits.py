"""How far an SMTP client goes."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Limits:
    """How many connections at most, and how long things may take."""

    connections: int = 8
    mail: timedelta = timedelta(seconds=60)
    """From `deliver` until the message is written: the wait for a connection, and the envelope."""
    answer: timedelta = timedelta(minutes=5)
    """From the message's final dot to its answer. Relays look into messages before they take them,
    and who gives up too early sends again what was taken: RFC 5321 section 4.5.3.2.6 names that
    reason for the 10 minutes it asks for. They are halved because a relay that has forgotten
    us holds up a connection and a delivery for as long.
    """
    opening: timedelta = timedelta(seconds=20)
    """From the dial to the last answer before the first mail."""
    idle: timedelta = timedelta(seconds=60)
    """How long a connection without work is kept."""
    closing: timedelta = timedelta(seconds=1)
    """How long `close` waits for mails in flight: the process has waited for them before."""

    @property
    def waiting(self) -> timedelta:
        """How long a mail waits for a connection: a quarter of its time is left for its envelope,
        behind the mail before it. With less, it would cost the connection.
        """
        return self.mail * 3 / 4
