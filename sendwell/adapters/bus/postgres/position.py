"""How far a group has come in a shard, although transactions do not commit in their order.

Parcels are ordered by the number of the transaction that published them, and inside it by their
own. A transaction may commit after higher numbers were read; so a position remembers, besides the
place it has reached, which lower transactions were still under way when it was reached (PostgreSQL
lists them in each snapshot). They are looked for again until they have ended. Nothing waits for
them: a transaction that lasts for an hour delays nobody but itself.

Nothing is missed: a transaction below the place has either ended when the place was read, so that
what it published was seen, or is listed. Order holds: of two publications, one after the other, the
second has the higher number, and no snapshot shows it without the first.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Place(NamedTuple):
    """Where a parcel lies in its shard."""

    xid: int
    seq: int


@dataclass(frozen=True, slots=True)
class Position:
    """Everything up to `reached` is done with, but what came from the `open` transactions.

    Of those everything up to a number is done with: nothing (0) while they are under way.
    """

    reached: Place
    open: Mapping[int, int]

    def after(self, last: Place, *, under_way: Collection[int], is_cut: bool) -> "Position":
        """The position once everything owed up to `last` is done with, as one snapshot showed it.

        `under_way` are the transactions the snapshot did not show; `is_cut` says that it may have
        shown more behind `last`.
        """
        if is_cut and last < self.reached:
            rest = {
                xid: seq for xid, seq in self.open.items() if xid > last.xid or xid in under_way
            }
            return Position(self.reached, {**rest, last.xid: last.seq})
        reached = max(last, self.reached)
        return Position(reached, {xid: 0 for xid in under_way if xid < reached.xid})


def under_way(snapshot: str) -> frozenset[int]:
    """The transactions that a `pg_snapshot` lists: `xmin:xmax:xid,xid,…`."""
    return frozenset(int(xid) for xid in snapshot.rpartition(":")[2].split(",") if xid)
