"""Standard Webhooks, to a URL of the recipient: https://www.standardwebhooks.com."""

import base64
import binascii
import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from http import HTTPStatus
from typing import Annotated

import msgspec

from sendwell.domain.ids import ChannelName, ProviderName
from sendwell.domain.outcome import Accepted, Blame, Deferred, Fault, Outcome, Refused
from sendwell.messages.outgoing import Outgoing
from sendwell.messages.requested import Content
from sendwell.ports.http import Http, HttpAnswer, HttpRequest
from sendwell.ports.vendor import AccountCredentials, Vendor
from sendwell.providers.one_call import send_by_one_call

NAME = ProviderName("standard")
CHANNEL = ChannelName("webhook")

LARGEST_BYTES = 20_000
SECRET_PREFIX = "whsec_"  # noqa: S105 – says what follows is one
SECRET_BYTES = range(24, 65)
EVERY_STATUS = range(200, 600)
"""It is all that a receiver answers by ("Delivery success and failure"); nobody reads the body."""


class Credentials(AccountCredentials, frozen=True):
    """The secrets to sign with: one, or during a rotation the new and the old one."""

    secrets: Annotated[
        tuple[str, ...],
        msgspec.Meta(description="Signing secrets, `whsec_` and 24 to 64 bytes in base64"),
        msgspec.Meta(min_length=1),
    ]

    def __post_init__(self) -> None:
        for secret in self.secrets:
            if not secret.startswith(SECRET_PREFIX) or _size(secret) not in SECRET_BYTES:
                raise ValueError("a secret is `whsec_` and 24 to 64 bytes in base64")


def _size(secret: str) -> int:
    try:
        return len(base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True))
    except (binascii.Error, ValueError):
        return 0


class StandardWebhooks:
    """Posts to the delivery's address, which strangers chose: `http` must be the guarded one."""

    def __init__(self, credentials: Credentials, *, http: Http, clock: Callable[[], int]) -> None:
        self._credentials = credentials
        self._http = http
        self._clock = clock

    async def send(self, outgoing: Outgoing) -> Outcome:
        """As promised by the port. A second call carries the same `webhook-id`."""
        made = request(outgoing, self._credentials, now=self._clock())
        return await send_by_one_call(self._http, made, understand)


def request(outgoing: Outgoing, credentials: Credentials, *, now: int) -> HttpRequest | Refused:
    """The signed call; Refused when the payload is over the 20 kB that receivers must take.

    `webhook-id` is the delivery's key and stays the same over all attempts, so that a receiver
    can drop a second one.
    """
    seconds = now // 1_000_000
    body = _payload(outgoing, seconds)
    if len(body) > LARGEST_BYTES:
        text = f"The payload has {len(body)} bytes; Standard Webhooks allow {LARGEST_BYTES}."
        return Refused(Fault("payload_too_large", text, Blame.CONTENT))
    headers = {
        "content-type": "application/json",
        "webhook-id": outgoing.key,
        "webhook-timestamp": str(seconds),
        "webhook-signature": _signatures(outgoing.key, seconds, body, credentials),
    }
    return HttpRequest("POST", outgoing.address, headers, body, enough=EVERY_STATUS)


def _signatures(key: str, seconds: int, body: bytes, credentials: Credentials) -> str:
    """One for each secret (the specification, "Signature scheme"), divided by spaces.

    Written out: the library takes 15 us for what is one HMAC; the tests verify with it.
    """
    content = b"%s.%d.%s" % (key.encode(), seconds, body)
    return " ".join(
        f"v1,{base64.b64encode(hmac.digest(secret, content, 'sha256')).decode()}"
        for secret in _keys(credentials.secrets)
    )


@lru_cache(maxsize=256)
def _keys(secrets: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(base64.b64decode(secret.removeprefix(SECRET_PREFIX)) for secret in secrets)


class _Data(msgspec.Struct, omit_defaults=True, gc=False, kw_only=True):
    notification_id: str
    organization_id: str
    user_id: str | None = None
    priority: str
    correlation_id: str | None = None
    content: Content
    metadata: msgspec.Raw


class _Event(msgspec.Struct, gc=False):
    type: str
    timestamp: str
    data: _Data


_encode = msgspec.json.Encoder().encode


def _payload(outgoing: Outgoing, seconds: int) -> bytes:
    data = _Data(
        notification_id=outgoing.notification,
        organization_id=outgoing.tenant,
        user_id=outgoing.user_id,
        priority=outgoing.lane.label,
        correlation_id=outgoing.correlation_id,
        content=outgoing.content,
        metadata=msgspec.Raw(outgoing.metadata),
    )
    return _encode(_Event(outgoing.event_type or "notification", _timestamp(seconds), data))


@lru_cache(maxsize=1)
def _timestamp(seconds: int) -> str:
    at = datetime.fromtimestamp(seconds, UTC)
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


_ARRIVED = Accepted(is_delivered=True)


def understand(answer: HttpAnswer) -> Outcome:
    """Any 2xx means that it has arrived, 410 that this endpoint is gone for good, 413 that it has
    no room for such a payload. Whatever else it answers is tried again ("Delivery success and
    failure"), and is this endpoint's fault alone.

    Also 400 and 422, for they seldom speak of the content: receivers answer them to a signature
    that does not verify and to a type they do not know yet, and both end when they are mended.
    """
    code = f"http_{answer.status}"
    if answer.status < HTTPStatus.MULTIPLE_CHOICES:
        return _ARRIVED
    if answer.status == HTTPStatus.GONE:
        return Refused(Fault(code, "The endpoint says that it is gone.", Blame.ADDRESS))
    if answer.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return Refused(Fault(code, "The endpoint says that it is too large.", Blame.CONTENT))
    if answer.status < HTTPStatus.BAD_REQUEST:
        text = "The endpoint redirects, and a signed message is not sent anywhere else."
        return Deferred(Fault(code, text, Blame.ADDRESS))
    return Deferred(Fault(code, f"The endpoint answered {answer.status}.", Blame.ADDRESS))


VENDOR = Vendor(
    name=NAME,
    channel=CHANNEL,
    credentials=Credentials,
    build=lambda credentials, means: StandardWebhooks(
        credentials, http=means.guarded_http, clock=means.clock
    ),
)
