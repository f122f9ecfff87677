"""The request of the preset `tenant`: camelCase, one recipient by one channel."""

from typing import Annotated, Self

import msgspec
from msgspec import UNSET, UnsetType

from sendwell.channels import all_channels
from sendwell.domain.ids import ChannelName
from sendwell.domain.instant import rfc3339_of
from sendwell.messages.requested import Requested, To
from sendwell.messages.wire.contract import VERSION, Claims, Contract
from sendwell.messages.wire.fields import (
    Correlation,
    Created,
    EventType,
    Id,
    JsonObject,
    Metadata,
    Organization,
    Priority,
    Topic,
    Version,
    Words,
    json_fields,
    label_of,
    present,
    unless_empty,
    words_of,
)


class TenantRequest(
    msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False, rename="camel"
):
    """One notification to one recipient by one channel; the fields behind `createdAt` are ours."""

    notification_id: Id
    organization_id: Organization | None = None
    event_type: EventType
    channel: Annotated[str, msgspec.Meta(description="`EMAIL`, `SMS`, `PUSH`, …")]
    recipient: Annotated[
        str,
        msgspec.Meta(description="The address on the channel; a user's id where it has none."),
    ]
    payload: JsonObject | UnsetType = UNSET
    created_at: Created = None
    topic: Topic | None = None
    content: str | Words | None = None
    template: str | None = None
    locale: str | None = None
    metadata: Metadata | UnsetType = UNSET
    priority: Priority | None = None
    correlation_id: Correlation | None = None
    schema_version: Version | None = None

    def claims(self) -> Claims:
        """What it says; the payload is the template's data."""
        return Claims(
            fields={
                **present(
                    event_type=self.event_type,
                    topic=self.topic,
                    content=self.content,
                    template=self.template,
                    locale=self.locale,
                    priority=self.priority,
                ),
                **json_fields(
                    data=(self.payload, "/payload"), metadata=(self.metadata, "/metadata")
                ),
            },
            address=self.recipient,
            channels=(self.channel,),
            id=self.notification_id,
            correlation_id=self.correlation_id,
        )

    @classmethod
    def of(cls, request: Requested, to: To, channel: ChannelName | None) -> Self:
        """The request, for one recipient by one channel."""
        channel = channel or next(iter(request.channels), None)
        return cls(
            notification_id=request.id,
            organization_id=request.tenant,
            event_type=request.event_type,
            channel=(channel or "").upper(),
            recipient=_recipient(to, channel),
            payload=unless_empty(request.data),
            created_at=rfc3339_of(request.accepted_at),
            topic=request.topic,
            content=words_of(request),
            template=request.template.code if request.template else None,
            locale=request.template.locale if request.template else None,
            metadata=unless_empty(request.metadata),
            priority=label_of(request.lane),
            correlation_id=request.correlation_id,
            schema_version=VERSION,
        )


def _recipient(to: To, channel: ChannelName | None) -> str:
    """An address of another channel is none: whoever reads it would send to it."""
    if channel is None:
        return to.email or to.phone or to.token or to.url or to.user_id or ""
    address: str | None = getattr(to, all_channels()[channel].address_field)
    return address or to.user_id or ""


CONTRACT = Contract(
    TenantRequest,
    pointers={
        "/id": "/notificationId",
        "/organization_id": "/organizationId",
        "/event_type": "/eventType",
        "/to/email": "/recipient",
        "/to/phone": "/recipient",
        "/to/token": "/recipient",
        "/to/url": "/recipient",
        "/to/user_id": "/recipient",
        "/to": "/recipient",
        "/data": "/payload",
        "/correlation_id": "/correlationId",
    },
)
