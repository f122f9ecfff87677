"""Any mail relay, by SMTP: https://www.rfc-editor.org/rfc/rfc5321."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Annotated, Literal
from urllib.parse import quote

import msgspec

from sendwell.domain.errors import Invalid
from sendwell.domain.ids import ChannelName, ProviderName
from sendwell.domain.mime import Mail, Mailbox, write
from sendwell.domain.outcome import Blame, Fault, Outcome, Refused
from sendwell.messages.outgoing import Outgoing
from sendwell.ports.smtp import Envelope, Smtp
from sendwell.ports.vendor import AccountCredentials, Vendor

NAME = ProviderName("smtp")
CHANNEL = ChannelName("email")

USUAL_PORTS = {"none": 25, "starttls": 587, "implicit": 465}
HEADERS = {"Auto-Submitted": "auto-generated"}
"""RFC 3834: keeps holiday notices from being sent in answer."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_SUBJECT = 78
LONGEST_KEY = 200


class Credentials(AccountCredentials, frozen=True, kw_only=True):
    """A relay, an account there if it asks for one, and the sender."""

    host: Annotated[
        str,
        msgspec.Meta(description="Name of the relay, as in its certificate"),
        msgspec.Meta(min_length=1),
    ]
    port: Annotated[
        int,
        msgspec.Meta(description="By default 587 with starttls, 465 with implicit, 25 with none"),
        msgspec.Meta(ge=0, le=65535),
    ] = 0
    username: Annotated[
        str | None, msgspec.Meta(description="Only sent over TLS, or to this machine")
    ] = None
    password: Annotated[str | None, msgspec.Meta(description="Goes with the username")] = None
    tls: Annotated[
        Literal["none", "starttls", "implicit"],
        msgspec.Meta(description="A relay that does not offer what is asked for gets no mail"),
    ] = "starttls"
    sender: Annotated[str, msgspec.Meta(description="An address, or `Name <address>`")] = (
        msgspec.field(name="from")
    )

    def __post_init__(self) -> None:
        if (self.username is None) != (self.password is None):
            raise ValueError("`username` and `password` go together")
        try:
            Mailbox.parse(self.sender, pointer="/from")
        except Invalid as error:
            raise ValueError(f"`from` {error.flaws[0].why}") from error
        if self.port == 0:
            msgspec.structs.force_setattr(self, "port", USUAL_PORTS[self.tls])


class SmtpProvider:
    """Hands each mail to the relay, which then answers for it: one recipient a mail."""

    def __init__(self, credentials: Credentials, *, smtp: Smtp, clock: Callable[[], int]) -> None:
        self._sender = credentials.sender
        self._sender_box = Mailbox.parse(credentials.sender, pointer="/from")
        self._smtp = smtp
        self._clock = clock

    async def send(self, outgoing: Outgoing) -> Outcome:
        """As promised by the port. A second call sends a second mail, with the same Message-ID."""
        try:
            envelope = self._envelope(outgoing)
        except Invalid as error:
            return _refused(error)
        return await self._smtp.deliver(envelope)

    def _envelope(self, outgoing: Outgoing) -> Envelope:
        content = outgoing.content
        mail = Mail(
            sender=self._sender,
            to=outgoing.address,
            subject=subject(outgoing),
            text=content.text or content.body,
            html=content.html or None,
            message_id=message_id(outgoing.key, self._sender_box.domain),
            date=EPOCH + timedelta(microseconds=self._clock()),
            headers=HEADERS,
        )
        recipient = Mailbox.parse(outgoing.address, pointer="/to")
        return Envelope(self._sender_box.address, recipient.address, write(mail))


def message_id(key: str, domain: str) -> str:
    """The Message-ID of a delivery: the same over all attempts, so that a mail store can tell a
    second copy, and another one for each key.
    """
    left = key if _ATOMS.fullmatch(key) else quote(key, safe="!#$&'*+/=?^`{|}")
    if len(left) > LONGEST_KEY:
        left = blake2b(key.encode(), digest_size=20).hexdigest()
    return f"<{left}@{domain}>"


_ATOMS = re.compile(r"[A-Za-z0-9!#$&'*+/=?^_`{|}~.-]+")


def subject(outgoing: Outgoing) -> str:
    """The subject, else the title, else the text's first line, else what the event is called."""
    content = outgoing.content
    if given := content.subject or content.title:
        return given
    made = _first_line(content.text or content.body or "") or _as_words(outgoing.event_type)
    return made if len(made) <= LONGEST_SUBJECT else f"{made[: LONGEST_SUBJECT - 1]}…"


def _first_line(text: str) -> str:
    line = next((line for line in text.splitlines() if line.strip()), "")
    return " ".join("".join(c if c.isprintable() else " " for c in line).split())


def _as_words(event_type: str) -> str:
    words = re.findall(r"\w+", event_type.replace("_", " "))
    return " ".join(words).capitalize() or "Notification"


def _refused(error: Invalid) -> Refused:
    """The mail cannot be written, whichever relay should carry it."""
    pointer = error.flaws[0].pointer
    blame = {"/to": Blame.ADDRESS, "/sender": Blame.ACCOUNT}.get(pointer, Blame.CONTENT)
    return Refused(Fault("invalid_mail", error.message, blame))


VENDOR = Vendor(
    name=NAME,
    channel=CHANNEL,
    credentials=Credentials,
    build=lambda credentials, means: SmtpProvider(
        credentials, smtp=means.smtp(credentials), clock=means.clock
    ),
)
