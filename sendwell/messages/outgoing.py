"""`Outgoing`: one delivery, rendered and addressed, as a provider gets it."""

import msgspec

from sendwell.domain.ids import ChannelName, NotificationId, TenantId
from sendwell.domain.lane import Lane
from sendwell.messages.requested import Content


class Outgoing(msgspec.Struct, frozen=True, gc=False):
    """Everything a provider may need to send one delivery, and nothing it has to look up.

    `key` names the delivery in the whole world (a `DeliveryKey`, written out) and stays the same
    over all attempts: it is the idempotency key where a vendor takes one, and the left part of an
    e-mail's Message-ID.
    """

    key: str
    tenant: TenantId
    notification: NotificationId
    part: str
    channel: ChannelName
    address: str
    content: Content
    lane: Lane
    attempt: int
    event_type: str = ""
    user_id: str | None = None
    expires_in_seconds: int | None = None
    correlation_id: str | None = None
    metadata: bytes = b"{}"
    """The producer's metadata, a JSON object, unchanged."""
