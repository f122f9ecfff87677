"""What the inbox's hot statements take, whichever database they are for."""

from typing import NamedTuple

from sendwell.domain.ids import TenantId


class Row(NamedTuple):
    """A message on its way into an inbox, encoded."""

    tenant: TenantId
    user_id: str
    key: str
    event_type: str
    notification: str
    at: int
    body: bytes
