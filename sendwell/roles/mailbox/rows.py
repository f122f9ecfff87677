"""What the mailbox's hot statements take, whichever database they are for."""

from typing import NamedTuple

from sendwell.domain.ids import TenantId


class Row(NamedTuple):
    """A message on its way into the mailbox, encoded."""

    tenant: TenantId
    key: str
    channel: str
    user_id: str | None
    event_type: str
    notification: str
    part: str
    lane: int
    at: int
    body: bytes


class Bound(NamedTuple):
    """How many messages a tenant may keep."""

    tenant: TenantId
    most: int
