"""SendGrid, https://www.twilio.com/docs/sendgrid/api-reference/mail-send."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import timedelta
from email.utils import parseaddr
from functools import lru_cache
from typing import Annotated

import msgspec
import structlog
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sendwell.domain.errors import Denied, Invalid
from sendwell.domain.fingerprint import mark_of
from sendwell.domain.ids import ChannelName, ProviderName
from sendwell.domain.outcome import Accepted, Blame, Deferred, Fault, Outcome, Refused
from sendwell.domain.suppression import Source
from sendwell.messages.outgoing import Outgoing
from sendwell.messages.receipt import Receipt, Said
from sendwell.ports.answer import parsed, undocumented, words
from sendwell.ports.http import Http, HttpAnswer, HttpRequest
from sendwell.ports.vendor import AccountCredentials, Vendor
from sendwell.providers.one_call import send_by_one_call

log = structlog.get_logger()
NAME = ProviderName("sendgrid")
CHANNEL = ChannelName("email")

REFRESH_PERIOD = timedelta(minutes=1)
"""For how long a limit stays reached. SendGrid only says when it ends by its own clock."""
WITHOUT_CREDITS = timedelta(minutes=15)
"""How long to wait for new ones: they come by the day or month, or when somebody buys some."""
KEY_FIELD = "sendwell_key"
SIGNATURE_HEADER = "x-twilio-email-event-webhook-signature"
TIMESTAMP_HEADER = "x-twilio-email-event-webhook-timestamp"

SECOND = 1_000_000
OLDEST = 25 * 3600 * SECOND
"""SendGrid posts a webhook again for 24 hours and does not say that it signs it anew. A narrower
window would lose every bounce that met an outage of ours; a replay inside it changes nothing,
because `sg_event_id` tells a repeated event."""
NEWEST = 5 * 60 * SECOND


class Credentials(AccountCredentials, frozen=True):
    """An API key that may send mail, and the verified sender it sends as."""

    api_key: Annotated[str, msgspec.Meta(description="API key with the permission Mail Send")]
    sender: Annotated[
        str, msgspec.Meta(description="Verified sender: an address, or `Name <address>`")
    ] = msgspec.field(name="from")
    webhook_public_key: Annotated[
        str | None,
        msgspec.Meta(description="Verification key of the signed event webhook (base64)"),
    ] = None
    base_url: Annotated[
        str, msgspec.Meta(description="https://api.eu.sendgrid.com for EU subusers")
    ] = "https://api.sendgrid.com"

    def __post_init__(self) -> None:
        if "@" not in _mailbox(self.sender)[1]:
            raise ValueError("`from` must hold an e-mail address")
        if self.webhook_public_key is not None:
            _public_key(self.webhook_public_key)


class SendGrid:
    """Sends by `POST /v3/mail/send`, one mail a call."""

    def __init__(self, credentials: Credentials, *, http: Http) -> None:
        self._credentials = credentials
        self._http = http

    async def send(self, outgoing: Outgoing) -> Outcome:
        """As promised by the port. A second call sends a second mail, with the same Message-ID."""
        made = request(outgoing, self._credentials)
        return await send_by_one_call(self._http, made, understand)


def request(outgoing: Outgoing, credentials: Credentials) -> HttpRequest | Refused:
    """The call that sends `outgoing`; Refused when it lacks a subject or words.

    The Message-ID is the same over all attempts, so that a mail store can tell a second copy.
    """
    subject = outgoing.content.subject
    content = _content(outgoing)
    if not subject or not content:
        missing = "content" if subject else "subject"
        return Refused(Fault(f"no_{missing}", f"An e-mail needs a {missing}.", Blame.CONTENT))
    name, address = _mailbox(credentials.sender)
    mail = {
        "personalizations": [
            {"to": [{"email": outgoing.address}], "custom_args": {KEY_FIELD: outgoing.key}}
        ],
        "from": {"email": address, **({"name": name} if name else {})},
        "subject": subject,
        "content": content,
        "headers": {"Message-ID": f"<{outgoing.key}@{address.rpartition('@')[2]}>"},
    }
    headers = {
        "authorization": f"Bearer {credentials.api_key}",
        "content-type": "application/json",
    }
    url = f"{credentials.base_url}/v3/mail/send"
    body = msgspec.json.encode(mail)
    # What a 202 has to say stands in its head.
    return HttpRequest("POST", url, headers, body, enough=(202,), interprets=(429,))


def _content(outgoing: Outgoing) -> list[dict[str, str]]:
    """The parts in the order SendGrid demands: text/plain before text/html, none of them empty."""
    parts = {"text/plain": outgoing.content.text, "text/html": outgoing.content.html}
    return [{"type": kind, "value": value} for kind, value in parts.items() if value]


@lru_cache
def _mailbox(sender: str) -> tuple[str, str]:
    """Name and address; remembered, because reading them takes longer than all the rest."""
    return parseaddr(sender)


class _Problem(msgspec.Struct):
    message: str = ""
    field: str | None = None


class _Problems(msgspec.Struct):
    errors: list[_Problem] = []


def understand(answer: HttpAnswer) -> Outcome:
    """What SendGrid means; see .../mail-send/errors for the fields a 400 can name."""
    problem = _first_problem(answer)
    match answer.status:
        case 202:
            return Accepted(answer.headers.get("x-message-id"))
        case 400 if problem:
            blame = _blame(problem.field or "")
            return Refused(Fault(f"invalid_{_topic(problem)}", words(problem.message), blame))
        case 401 | 403 if problem:
            return _no_entry(answer.status, problem)
        case 413:
            text = "SendGrid takes mails up to 30 MB."
            return Refused(Fault("http_413", text, Blame.CONTENT))
        case 429:
            text = "SendGrid takes no more requests for now."
            return Deferred(Fault("http_429", text), answer.wait or REFRESH_PERIOD)
        case _:
            return undocumented(answer, "SendGrid")


def _no_entry(status: int, problem: _Problem) -> Outcome:
    """Used-up credits are told like a wrong key (sendgrid-nodejs issue 1032), but come back."""
    text = words(problem.message)
    if "credits exceeded" in text.lower():
        return Deferred(Fault("credits_exceeded", text), WITHOUT_CREDITS)
    return Refused(Fault(f"http_{status}", text, Blame.ACCOUNT))


def _first_problem(answer: HttpAnswer) -> _Problem | None:
    problems = parsed(answer.body, _Problems)
    return problems.errors[0] if problems and problems.errors else None


def _topic(problem: _Problem) -> str:
    return "_".join(part for part in (problem.field or "request").split(".") if part.isidentifier())


def _blame(field: str) -> Blame:
    """Whose fault a refused field is, e.g. `personalizations.0.to.0.email`, `from.email`."""
    match [part for part in field.split(".") if not part.isdigit()]:
        case ["personalizations", "to", *_]:
            return Blame.ADDRESS
        case ["from", *_]:
            return Blame.ACCOUNT
        case ["subject" | "content", *_]:
            return Blame.CONTENT
        case _:
            return Blame.US


class _Event(msgspec.Struct):
    """What we read of an event; see .../for-developers/tracking-events/event."""

    event: str
    timestamp: int
    sg_event_id: str
    email: str | None = None
    sg_message_id: str | None = None
    sendwell_key: str | None = None
    type: str | None = None
    status: str | None = None
    reason: str | None = None
    response: str | None = None


_SAID = {
    "delivered": Said.DELIVERED,
    "deferred": Said.DEFERRED,
    "bounce": Said.BOUNCED,
    "dropped": Said.FAILED,
    "spamreport": Said.COMPLAINED,
    "open": Said.OPENED,
    "click": Said.CLICKED,
    "unsubscribe": Said.UNSUBSCRIBED,
    "group_unsubscribe": Said.UNSUBSCRIBED,
}
_GONE_WHEN_DROPPED = {
    "Bounced Address": None,
    "Invalid": None,
    "Spam Reporting Address": Source.COMPLAINT,
    "Unsubscribed Address": Source.UNSUBSCRIBE,
}
"""Why SendGrid itself does not send to an address any more, and who has said that it must not."""


class SendGridEvents:
    """Reads the signed event webhook: up to some hundred events a call, in any order."""

    def __init__(self, credentials: Credentials) -> None:
        key = credentials.webhook_public_key
        self._key = None if key is None else _public_key(key)

    def read(
        self, *, url: str, headers: Mapping[str, str], body: bytes, now: int
    ) -> Sequence[Receipt]:
        """As promised by the port. What is signed is the time and the body, so `url` may be any."""
        del url
        self._verify(headers, body, now)
        told = parsed(body, list[msgspec.Raw])
        if told is None:
            raise Invalid("The body is not a list of SendGrid events.")
        # Other products of the account tell in the same calls; what is strange hides nothing else.
        events = [event for each in told if (event := parsed(bytes(each), _Event))]
        if told and not events:
            raise Invalid("None of it is an event that SendGrid documents.")
        if len(events) < len(told):
            log.warning("sendgrid.events_left_out", events=len(told) - len(events))
        return [_receipt(event) for event in events if event.event in _SAID]

    def _verify(self, headers: Mapping[str, str], body: bytes, now: int) -> None:
        if self._key is None:
            raise Denied(
                "This account has no webhook_public_key, so nothing it is told can be true."
            )
        timestamp = headers.get(TIMESTAMP_HEADER, "")
        try:
            signature = base64.b64decode(headers.get(SIGNATURE_HEADER, ""), validate=True)
            self._key.verify(signature, timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
        except (InvalidSignature, binascii.Error, ValueError) as error:
            raise Denied("The event webhook's signature is missing or wrong.") from error
        if not timestamp.isdecimal() or not -NEWEST < now - int(timestamp) * SECOND < OLDEST:
            raise Denied("The event webhook's timestamp is too far from our clock.")


def _public_key(text: str) -> ec.EllipticCurvePublicKey:
    """The key as SendGrid's settings page shows it. Raises ValueError for anything else."""
    try:
        key = serialization.load_der_public_key(base64.b64decode(text, validate=True))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError("`webhook_public_key` is no public key in base64") from error
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise ValueError("`webhook_public_key` is not a P-256 key")


def _receipt(event: _Event) -> Receipt:
    text = event.reason or event.response
    return Receipt(
        event_id=event.sg_event_id,
        said=_SAID[event.event],
        at=event.timestamp * SECOND,
        reference=_reference(event.sg_message_id),
        key=event.sendwell_key,
        code=event.status,
        text=None if text is None else words(text),
        is_address_gone=_is_address_gone(event),
        address=mark_of(CHANNEL, event.email) if event.email else None,
        said_by=_GONE_WHEN_DROPPED.get(event.reason or "") if event.event == "dropped" else None,
    )


def _reference(message_id: str | None) -> str | None:
    """The X-Message-Id that the 202 carried: an event's id goes on with the machines it passed."""
    return message_id and message_id.partition(".filter")[0].partition(".recv")[0]


def _is_address_gone(event: _Event) -> bool:
    """Hard bounces and complaints. A bounce of another type is not the address: `blocked` is the
    server's mood, and what `expired` is SendGrid does not explain.
    """
    match event.event:
        case "bounce":
            return event.type in {None, "bounce"}
        case "dropped":
            return event.reason in _GONE_WHEN_DROPPED
        case kind:
            return kind == "spamreport"


VENDOR = Vendor(
    name=NAME,
    channel=CHANNEL,
    credentials=Credentials,
    build=lambda credentials, means: SendGrid(credentials, http=means.http),
    receipts=SendGridEvents,
    reports=lambda credentials: credentials.webhook_public_key is not None,
)
