"""Twilio Programmable Messaging, https://www.twilio.com/docs/messaging/api/message-resource."""

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, TypeVar
from urllib.parse import SplitResult, parse_qs, urlencode, urlsplit

import msgspec
import structlog

from sendwell.domain.errors import Denied, Invalid
from sendwell.domain.fingerprint import mark_of
from sendwell.domain.ids import ChannelName, ProviderName
from sendwell.domain.outcome import Accepted, Blame, Deferred, Fault, Outcome, Refused
from sendwell.domain.stop_words import Meaning
from sendwell.domain.suppression import Source
from sendwell.messages.inbound import Inbound
from sendwell.messages.outgoing import Outgoing
from sendwell.messages.receipt import Receipt, Said
from sendwell.ports.answer import parsed, undocumented, words
from sendwell.ports.http import Http, HttpAnswer, HttpRequest
from sendwell.ports.vendor import AccountCredentials, Vendor
from sendwell.providers.one_call import send_by_one_call

log = structlog.get_logger()
NAME = ProviderName("twilio")
CHANNEL = ChannelName("sms")

Form = Mapping[str, list[str]]
T = TypeVar("T")

KEY_FIELD = "sendwell_key"
LONGEST_VALIDITY_SECONDS = 36_000
SIGNATURE_HEADER = "x-twilio-signature"
SETTINGS_HEADER = "x-twilio-webhooks-signature-settings"


class Credentials(AccountCredentials, frozen=True):
    """An account, and the number or Messaging Service it sends from."""

    account_sid: Annotated[
        str, msgspec.Meta(description="Account SID", pattern="^AC[0-9a-fA-F]{32}$")
    ]
    auth_token: Annotated[str, msgspec.Meta(description="Auth token; also signs the webhooks")]
    sender: Annotated[
        str,
        msgspec.Meta(description="Number, short code, alphanumeric sender, or a service (MG…)"),
    ] = msgspec.field(name="from")
    callback_url: Annotated[
        str | None,
        msgspec.Meta(description="Public URL of this account's webhook, for delivery receipts"),
    ] = None
    webhook_shared_key: Annotated[
        str | None,
        msgspec.Meta(description="Secret of the SharedKey, if webhooks are signed by HMAC_SHA256"),
    ] = None
    base_url: Annotated[str, msgspec.Meta(description="Another region's API, or a test server")] = (
        "https://api.twilio.com"
    )


class Twilio:
    """Sends by `POST …/Messages.json`, one text message a call."""

    def __init__(self, credentials: Credentials, *, http: Http) -> None:
        self._credentials = credentials
        self._http = http

    async def send(self, outgoing: Outgoing) -> Outcome:
        """As promised by the port. A second call sends a second text message."""
        made = request(outgoing, self._credentials)
        return await send_by_one_call(self._http, made, understand)


def request(outgoing: Outgoing, credentials: Credentials) -> HttpRequest | Refused:
    """The call that sends `outgoing`; Refused when there are no words to send.

    An expiry becomes the ValidityPeriod: Twilio queues for ten hours, and a one-time password
    that arrives after ten hours is worse than none.
    """
    body = outgoing.content.text
    if not body:
        return Refused(Fault("no_content", "A text message needs a text.", Blame.CONTENT))
    by = "MessagingServiceSid" if credentials.sender.startswith("MG") else "From"
    form = {"To": outgoing.address, by: credentials.sender, "Body": body}
    if outgoing.expires_in_seconds is not None:
        seconds = min(max(outgoing.expires_in_seconds, 1), LONGEST_VALIDITY_SECONDS)
        form["ValidityPeriod"] = str(seconds)
    if credentials.callback_url:
        form["StatusCallback"] = _callback(credentials.callback_url, outgoing.key)
    url = f"{credentials.base_url}/2010-04-01/Accounts/{credentials.account_sid}/Messages.json"
    user = f"{credentials.account_sid}:{credentials.auth_token}"
    headers = {
        "authorization": f"Basic {base64.b64encode(user.encode()).decode()}",
        "content-type": "application/x-www-form-urlencoded",
    }
    return HttpRequest("POST", url, headers, urlencode(form).encode())


def _callback(url: str, key: str) -> str:
    """The key rides along: a receipt finds its delivery even when the 201 with the sid was lost.

    Behind a `#` stands how often Twilio is to try: its "connection overrides".
    """
    address, mark, overrides = url.partition("#")
    joint = "&" if "?" in address else "?"
    return f"{address}{joint}{urlencode({KEY_FIELD: key})}{mark}{overrides}"


class _Message(msgspec.Struct):
    sid: Annotated[str, msgspec.Meta(pattern="^(SM|MM)[0-9a-fA-F]{32}$")]


class _Problem(msgspec.Struct):
    code: int
    message: str = ""


_BLAMES = {
    10001: Blame.ACCOUNT,  # account is not active
    20003: Blame.ACCOUNT,  # authentication failed
    20005: Blame.ACCOUNT,  # account is not active
    20006: Blame.ACCOUNT,  # access denied
    20404: Blame.ACCOUNT,  # no such account
    21211: Blame.ADDRESS,  # To is no phone number
    21217: Blame.ADDRESS,  # To does not appear to be valid
    21408: Blame.ACCOUNT,  # no permission for this region
    21602: Blame.CONTENT,  # body missing
    21610: Blame.ADDRESS,  # replied STOP
    21614: Blame.ADDRESS,  # To is not a mobile number
    21617: Blame.CONTENT,  # body over 1,600 characters
    21635: Blame.ADDRESS,  # To is a landline
}
"""What https://www.twilio.com/docs/api/errors says of a refusal. What is not here is the account's
matter (senders, services, trial limits, registration): another provider may be asked."""

_LATER = {
    14107: Blame.ADDRESS,  # too many messages for one number
    20429: Blame.PROVIDER,  # too many requests
    21611: Blame.PROVIDER,  # the sender's queue is full
    63017: Blame.PROVIDER,  # over 2,000 messages a second
    63038: Blame.PROVIDER,  # over the day's limit
}
"""A matter of time, and whose: what is one number's must not keep others from being sent to."""


def understand(answer: HttpAnswer) -> Outcome:
    """What Twilio means: 201 with the message's sid, or an error code."""
    if answer.status == HTTPStatus.CREATED and (message := parsed(answer.body, _Message)):
        return Accepted(message.sid)
    problem = parsed(answer.body, _Problem)
    if problem is None or answer.status < HTTPStatus.BAD_REQUEST:
        return undocumented(answer, "Twilio")
    if later := _LATER.get(problem.code):
        return Deferred(Fault(str(problem.code), words(problem.message), later))
    blame = _BLAMES.get(problem.code, Blame.ACCOUNT)
    code = str(problem.code)
    return Refused(Fault(code, words(problem.message), blame, said_by=_said_by(code)))


def _said_by(code: str) -> Source | None:
    """By 21610 Twilio heeds a STOP, of which we may not know; it ends by START."""
    return Source.STOP_WORD if code == "21610" else None


_SAID = {
    "delivered": Said.DELIVERED,
    "undelivered": Said.FAILED,
    "failed": Said.FAILED,
    "canceled": Said.FAILED,
    "read": Said.OPENED,
}
_GONE = frozenset(
    {
        "21610",  # replied STOP
        "21614",  # not a mobile number
        "30005",  # unknown or no longer in service
        "30006",  # landline or unreachable carrier
    }
)


class _Callback(msgspec.Struct, rename="pascal"):
    """What we read of a status callback; a MessageStatus is missing when it is another event."""

    message_sid: str = ""
    message_status: str = ""
    sms_status: str = ""
    to: str = ""
    error_code: str | int | None = None
    error_message: str | None = None


class _Letter(msgspec.Struct, rename="pascal"):
    message_sid: str = ""
    sender: str = msgspec.field(name="From", default="")
    body: str = ""
    opt_out_type: str = ""


class TwilioCallbacks:
    """Reads status callbacks; a repeated one has the same event id, since a status is told once."""

    def __init__(self, credentials: Credentials) -> None:
        self._signatures = _Signatures(credentials)

    def read(
        self, *, url: str, headers: Mapping[str, str], body: bytes, now: int
    ) -> Sequence[Receipt]:
        """`url` has the query that came with the call: it is signed, and holds the delivery's key.

        Twilio signs no time; a replay is told by its event id.
        """
        form = self._signatures.verified(url, headers, body)
        callback = _from_form(form, _Callback) if form else parsed(body, _Callback)
        if callback is None or not callback.message_sid:
            raise Invalid("The webhook names no MessageSid.")
        if not callback.message_status and callback.sms_status == "received":
            # Were it taken, a STOP would be lost without a word.
            log.warning("twilio.message_for_inbound", message=callback.message_sid)
            raise Invalid(
                "Somebody wrote this message: post it to this address with /inbound behind."
            )
        query = parse_qs(urlsplit(url).query)
        return _receipts(callback, key=query.get(KEY_FIELD, [None])[0], now=now)


class TwilioInbound:
    """Reads what people write, https://www.twilio.com/docs/messaging/guides/webhook-request."""

    def __init__(self, credentials: Credentials) -> None:
        self._signatures = _Signatures(credentials)

    def read(
        self, *, url: str, headers: Mapping[str, str], body: bytes, now: int
    ) -> Sequence[Inbound]:
        """Twilio's own keywords come as OptOutType, where Advanced Opt-Out is on.

        What was not written from a phone number (`whatsapp:…`, a short code) is left out.
        """
        form = self._signatures.verified(url, headers, body)
        letter = _from_form(form, _Letter) if form else parsed(body, _Letter)
        if letter is None or not letter.message_sid:
            raise Invalid("The webhook names no MessageSid.")
        if not letter.sender.startswith("+"):
            return []
        understood = _OPT_OUT_TYPES.get(letter.opt_out_type.upper())
        return [Inbound(letter.message_sid, CHANNEL, letter.sender, letter.body, now, understood)]


_OPT_OUT_TYPES = {"STOP": Meaning.REVOKE, "START": Meaning.RESUME, "HELP": Meaning.HELP}


class _Signatures:
    """Who may post to us in the account's name."""

    def __init__(self, credentials: Credentials) -> None:
        self._auth_token = credentials.auth_token
        self._shared_key = credentials.webhook_shared_key

    def verified(self, url: str, headers: Mapping[str, str], body: bytes) -> Form:
        """The form that was signed; empty where the body is none. Raises Denied."""
        parts = urlsplit(url)
        query = parse_qs(parts.query)
        if "bodySHA256" in query:
            _verify_hash(body, query["bodySHA256"][0])
            form: Form = {}
        else:
            form = _form(body)
        self._verify(parts, form, headers)
        return form

    def _verify(self, parts: SplitResult, form: Form, headers: Mapping[str, str]) -> None:
        algorithm, secret = self._algorithm(headers.get(SETTINGS_HEADER, ""))
        given = headers.get(SIGNATURE_HEADER, "").encode()
        suffix = "".join(name + value for name in sorted(form) for value in sorted(set(form[name])))
        for spelling in _spellings(parts):
            digest = hmac.digest(secret.encode(), f"{spelling}{suffix}".encode(), algorithm)
            if hmac.compare_digest(base64.b64encode(digest), given):
                return
        raise Denied("The webhook's signature is missing or wrong.")

    def _algorithm(self, settings: str) -> tuple[str, str]:
        """How it says it is signed, and our secret for that."""
        pairs = dict(part.strip().partition("=")[::2] for part in settings.split(","))
        match pairs.get("algorithm", "").upper():
            case "" | "HMAC_SHA1":
                return "sha1", self._auth_token
            case "HMAC_SHA256" if self._shared_key:
                return "sha256", self._shared_key
            case _:
                raise Denied("The webhook is signed in a way this account has no key for.")


def _spellings(parts: SplitResult) -> Iterator[str]:
    """Twilio signs the URL with the port or without it, and does not say which."""
    netloc = parts.netloc.removesuffix(f":{parts.port}")
    port = parts.port or {"https": 443}.get(parts.scheme, 80)
    yield parts._replace(netloc=netloc).geturl()
    yield parts._replace(netloc=f"{netloc}:{port}").geturl()


def _verify_hash(body: bytes, given: str) -> None:
    """A body that is no form is signed through its hash, which is part of the signed URL."""
    if not hmac.compare_digest(hashlib.sha256(body).hexdigest().encode(), given.encode()):
        raise Denied("The webhook's body is not the one that was signed.")


def _form(body: bytes) -> Form:
    try:
        text = body.decode()
        return parse_qs(text, keep_blank_values=True, errors="strict", max_num_fields=1000)
    except ValueError as error:
        raise Denied("The webhook's body is no form, so it cannot have been signed.") from error


def _from_form(form: Form, kind: type[T]) -> T:
    return msgspec.convert({name: values[0] for name, values in form.items()}, kind)


def _receipts(callback: _Callback, *, key: str | None, now: int) -> Sequence[Receipt]:
    said = _SAID.get(callback.message_status)
    if said is None:
        return []
    code = str(callback.error_code or "")
    return [
        Receipt(
            event_id=f"{callback.message_sid}.{callback.message_status}",
            said=said,
            at=now,
            reference=callback.message_sid,
            key=key,
            code=code or None,
            text=words(callback.error_message or "") or None,
            is_address_gone=code in _GONE,
            address=mark_of(CHANNEL, callback.to) if callback.to else None,
            said_by=_said_by(code),
        )
    ]


VENDOR = Vendor(
    name=NAME,
    channel=CHANNEL,
    credentials=Credentials,
    build=lambda credentials, means: Twilio(credentials, http=means.http),
    receipts=TwilioCallbacks,
    reports=lambda credentials: bool(credentials.callback_url),
    receipts_by_reference=True,  # without a `callback_url`, which brings our key back
    inbound=TwilioInbound,
)
