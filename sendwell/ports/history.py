"""The long memory: what happened to notifications, kept beside the journal and longer than it."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from sendwell.domain.ids import ChannelName, NotificationId, TenantId, UserId

STEPS = (
    "CREATED", "PLANNED", "SCHEDULED", "HELD", "SEND_ATTEMPT", "SENT", "FAILED", "RETRIED", "DEAD",
    "DELIVERED", "BOUNCED", "COMPLAINED", "SUPPRESSED", "CANCELLED", "EXPIRED",
)  # fmt: skip
"""The kinds of event, in the order in which those of the same moment happened."""


class Event(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One event of a notification, in the words of its timeline. Holds ids, no personal data.

    Its name is (tenant, notification, at, kind, delivery, attempt): told twice it is one event.
    Times are microseconds since 1970, UTC.
    """

    tenant: TenantId
    notification: NotificationId
    at: int
    kind: str
    """One of STEPS."""
    text: str = ""
    delivery: str = ""
    """Which part of the notification; empty where it is about all of it."""
    attempt: int = 0
    channel: ChannelName | None = None
    provider: str | None = None
    reference: str | None = None
    code: str | None = None
    rule: str | None = None
    due: int = 0
    user_id: UserId | None = None
    event_type: str | None = None


class History(Protocol):
    """Events on record, always asked for one tenant. What is old enough goes by itself."""

    async def record(self, events: Sequence[Event]) -> None:
        """The events are on record, each of them once, however often it was told.

        Raises Unavailable: then any of them may be there or not; tell them all again.
        """
        ...

    async def of_notification(
        self, tenant: TenantId, notification: NotificationId
    ) -> Sequence[Event]:
        """Everything that happened to a notification, in the order of time. Raises Unavailable."""
        ...

    async def of_recipient(
        self, tenant: TenantId, user: UserId, *, before: int, limit: int
    ) -> Sequence[Event]:
        """What happened to a person's deliveries before that time, the newest first, within the
        month of UTC that holds it. Raises Unavailable.
        """
        ...

    async def forget(self, tenant: TenantId, user: UserId, *, now: int) -> int:
        """No event says any more that it was that person's; gives how many did. Idempotent.

        The events stay, without words of others that may quote the person. What was told before
        and is told once more changes nothing. Raises Unavailable.
        """
        ...

    async def close(self) -> None:
        """Let go of every connection. Idempotent."""
        ...
