"""Sending mails over one open connection, one round trip each."""

from collections.abc import Callable
from time import monotonic
from typing import Protocol

from sendwell.adapters.smtp.capabilities import Capabilities
from sendwell.adapters.smtp.faults import TOO_LARGE, broken
from sendwell.adapters.smtp.mail import OutgoingMail, stuffed
from sendwell.adapters.smtp.verdict import Stage, accepted, judge
from sendwell.adapters.smtp.wire import DONE, GO_ON, ProtocolError, Reply, Wire
from sendwell.domain.outcome import Blame, Deferred, Fault, Refused, Unknown

_SERVICE_CLOSING = 421


class Source(Protocol):
    """Where a connection gets its mails from."""

    def next_mail(self) -> OutgoingMail | None:
        """The next mail that waits for a connection."""
        ...

    def hand_back(self, mail: OutgoingMail) -> None:
        """Let another connection have this mail; it was certainly not taken."""
        ...

    def rest(self, connection: "Connection") -> None:
        """Nothing waits: keep this connection for later."""
        ...

    def lost(self, connection: "Connection") -> None:
        """The connection is closed."""
        ...


class Connection:
    """A connection that is ready for mails and fetches them itself.

    Where the relay offers PIPELINING (RFC 2920), MAIL, RCPT and DATA go out together, and those of
    the next mail right behind the message of this one. So two mails are under way at most: `_sent`,
    whose final dot waits for its answer, and `_current`, whose commands do. Without PIPELINING each
    command waits for the answer to the one before. `_on` takes the next reply.
    """

    def __init__(
        self, wire: Wire, capabilities: Capabilities, source: Source, *, answer_seconds: float
    ) -> None:
        self._wire = wire
        self._capabilities = capabilities
        self._source = source
        self._answer_seconds = answer_seconds
        self._sent: OutgoingMail | None = None
        self._current: OutgoingMail | None = None
        self._is_refused = False
        """The relay has refused `_current`."""
        self._needs_reset = False
        """A transaction was left half-way: the relay still holds its sender."""
        self._is_used = False
        """It has carried a mail or rested, so the relay may have had enough of it."""
        self._on: Callable[[OutgoingMail, Reply], None] = self._on_mail
        wire.listener = self

    @property
    def deadline(self) -> float | None:
        """When the next of its mails must be settled; None: it has none."""
        sent, current = self._sent, self._current
        if sent is None:
            return current.deadline if current else None
        if current is None or current.is_settled:
            return sent.deadline
        return min(sent.deadline, current.deadline)

    def fetch(self) -> None:
        """Begin with the next mail that waits, or rest."""
        mail = self._fitting()
        if mail is None:
            self._is_used = True
            self._source.rest(self)
        else:
            self._wire.write(self._begin(mail))

    def quit(self) -> None:
        """Leave politely; only for a connection that rests. Like other mailers, does not wait for
        the answer, which says nothing.
        """
        self._wire.write(b"QUIT\r\n")
        self._wire.hang_up()

    def run_out(self, now: float) -> None:
        """Settle what has run out of time, and with that drop the connection, unless an earlier
        mail still has time for its answer.
        """
        late = TimeoutError("no answer in time")
        if self._sent and self._current and self._sent.deadline > now:
            self._current.settle(Deferred(broken(late)))
        else:
            self._wire.fail(late)

    def give_up(self) -> None:
        """Drop the connection with all that is under way on it."""
        self._wire.fail(ConnectionError("we are shutting down"))

    def replied(self, reply: Reply) -> None:
        mail = self._sent or self._current
        if reply.code == _SERVICE_CLOSING:
            self._close_with(reply)
        elif mail is None:
            self._wire.fail(ProtocolError(f"it said {reply.code} without being asked"))
        elif reply.code in (DONE if self._on == self._on_data else GO_ON):
            # Questions and answers are out of step, and whose answer is whose, nobody knows.
            self._wire.fail(ProtocolError(f"it said {reply.code} to the wrong question"))
        else:
            self._on(mail, reply)

    def ended(self, error: OSError) -> None:
        fault = broken(error)
        if self._sent:
            self._sent.settle(Unknown(fault))
        self._part_with_mails(Deferred(fault))
        self._source.lost(self)

    def _fitting(self) -> OutgoingMail | None:
        """The next mail that is not larger than the relay takes; larger ones are refused here."""
        limit = self._capabilities.size_limit
        while mail := self._source.next_mail():
            if not limit or len(mail.envelope.message) <= limit:
                return mail
            text = f"The relay takes messages of at most {limit} bytes."
            mail.settle(Refused(Fault(TOO_LARGE, text, Blame.CONTENT)))
        return None

    def _begin(self, mail: OutgoingMail) -> bytes:
        """Make it the current one; gives what can be said before the first answer."""
        self._current = mail
        self._is_refused = False
        self._on = self._on_reset if self._needs_reset else self._on_mail
        start = "RSET\r\n" if self._needs_reset else ""
        if self._capabilities.is_pipelining:
            return f"{start}{self._mail(mail)}{_rcpt(mail)}DATA\r\n".encode()
        return (start or self._mail(mail)).encode()

    def _mail(self, mail: OutgoingMail) -> str:
        size = f" SIZE={len(mail.envelope.message)}" if self._capabilities.is_sized else ""
        return f"MAIL FROM:<{mail.envelope.sender}>{size}\r\n"

    def _on_reset(self, mail: OutgoingMail, _: Reply) -> None:
        self._needs_reset = False
        self._on = self._on_mail
        self._go_on(self._mail(mail))

    def _on_mail(self, mail: OutgoingMail, reply: Reply) -> None:
        self._on = self._on_rcpt
        if reply.code not in DONE:
            self._refuse(mail, judge(reply, Stage.MAIL))
        self._go_on(_rcpt(mail))

    def _on_rcpt(self, mail: OutgoingMail, reply: Reply) -> None:
        self._on = self._on_data
        if reply.code not in DONE:
            self._refuse(mail, judge(reply, Stage.RCPT))
        self._go_on("DATA\r\n")

    def _on_data(self, mail: OutgoingMail, reply: Reply) -> None:
        if reply.code not in GO_ON:
            self._refuse(mail, judge(reply, Stage.MESSAGE))
            self._abandon()
        elif self._is_refused:
            # It refused the only recipient and wants a message all the same: RFC 2920 section 3.1
            # asks for one without a line.
            self._send(mail, b".\r\n")
        elif mail.is_settled:
            # Nobody waits for it any more, and only a message or the end leads out of DATA.
            self._wire.fail(TimeoutError("asked for the message too late"))
        else:
            self._send(mail, stuffed(mail.envelope.message))

    def _on_final(self, mail: OutgoingMail, reply: Reply) -> None:
        mail.settle(accepted(reply) if reply.code in DONE else judge(reply, Stage.MESSAGE))
        self._sent = None
        self._is_used = True
        self._on = self._on_mail
        if self._current is None:
            self.fetch()

    def _refuse(self, mail: OutgoingMail, outcome: Deferred | Refused) -> None:
        """Settle it; the answers to its further commands change nothing."""
        mail.settle(outcome)
        self._is_refused = True

    def _go_on(self, command: str) -> None:
        """Say the next thing, unless it was said already or has become pointless."""
        if self._capabilities.is_pipelining:
            return
        if self._is_refused:
            self._abandon()
        else:
            self._wire.write(command.encode())

    def _abandon(self) -> None:
        """Leave a transaction half-way and fetch the next mail."""
        self._current = None
        self._needs_reset = True
        self._is_used = True
        self.fetch()

    def _send(self, mail: OutgoingMail, data: bytes) -> None:
        """Write the message up to its final dot, and right behind it the next mail's commands."""
        self._sent, self._current = mail, None
        mail.deadline = monotonic() + self._answer_seconds
        if self._capabilities.is_pipelining and (following := self._fitting()):
            data += self._begin(following)
        self._on = self._on_final
        self._wire.write(data)

    def _close_with(self, reply: Reply) -> None:
        """The relay closes the connection (421), instead of an answer or out of the blue.

        In the place of the answer to the final dot it means that the mail was not taken.
        """
        self._wire.hang_up()
        outcome = judge(reply, Stage.MESSAGE)
        if self._sent:
            self._sent.settle(outcome)
        self._part_with_mails(outcome)

    def _part_with_mails(self, outcome: Deferred | Refused) -> None:
        """Leave the mail whose message was not sent to another connection, or give it `outcome`.

        A relay closes connections that are old or have carried many mails. A mail that happened to
        be under way on one gets one more chance.
        """
        mail, self._sent, self._current = self._current, None, None
        if mail and self._is_used and not mail.has_been_handed_back:
            mail.has_been_handed_back = True
            self._source.hand_back(mail)
        elif mail:
            mail.settle(outcome)


def _rcpt(mail: OutgoingMail) -> str:
    return f"RCPT TO:<{mail.envelope.recipient}>\r\n"
