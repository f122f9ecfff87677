"""The request in our own words, as by REST; with it that of `lanes`, which is a part of ours."""

from typing import Annotated, Literal, Self

import msgspec
from msgspec import UNSET, UnsetType

from sendwell.domain.ids import ChannelName
from sendwell.domain.instant import rfc3339_of, rfc3339_or_none
from sendwell.messages.requested import Requested, To
from sendwell.messages.wire.contract import VERSION, Claims, Contract
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
    Version,
    Words,
    json_fields,
    label_of,
    present,
    recipient_of,
    unless_empty,
    words_of,
)

_SAME = (
    "user_id", "to", "event_type", "category", "topic", "template", "template_version", "locale",
    "content", "routing", "priority", "send_at", "timezone", "expires_at", "ttl_seconds",
)  # fmt: skip
"""Fields that are the same in the gateway's request."""


class PlainRequest(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """What to tell whom, and how: either `user_id` or `to`, everything else is optional."""

    user_id: Annotated[str, msgspec.Meta(description="The person.")] | None = None
    to: Recipient | list[Recipient] | None = None
    event_type: EventType | None = None
    content: str | Words | None = None
    metadata: Metadata | UnsetType = UNSET
    data: JsonObject | UnsetType = UNSET
    payload: JsonObject | UnsetType = UNSET
    template: Annotated[str, msgspec.Meta(description="A template's code.")] | None = None
    template_version: int | None = None
    locale: str | None = None
    category: str | None = None
    topic: Topic | None = None
    channel: str | None = None
    channels: list[str] | None = None
    routing: Literal["all", "fallback"] | None = None
    priority: Priority | None = None
    send_at: str | None = None
    timezone: str | None = None
    expires_at: str | None = None
    ttl_seconds: int | None = None
    id: Id | None = None
    idempotency_key: Key | None = None
    correlation_id: Correlation | None = None
    organization_id: Organization | None = None
    tenant_id: Tenant | None = None
    source: Source | None = None
    created_at: Created = None
    schema_version: Version | None = None

    def claims(self) -> Claims:
        """What it says; `channel` and `channels` are taken together."""
        return Claims(
            fields={
                **present(**{name: getattr(self, name) for name in _SAME}),
                **json_fields(
                    data=(self.data, "/data"),
                    payload=(self.payload, "/payload"),
                    metadata=(self.metadata, "/metadata"),
                ),
            },
            channels=(
                *([self.channel] if self.channel is not None else ()),
                *(self.channels or ()),
            ),
            id=self.id,
            key=self.idempotency_key,
            correlation_id=self.correlation_id,
            source=self.source,
        )

    @classmethod
    def of(cls, request: Requested, to: To, channel: ChannelName | None) -> Self:
        """The request, for one recipient."""
        template = request.template
        is_person = to == To(user_id=to.user_id)
        return cls(
            user_id=to.user_id if is_person else None,
            to=None if is_person else recipient_of(to),
            event_type=request.event_type,
            content=words_of(request),
            metadata=unless_empty(request.metadata),
            data=unless_empty(request.data),
            template=template.code if template else None,
            template_version=template.version if template else None,
            locale=template.locale if template else None,
            category=request.category,
            topic=request.topic,
            channel=channel,
            channels=None if channel else list(request.channels) or None,
            routing="fallback" if request.is_fallback and not channel else None,
            priority=label_of(request.lane),
            send_at=request.send_at,
            timezone=request.timezone,
            expires_at=rfc3339_or_none(request.expires_at or 0),
            id=request.id,
            correlation_id=request.correlation_id,
            organization_id=request.tenant,
            source=request.source,
            created_at=rfc3339_of(request.accepted_at),
            schema_version=VERSION,
        )


CONTRACT = Contract(PlainRequest)
