"""SMTP to a relay, https://www.rfc-editor.org/rfc/rfc5321."""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parseaddr
from typing import Annotated, Literal

import msgspec

from sendwell.domain.errors import Invalid
from sendwell.domain.ids import ChannelName, ProviderName
from sendwell.domain.mime import Mail, write
from sendwell.domain.outcome import Blame, Fault, Outcome, Refused
from sendwell.messages.outgoing import Outgoing
from sendwell.ports.smtp import Envelope, Smtp
from sendwell.ports.vendor import AccountCredentials, Vendor

NAME = ProviderName("smtp")
CHANNEL = ChannelName("email")
TAKES_IDEMPOTENCY_KEY = False

_PORTS = {"none": 25, "starttls": 587, "implicit": 465}


class Credentials(AccountCredentials, frozen=True):
    """Where the relay is, who we are there, and the sender."""

    host: Annotated[str, msgspec.Meta(min_length=1, description="The relay's host name")]
    sender: Annotated[str, msgspec.Meta(description="Sender: an address, or `Name <address>`")] = (
        msgspec.field(name="from")
    )
    port: Annotated[
        int, msgspec.Meta(ge=0, le=65535, description="0: 25, 587 or 465, by `tls`")
    ] = 0
    username: Annotated[str | None, msgspec.Meta(description="For AUTH")] = None
    password: Annotated[str | None, msgspec.Meta(description="For AUTH")] = None
    tls: Annotated[
        Literal["none", "starttls", "implicit"],
        msgspec.Meta(description="The certificate is verified; there is no falling back"),
    ] = "starttls"

    def __post_init__(self) -> None:
        if "@" not in parseaddr(self.sender)[1]:
            raise ValueError("`from` must hold an e-mail address")
        if (self.username is None) != (self.password is None):
            raise ValueError("`username` and `password` go together")
        if not self.port:
            msgspec.structs.force_setattr(self, "port", _PORTS[self.tls])


class SmtpProvider:
    """Writes each delivery as a mail and hands it to the relay."""

    def __init__(self, credentials: Credentials, *, smtp: Smtp, clock: Callable[[], int]) -> None:
        self._credentials = credentials
        self._smtp = smtp
        self._clock = clock
        self._sender = parseaddr(credentials.sender)[1]
        self._domain = self._sender.rpartition("@")[2]

    async def send(self, outgoing: Outgoing) -> Outcome:
        try:
            message = write(self._mail(outgoing))
        except Invalid as error:
            return Refused(Fault("smtp.unwritable", error.message, Blame.CONTENT))
        return await self._smtp.deliver(Envelope(self._sender, outgoing.address, message))

    def _mail(self, outgoing: Outgoing) -> Mail:
        """The Message-ID is the delivery's key: it stays the same over all attempts."""
        content = outgoing.content
        return Mail(
            sender=self._credentials.sender,
            to=outgoing.address,
            subject=content.subject or "",
            message_id=f"<{outgoing.key}@{self._domain}>",
            date=datetime.fromtimestamp(self._clock() / 1e6, UTC),
            text=content.text,
            html=content.html,
        )


VENDOR = Vendor(
    name=NAME,
    channel=CHANNEL,
    credentials=Credentials,
    build=lambda credentials, means: SmtpProvider(
        credentials, smtp=means.smtp(credentials), clock=means.clock
    ),
    takes_idempotency_key=TAKES_IDEMPOTENCY_KEY,
)
