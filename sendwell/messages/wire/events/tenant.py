"""`notification.status` of the preset `tenant`: the status columns of its table, in camelCase."""

from typing import Annotated, Literal, Self

import msgspec

from sendwell.domain.lifecycle import State
from sendwell.messages.wire.move import Move

StatusWord = Literal["PENDING", "PROCESSING", "SENT", "FAILED", "RETRYING"]

STATUS_WORDS: dict[State, StatusWord] = {
    State.PENDING: "PENDING",
    State.SCHEDULED: "PENDING",
    State.HELD: "PENDING",
    State.PROCESSING: "PROCESSING",
    State.SENT: "SENT",
    State.DELIVERED: "SENT",
    State.COMPLAINED: "SENT",
    State.FAILED: "FAILED",
    State.RETRYING: "RETRYING",
    State.DEAD: "FAILED",
    State.BOUNCED: "FAILED",
    State.SUPPRESSED: "FAILED",
    State.CANCELLED: "FAILED",
    State.EXPIRED: "FAILED",
}
"""Our states in the five words of the contract. `state` beside it says more."""


class TenantStatus(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel"):
    """A delivery has moved. `status` is one of five words, `state` is exactly where it is."""

    notification_id: str
    organization_id: str
    event_type: str
    channel: Annotated[str, msgspec.Meta(description="`EMAIL`, `SMS`, `PUSH`, …")]
    status: StatusWord
    provider: str | None
    provider_message_id: str | None
    retry_count: Annotated[int, msgspec.Meta(description="Attempts after the first one.", ge=0)]
    max_retries: Annotated[int, msgspec.Meta(ge=0)]
    error_code: str | None
    error_message: str | None
    created_at: str
    updated_at: str
    sent_at: str | None
    state: State
    delivery_id: Annotated[str, msgspec.Meta(description="Which of the notification's deliveries.")]
    correlation_id: str
    schema_version: str = "1.0"

    @classmethod
    def of(cls, move: Move) -> Self:
        """The move as an event."""
        status = move.status
        return cls(
            notification_id=status.notification,
            organization_id=status.tenant,
            event_type=move.event_type,
            channel=status.channel.upper(),
            status=STATUS_WORDS[status.state],
            provider=status.provider,
            provider_message_id=status.reference,
            retry_count=max(0, status.attempt - 1),
            max_retries=max(0, move.most_attempts - 1),
            error_code=status.code or status.rule,
            error_message=status.text,
            created_at=move.created_at,
            updated_at=move.at,
            sent_at=move.at if status.state is State.SENT else move.was_sent_at,
            state=status.state,
            delivery_id=move.delivery,
            correlation_id=move.correlation_id,
        )
