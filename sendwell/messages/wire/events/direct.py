"""Status updates of the preset `direct`, in the columns of its gateway's table."""

from typing import Annotated, Self

import msgspec

from sendwell.domain.lifecycle import State
from sendwell.messages.wire.move import Move


class QueueStatus(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A delivery has moved to `status`; the fields behind `updated_at` are ours."""

    id: Annotated[str, msgspec.Meta(description="The notification's id.")]
    user_id: str | None
    notification_type: Annotated[str, msgspec.Meta(description="The channel.")]
    template_code: str | None
    status: State
    priority: Annotated[
        int, msgspec.Meta(description="0 critical, 1 high, 2 medium, 3 low.", ge=0, le=3)
    ]
    error: str | None
    created_at: str
    updated_at: str
    delivery_id: str
    organization_id: str
    provider: str | None
    provider_message_id: str | None
    attempts: Annotated[int, msgspec.Meta(ge=0)]
    error_code: str | None
    correlation_id: str
    schema_version: str = "1.0"

    @classmethod
    def of(cls, move: Move) -> Self:
        """The move as an event."""
        status = move.status
        return cls(
            id=status.notification,
            user_id=status.user_id,
            notification_type=status.channel,
            template_code=move.template,
            status=status.state,
            priority=move.lane,
            error=status.text,
            created_at=move.created_at,
            updated_at=move.at,
            delivery_id=move.delivery,
            organization_id=status.tenant,
            provider=status.provider,
            provider_message_id=status.reference,
            attempts=status.attempt,
            error_code=status.code or status.rule,
            correlation_id=move.correlation_id,
        )
