"""The request of `intents`: one flat object, fields of envelope and intent side by side."""

from typing import Annotated, Literal, Self

import msgspec
from msgspec import UNSET, UnsetType

from sendwell.domain.ids import ChannelName
from sendwell.domain.instant import rfc3339_of, rfc3339_or_none
from sendwell.messages.requested import Requested, To
from sendwell.messages.wire.contract import Claims, Contract
from sendwell.messages.wire.fields import (
    Correlation,
    Created,
    EventType,
    Id,
    JsonObject,
    Key,
    Metadata,
    Organization,
    Priority,
    Recipient,
    Source,
    Tenant,
    Topic,
    Trace,
    Version,
    Words,
    json_fields,
    label_of,
    present,
    recipient_of,
    unless_empty,
    words_of,
)
from sendwell.messages.wire.reason import Reason
from sendwell.messages.wire.strict import refusal
from sendwell.messages.wire.trace import trace_id_of

SCHEMA_VERSION = "1.0"
_SAME = (
    "event_type", "category", "topic", "template_version", "locale", "content", "routing",
    "priority", "send_at", "timezone", "expires_at", "ttl_seconds",
)  # fmt: skip
"""Fields that are the same in the gateway's request."""


class IntentRequest(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """An intent: an envelope of six fields, then whom to tell what, and by which channels.

    `id` or `idempotency_key` is needed; each stands in for the other.
    """

    idempotency_key: Key | None = None
    correlation_id: Correlation | None = None
    tenant_id: Tenant | None = None
    source: Source | None = None
    trace_id: Trace | None = None
    schema_version: Version | None = None
    id: Id | None = None
    recipient: Annotated[
        str | Recipient | list[Recipient],
        msgspec.Meta(description="A user's id, or an object with addresses, or several of them."),
    ]
    channel_targets: list[str] | None = None
    template_id: Annotated[str, msgspec.Meta(description="A template's code.")] | None = None
    payload: JsonObject | UnsetType = UNSET
    metadata: Metadata | UnsetType = UNSET
    created_at: Created = None
    event_type: EventType | None = None
    content: str | Words | None = None
    category: str | None = None
    topic: Topic | None = None
    template_version: int | None = None
    locale: str | None = None
    routing: Literal["all", "fallback"] | None = None
    priority: Priority | None = None
    send_at: str | None = None
    timezone: str | None = None
    expires_at: str | None = None
    ttl_seconds: int | None = None
    organization_id: Organization | None = None

    def claims(self) -> Claims:
        """What it says. Raises Invalid when nothing tells it from another intent."""
        if self.id is None and self.idempotency_key is None:
            why = "/idempotency_key is missing, and there is no id either."
            raise refusal(Reason.MISSING_FIELD, why, "/idempotency_key")
        is_user = isinstance(self.recipient, str)
        return Claims(
            fields={
                **present(**{name: getattr(self, name) for name in _SAME}),
                **present(template=self.template_id),
                ("user_id" if is_user else "to"): self.recipient,
                **json_fields(
                    data=(self.payload, "/payload"), metadata=(self.metadata, "/metadata")
                ),
            },
            channels=tuple(self.channel_targets or ()),
            id=self.id,
            key=self.idempotency_key,
            correlation_id=self.correlation_id,
            trace_id=self.trace_id,
            source=self.source,
        )

    @classmethod
    def of(cls, request: Requested, to: To, channel: ChannelName | None) -> Self:
        """The request as an intent for one recipient, its envelope complete."""
        correlation_id = request.correlation_id or request.id
        template = request.template
        is_person = to.user_id is not None and to == To(user_id=to.user_id)
        return cls(
            idempotency_key=request.id,
            correlation_id=correlation_id,
            tenant_id=request.tenant,
            source=request.source,
            trace_id=trace_id_of(request.traceparent, correlation_id),
            schema_version=SCHEMA_VERSION,
            id=request.id,
            recipient=to.user_id if is_person and to.user_id else recipient_of(to),
            channel_targets=[channel] if channel else list(request.channels) or None,
            template_id=template.code if template else None,
            payload=unless_empty(request.data),
            metadata=unless_empty(request.metadata),
            created_at=rfc3339_of(request.accepted_at),
            event_type=request.event_type,
            content=words_of(request),
            category=request.category,
            topic=request.topic,
            template_version=template.version if template else None,
            locale=template.locale if template else None,
            routing="fallback" if request.is_fallback and not channel else None,
            priority=label_of(request.lane),
            send_at=request.send_at,
            timezone=request.timezone,
            expires_at=rfc3339_or_none(request.expires_at or 0),
        )


CONTRACT = Contract(
    IntentRequest,
    pointers={
        "/user_id": "/recipient",
        "/to": "/recipient",
        "/template": "/template_id",
        "/data": "/payload",
        "/channel": "/channel_targets/0",
        "/channels": "/channel_targets",
    },
)
