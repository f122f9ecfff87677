"""`Move`: a `Status` with what else others want to know when they hear of it."""

from typing import Self

import msgspec

from sendwell.domain.delivery_key import DeliveryKey
from sendwell.domain.instant import rfc3339_of, rfc3339_or_none
from sendwell.domain.triage import Cause
from sendwell.messages.requested import Requested
from sendwell.messages.status import Status
from sendwell.messages.wire.trace import trace_id_of


class Move(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One move of one delivery, and what its `Status` leaves to the request. No personal data."""

    status: Status
    event_type: str
    lane: int
    accepted_at: int
    """Microseconds since 1970, UTC; so is `sent_at`, 0 for not or not known."""
    correlation_id: str
    most_attempts: int
    """All attempts that the policy allows, the first one included."""
    traceparent: str | None = None
    template: str | None = None
    sent_at: int = 0
    cause: Cause | None = None
    """Why it was given up, when it was."""
    is_end: bool = False
    """Nothing more is to be expected: a provider that sends no receipts has taken it."""

    @classmethod
    def of(
        cls,
        status: Status,
        request: Requested,
        *,
        most_attempts: int,
        sent_at: int = 0,
        cause: Cause | None = None,
        is_end: bool = False,
    ) -> Self:
        """The move of a delivery of that request."""
        return cls(
            status=status,
            event_type=request.event_type,
            lane=request.lane,
            accepted_at=request.accepted_at,
            correlation_id=request.correlation_id or request.id,
            most_attempts=most_attempts,
            traceparent=request.traceparent,
            template=request.template.code if request.template else None,
            sent_at=sent_at,
            cause=cause,
            is_end=is_end,
        )

    @property
    def delivery(self) -> str:
        """The delivery's name within its tenant."""
        return f"{self.status.notification}.{self.status.part}"

    @property
    def key(self) -> str:
        """The move's own name: by it a reader recognizes that it has seen the event."""
        status = self.status
        delivery = DeliveryKey.of(status.tenant, status.notification, status.part)
        return f"{delivery}:{status.state}:{status.at}"

    @property
    def trace_id(self) -> str:
        """The trace that it belongs to."""
        return trace_id_of(self.traceparent, self.correlation_id)

    @property
    def at(self) -> str:
        """When it happened."""
        return rfc3339_of(self.status.at)

    @property
    def created_at(self) -> str:
        """When the notification was accepted."""
        return rfc3339_of(self.accepted_at)

    @property
    def was_sent_at(self) -> str | None:
        """When a provider took it, as far as that is known."""
        return rfc3339_or_none(self.sent_at)
