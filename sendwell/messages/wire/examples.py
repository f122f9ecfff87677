"""An example of each message that others write or read; tests hold them against the schemas."""

from collections.abc import Mapping

from msgspec.structs import replace

from sendwell.domain.ids import ChannelName, NotificationId, Position, TenantId
from sendwell.domain.lane import Lane
from sendwell.domain.lifecycle import State
from sendwell.domain.presets.verdict import Verdict
from sendwell.messages.status import Status
from sendwell.messages.wire.events import event_of
from sendwell.messages.wire.move import Move

_ID = "0198d2a4-7c1e-7b52-9d0a-4f5e6a7b8c9d"
_TENANT = "6f1e0c52-94a3-4a53-8a7d-0f6f5f0f2f11"

REQUESTS: Mapping[str, Mapping[str, object]] = {
    "plain": {
        "id": _ID,
        "organization_id": _TENANT,
        "user_id": "user-001",
        "event_type": "order_shipped",
        "template": "order-shipped",
        "data": {"order": "4711"},
    },
    "tenant": {
        "notificationId": _ID,
        "organizationId": _TENANT,
        "eventType": "USER_REGISTERED",
        "channel": "EMAIL",
        "recipient": "user@example.com",
        "payload": {"name": "John", "link": "https://example.com"},
        "createdAt": "2025-01-01T10:00:00Z",
    },
    "intents": {
        "idempotency_key": "order-4711-shipped",
        "correlation_id": "checkout-93",
        "tenant_id": _TENANT,
        "source": "orders",
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "schema_version": "1.0",
        "id": _ID,
        "recipient": "user-001",
        "channel_targets": ["email", "push"],
        "template_id": "order-shipped",
        "payload": {"order": "4711"},
        "metadata": {"campaign": "none"},
    },
    "lanes": {
        "user_id": "user-001",
        "event_type": "security_alert",
        "content": "Suspicious login attempt detected from a new device",
        "metadata": {
            "device": "Unknown iPhone",
            "location": "Somewhere in the world",
            "ip_address": "203.0.113.42",
            "timestamp": 1735725600,
        },
    },
    "direct": {
        "notification_id": _ID,
        "user_id": "user-001",
        "notification_type": "email",
        "template_code": "welcome",
        "variables": {"name": "John"},
        "priority": 2,
        "metadata": {"campaign": "none"},
        "created_at": "2025-01-01T10:00:00Z",
    },
}
"""A request in the words of each preset; `tenant` and `lanes` as their producers write them."""

_ACCEPTED_AT = 1_735_725_600_000_000
_MOVE = Move(
    status=Status(
        tenant=TenantId(_TENANT),
        notification=NotificationId(_ID),
        position=Position(0),
        part="0.email",
        channel=ChannelName("email"),
        state=State.DELIVERED,
        at=_ACCEPTED_AT + 2_345_000,
        attempt=2,
        provider="sendgrid",
        reference="msg-17",
        user_id="user-001",
    ),
    event_type="order_shipped",
    lane=Lane.MEDIUM.value,
    accepted_at=_ACCEPTED_AT,
    correlation_id=_ID,
    most_attempts=6,
    template="welcome",
    sent_at=_ACCEPTED_AT + 1_234_000,
)
_MOVES = {
    "tenant": replace(_MOVE, event_type="USER_REGISTERED"),
    "intents": replace(
        _MOVE,
        correlation_id="checkout-93",
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    ),
    "lanes": replace(_MOVE, event_type="security_alert", lane=Lane.HIGH.value),
}


def example_event(preset: str) -> bytes:
    """What becomes of the example's request, as JSON: a mail arrives, at the second attempt."""
    event = event_of(preset, _MOVES.get(preset, _MOVE), Verdict.DELIVERED)
    assert event is not None  # noqa: S101 - there is a verdict
    return event
