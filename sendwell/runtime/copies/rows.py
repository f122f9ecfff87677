"""What the hot statements of copies take, whichever database they are for."""

from collections.abc import Iterable
from typing import NamedTuple


class OpenRow(NamedTuple):
    """Where a delivery stands that has not ended."""

    position: int
    part: str
    tenant: str
    channel: str
    state: str
    at: int
    planned_at: int
    claimed_at: int
    due: int
    attempt: int
    provider: str | None
    rule: str | None


class Heard(NamedTuple):
    """An extract that a service has dealt with."""

    service: str
    extract: str
    at: int


class HandedOn(NamedTuple):
    """A notification whose tasks have gone to another service."""

    position: int
    tenant: str


def newest(rows: Iterable[OpenRow]) -> list[OpenRow]:
    """One row for each delivery, in an order in which no two processes block each other."""
    by_time = sorted(rows, key=lambda row: row.at)
    found = {(row.position, row.part): row for row in by_time}
    return [found[delivery] for delivery in sorted(found)]
