"""`Mail` and the bytes it becomes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import floor

from sendwell.domain.errors import Flaw, Invalid
from sendwell.domain.mime.body import alternative, single
from sendwell.domain.mime.header import extra, flawed, unstructured
from sendwell.domain.mime.mailbox import address_line

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one recipient. `sender`, `to` and `reply_to` are an address or `Name <address>`.

    `message_id` comes with its angle brackets; `headers` are further ones, such as
    List-Unsubscribe, and may not repeat what this class has a field for.
    """

    sender: str
    to: str
    subject: str
    message_id: str
    date: datetime
    text: str | None = None
    html: str | None = None
    reply_to: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def write(mail: Mail) -> bytes:
    """The mail as RFC 5322 bytes: 7-bit, every line ended by CRLF and at most 998 octets long.

    Deterministic: the same mail gives the same bytes. Each part's text ends with a line end; one
    is added where it is missing. Raises Invalid, with a flaw that points at the field, for control
    characters in a header, for an address that is not exactly one, for a local part beyond ASCII,
    for text that is no Unicode (lone surrogates), and for a mail without words.
    """
    lines = [
        f"Date: {rfc5322_date(mail.date)}\r\n",
        _repeated_address_line("From", mail.sender, "/sender"),
        address_line("To", mail.to, pointer="/to"),
        unstructured("Subject", mail.subject, pointer="/subject"),
        f"Message-ID: {_checked_id(mail.message_id)}\r\n",
    ]
    if mail.reply_to is not None:
        lines.append(_repeated_address_line("Reply-To", mail.reply_to, "/reply_to"))
    lines.extend(extra(name, value) for name, value in mail.headers.items())
    lines.append("MIME-Version: 1.0\r\n")
    return "".join(lines).encode("ascii") + _body(mail)


def _body(mail: Mail) -> bytes:
    if mail.text is not None and mail.html is not None:
        return alternative(mail.text, mail.html, seed=mail.message_id)
    if mail.text is not None:
        return single(mail.text, b"plain", pointer="/text")
    if mail.html is not None:
        return single(mail.html, b"html", pointer="/html")
    raise Invalid(
        "A mail needs a text or an html part.", flaws=[Flaw("/text", "neither text nor html")]
    )


@lru_cache(maxsize=256)
def _repeated_address_line(name: str, value: str, pointer: str) -> str:
    """An address line that stands in mail after mail: worth remembering, unlike the recipient's."""
    return address_line(name, value, pointer=pointer)


def rfc5322_date(date: datetime) -> str:
    """The date as RFC 5322 writes it, in UTC. Raises Invalid for a datetime without an offset."""
    if date.tzinfo is None:
        raise flawed("/date", "has no time zone")
    return _rfc5322_second(floor(date.timestamp()))


@lru_cache(maxsize=16)
def _rfc5322_second(second: int) -> str:
    """Many mails share a second."""
    utc = EPOCH + timedelta(seconds=second)
    day, month = DAYS[utc.weekday()], MONTHS[utc.month - 1]
    return f"{day}, {utc.day:02} {month} {utc.year:04} {utc:%H:%M:%S} +0000"


_MESSAGE_ID = re.compile(r"<[!-;=?A-~]+@[!-;=?A-~]+>")
_LONGEST_ID = 500


def _checked_id(message_id: str) -> str:
    if len(message_id) > _LONGEST_ID or not _MESSAGE_ID.fullmatch(message_id):
        raise flawed("/message_id", "is not of the form <left@right> in printable ASCII")
    return message_id
