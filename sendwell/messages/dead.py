"""`Dead`: a delivery has ended in failure and is kept for triage and replay."""

import msgspec

from sendwell.domain.ids import ChannelName, NotificationId, Position, TenantId


class Dead(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One dead letter. Holds ids only; the request itself stays in the journal."""

    tenant: TenantId
    position: Position
    notification: NotificationId
    part: str
    channel: ChannelName
    event_type: str
    lane: int
    cause: str
    code: str | None
    text: str | None
    provider: str | None
    attempt: int
    at: int
    version: int = 1
