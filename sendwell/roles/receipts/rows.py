"""What the receipts role's hot statements take, whichever database they are for."""

from typing import NamedTuple


class Record(NamedTuple):
    """A receipt on its way onto the record."""

    provider: str
    event_id: str
    tenant: str | None
    position: int | None
    part: str | None
    said: str
    code: str | None
    state: str | None
    at: int
    taken_at: int


class Wait(NamedTuple):
    """A receipt on its way to the waiting ones, encoded."""

    number: int
    provider: str
    event_id: str
    tenant: str | None
    due: int
    taken_at: int
    receipt: bytes
