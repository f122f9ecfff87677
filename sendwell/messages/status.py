"""`Status`: a delivery has moved. It is the history row, and it is what travels."""

import msgspec

from sendwell.domain.ids import ChannelName, NotificationId, Position, TenantId
from sendwell.domain.lifecycle import State


class Status(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One move of one delivery, with everything a person would ask about it.

    A move that ends an attempt carries `claimed_at`, so that one row tells two events: the
    attempt and what came of it. Times are microseconds since 1970, UTC. No personal data.
    """

    tenant: TenantId
    notification: NotificationId
    position: Position
    part: str
    channel: ChannelName
    state: State
    at: int
    planned_at: int = 0
    claimed_at: int = 0
    attempt: int = 0
    provider: str | None = None
    reference: str | None = None
    code: str | None = None
    text: str | None = None
    rule: str | None = None
    """Which rule decided, where it was a decision."""
    due: int = 0
    """When it goes on, where it waits."""
    was_due: int = 0
    """As in the task; on the way only, not on record."""
    user_id: str | None = None
    lane: int = 2
    """Of a move that was just made of a task; otherwise the request tells it."""
    beside: int = 1
    """As in the task; on the way only, not on record."""
    version: int = 1
