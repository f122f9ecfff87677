"""The message in a channel's queue of `direct`, in the columns of its gateway's table."""

from typing import Annotated, Self

import msgspec
from msgspec import UNSET, UnsetType

from sendwell.domain.ids import ChannelName
from sendwell.domain.instant import rfc3339_of
from sendwell.domain.lane import BY_NUMBER
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
    Recipient,
    Tenant,
    Topic,
    Version,
    Words,
    json_fields,
    present,
    recipient_of,
    unless_empty,
    words_of,
)
from sendwell.messages.wire.reason import Reason
from sendwell.messages.wire.strict import refusal


class QueueRequest(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """One notification by the channel whose queue it lies in; either `user_id` or `to`."""

    notification_id: Id | None = None
    id: Annotated[Id, msgspec.Meta(description="Another name of `notification_id`.")] | None = None
    request_id: Key | None = None
    user_id: Annotated[str, msgspec.Meta(description="The person.")] | None = None
    to: Recipient | None = None
    notification_type: (
        Annotated[str, msgspec.Meta(description="The channel; that of the queue, if given.")] | None
    ) = None
    template_code: str | None = None
    variables: JsonObject | UnsetType = UNSET
    priority: (
        Annotated[
            int,
            msgspec.Meta(description="0 critical, 1 high, 2 medium, 3 low.", ge=0, le=3),
        ]
        | None
    ) = None
    metadata: Metadata | UnsetType = UNSET
    created_at: Created = None
    content: str | Words | None = None
    event_type: EventType | None = None
    topic: Topic | None = None
    language: str | None = None
    correlation_id: Correlation | None = None
    organization_id: Organization | None = None
    tenant_id: Tenant | None = None
    schema_version: Version | None = None

    def claims(self) -> Claims:
        """What it says. Raises Invalid when it says nothing about whom to tell."""
        if self.user_id is None and self.to is None:
            raise refusal(Reason.MISSING_FIELD, "/user_id is missing.", "/user_id")
        lane = None if self.priority is None else BY_NUMBER[self.priority].label
        return Claims(
            fields={
                **present(
                    user_id=self.user_id,
                    to=self.to,
                    template=self.template_code,
                    content=self.content,
                    event_type=self.event_type,
                    topic=self.topic,
                    locale=self.language,
                    priority=lane,
                ),
                **json_fields(
                    data=(self.variables, "/variables"), metadata=(self.metadata, "/metadata")
                ),
            },
            channels=() if self.notification_type is None else (self.notification_type,),
            id=self.notification_id or self.id,
            key=self.request_id,
            correlation_id=self.correlation_id,
        )

    @classmethod
    def of(cls, request: Requested, to: To, channel: ChannelName | None) -> Self:
        """The request, for one recipient by the queue's channel."""
        is_person = to.user_id is not None and to == To(user_id=to.user_id)
        return cls(
            notification_id=request.id,
            user_id=to.user_id if is_person else None,
            to=None if is_person else recipient_of(to),
            notification_type=channel,
            template_code=request.template.code if request.template else None,
            variables=unless_empty(request.data),
            priority=request.lane,
            metadata=unless_empty(request.metadata),
            created_at=rfc3339_of(request.accepted_at),
            content=words_of(request),
            event_type=request.event_type,
            topic=request.topic,
            language=request.template.locale if request.template else None,
            correlation_id=request.correlation_id,
            organization_id=request.tenant,
            schema_version=VERSION,
        )


CONTRACT = Contract(
    QueueRequest,
    pointers={
        "/id": "/notification_id",
        "/idempotency_key": "/request_id",
        "/template": "/template_code",
        "/data": "/variables",
        "/channel": "/notification_type",
        "/locale": "/language",
    },
    is_split_by_channel=False,
)
