"""What the journal's hot statements take, whichever database they are for."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from sendwell.domain.errors import Conflict
from sendwell.domain.ids import NotificationId, TenantId, UserId


class Row(msgspec.Struct, frozen=True, gc=False):
    """A notification on its way into the journal, encoded."""

    position: int
    tenant: TenantId
    id: NotificationId
    user_id: str | None
    event_type: str
    accepted_at: int
    body: bytes
    key: bytes | None
    fingerprint: bytes
    window: int
    """Idempotency keys of positions that lie further back no longer count."""
    is_named: bool
    """The id is the producer's, so it may have been used before."""
    people: tuple[tuple[int, UserId], ...] = ()
    """Where it is to several: those who are named by id, with their places."""


class Named(NamedTuple):
    """One of several whom a notification is to."""

    position: int
    place: int
    tenant: TenantId
    user_id: UserId


def named(rows: Iterable[Row]) -> list[Named]:
    """The people of those that are to several."""
    return [
        Named(row.position, place, row.tenant, user)
        for row in rows
        if row.people
        for place, user in row.people
    ]


class Count(NamedTuple):
    """So many deliveries planned for a tenant by one node."""

    tenant: TenantId
    node: int
    deliveries: int


def summed(counts: Iterable[Count]) -> list[Count]:
    """One sum for each tenant and node, in an order that lets no two processes block each other."""
    sums: dict[tuple[TenantId, int], int] = {}
    for tenant, node, deliveries in counts:
        sums[tenant, node] = sums.get((tenant, node), 0) + deliveries
    return [Count(*key, deliveries) for key, deliveries in sorted(sums.items())]


def refuse(ended: Sequence[object]) -> None:
    """Raises Conflict where any delivery that was asked for has ended."""
    if ended:
        raise Conflict("One of these deliveries has ended already.")
