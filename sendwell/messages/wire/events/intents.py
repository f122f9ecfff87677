"""The verdicts of the preset `intents`, such as `notification.email.delivered`, in its envelope."""

from typing import Annotated, Literal, Self

import msgspec

from sendwell.domain.lifecycle import State
from sendwell.domain.presets.verdict import Verdict
from sendwell.messages.wire.move import Move


class IntentOutcome(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What became of an intent on one channel: the six fields of the envelope, then the last
    attempt as the contract's data model has it.

    `idempotency_key` is the event's own: a reader who has seen it has seen the event.
    """

    idempotency_key: str
    correlation_id: str
    tenant_id: str
    source: Literal["sendwell"]
    trace_id: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]
    schema_version: Literal["1.0"]
    outcome: Verdict
    intent_id: str
    delivery_id: str
    channel: str
    event_type: str
    provider: str | None
    provider_message_id: str | None
    status: State
    attempts: Annotated[int, msgspec.Meta(ge=0)]
    error_classification: Annotated[
        str | None,
        msgspec.Meta(description="The cause of a dead letter, or the rule that stopped it."),
    ]
    error_code: str | None
    error_message: str | None
    created_at: str
    occurred_at: str

    @classmethod
    def of(cls, move: Move, verdict: Verdict) -> Self:
        """The move as an event."""
        status = move.status
        return cls(
            idempotency_key=move.key,
            correlation_id=move.correlation_id,
            tenant_id=status.tenant,
            source="sendwell",
            trace_id=move.trace_id,
            schema_version="1.0",
            outcome=verdict,
            intent_id=status.notification,
            delivery_id=move.delivery,
            channel=status.channel,
            event_type=move.event_type,
            provider=status.provider,
            provider_message_id=status.reference,
            status=status.state,
            attempts=status.attempt,
            error_classification=move.cause or status.rule,
            error_code=status.code,
            error_message=status.text,
            created_at=move.created_at,
            occurred_at=move.at,
        )
