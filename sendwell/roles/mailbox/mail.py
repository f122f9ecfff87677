"""How a message of the e-mail channel looks on the wire: the bytes that a relay would have got."""

from dataclasses import dataclass
from email.parser import BytesHeaderParser
from email.policy import default
from email.utils import parseaddr

from sendwell.domain.errors import Invalid
from sendwell.domain.instant import instant_of
from sendwell.domain.mime import Mail, write
from sendwell.roles.mailbox.message import MailboxMessage


@dataclass(frozen=True, slots=True)
class Wire:
    """The mail as it travels; `raw` is 7-bit. `headers` are in order, decoded for people.

    `problem` says why there is no mail, in the words a real send would have failed with.
    """

    raw: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    problem: str | None = None


def on_the_wire(message: MailboxMessage, sender: str) -> Wire:
    """The message as a mail from `sender`."""
    try:
        raw = write(_mail(message, sender))
    except Invalid as error:
        return Wire(problem=error.message)
    headers = BytesHeaderParser(policy=default).parsebytes(raw)
    return Wire(raw.decode("ascii"), tuple((name, str(value)) for name, value in headers.items()))


def _mail(message: MailboxMessage, sender: str) -> Mail:
    content = message.content
    domain = parseaddr(sender)[1].rpartition("@")[2]
    return Mail(
        sender=sender,
        to=message.address,
        subject=content.subject or content.title or "",
        message_id=f"<{message.key}@{domain}>",
        date=instant_of(message.at),
        text=content.text or content.body,
        html=content.html,
    )
