"""Reads producers' messages, as the tests of the reader do it."""

from collections.abc import Mapping
from typing import Any

import msgspec

from sendwell.domain.ids import ChannelName, TenantId
from sendwell.domain.presets.naming import WHOLE, Share
from sendwell.messages.wire.incoming import Asked, Incoming
from sendwell.messages.wire.quarantined import Quarantined
from sendwell.messages.wire.reader import Reader
from sendwell.messages.wire.reason import Reason
from sendwell.roles.gateway.wire import NotificationIn, read
from tests.unit.messages.builders import CHANNELS, NOW

ACME = TenantId("acme")
PUSH = ChannelName("push")
INTENT: dict[str, Any] = {
    "idempotency_key": "order-7",
    "correlation_id": "checkout-3",
    "tenant_id": "acme",
    "source": "orders",
    "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    "schema_version": "1.0",
    "id": "intent-1",
    "recipient": "user-001",
    "channel_targets": ["email", "push"],
    "template_id": "order-shipped",
    "payload": {"order": "4711"},
    "metadata": {"shop": 1},
}
QUEUED: dict[str, Any] = {
    "notification_id": "n-1",
    "user_id": "user-001",
    "notification_type": "email",
    "template_code": "welcome",
    "variables": {"name": "John"},
    "priority": 1,
    "metadata": {"shop": 1},
    "organization_id": "acme",
}


def taken(
    preset: str,
    body: bytes | Mapping[str, Any],
    *,
    headers: Mapping[str, str] | None = None,
    share: Share = WHOLE,
    id_: str = "",
    proven: TenantId | None = None,
    otherwise: TenantId | None = None,
) -> Asked | Quarantined:
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    reader = Reader(preset, CHANNELS, otherwise=otherwise)
    return reader.read(Incoming(raw, headers or {}, id_, share), now=NOW, proven=proven)


def asked(preset: str, body: bytes | Mapping[str, Any], **how: Any) -> Asked:
    found = taken(preset, body, **how)
    assert isinstance(found, Asked), found
    return found


def request(preset: str, body: bytes | Mapping[str, Any], **how: Any) -> NotificationIn:
    return read(asked(preset, body, **how).body)


def refused(preset: str, body: bytes | Mapping[str, Any], **how: Any) -> tuple[Reason, str]:
    found = taken(preset, body, **how)
    assert isinstance(found, Quarantined), found
    assert found.text
    return found.reason, found.pointer
