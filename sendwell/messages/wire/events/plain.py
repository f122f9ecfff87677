"""A delivery's move in our own words: `sendwell.status`, and `notifications.status` of `lanes`."""

from typing import Annotated, Self

import msgspec

from sendwell.domain.instant import rfc3339_or_none
from sendwell.domain.lifecycle import State
from sendwell.messages.wire.fields import Priority, label_of
from sendwell.messages.wire.move import Move


class DeliveryStatus(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A delivery has moved to `status`."""

    notification_id: str
    delivery_id: str
    organization_id: str
    user_id: str | None
    event_type: str
    channel: str
    priority: Priority
    status: State
    attempts: Annotated[int, msgspec.Meta(ge=0)]
    provider: str | None
    provider_message_id: str | None
    rule: Annotated[str | None, msgspec.Meta(description="Which rule decided, where one did.")]
    cause: Annotated[str | None, msgspec.Meta(description="Why it was given up, where it was.")]
    error_code: str | None
    error_message: str | None
    created_at: str
    occurred_at: str
    due_at: Annotated[str | None, msgspec.Meta(description="When it goes on, where it waits.")]
    correlation_id: str
    schema_version: str = "1.0"

    @classmethod
    def of(cls, move: Move) -> Self:
        """The move as an event."""
        status = move.status
        return cls(
            notification_id=status.notification,
            delivery_id=move.delivery,
            organization_id=status.tenant,
            user_id=status.user_id,
            event_type=move.event_type,
            channel=status.channel,
            priority=label_of(move.lane),
            status=status.state,
            attempts=status.attempt,
            provider=status.provider,
            provider_message_id=status.reference,
            rule=status.rule,
            cause=move.cause,
            error_code=status.code,
            error_message=status.text,
            created_at=move.created_at,
            occurred_at=move.at,
            due_at=rfc3339_or_none(status.due),
            correlation_id=move.correlation_id,
        )
