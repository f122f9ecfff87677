"""The limiter of a single process: everything in one dictionary."""

import heapq
from collections.abc import Mapping, Sequence

from sendwell.domain.lease import Lease, Wish, lease
from sendwell.domain.limits import Answer, Demand, decide

_KEPT = 0.75
"""How full it is after making room, so that room is not made at every call."""


class MemoryLimiter:
    """Remembers at most `capacity` keys between calls (some 200 bytes each).

    Keys whose burst is whole again are forgotten first, which changes nothing; then those that
    would be whole soonest, which lets a little too much through: the price of a bound.
    """

    def __init__(self, capacity: int = 100_000) -> None:
        self._capacity = capacity
        self._tats: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._tats)

    async def take(self, demands: Sequence[Demand], now: int) -> list[Answer]:
        decision = decide(self._tats, demands, now=now)
        self._keep(decision.tats, now)
        return decision.answers

    async def lease(self, wishes: Sequence[Wish], now: int) -> list[Lease]:
        leases = [lease(self._tats.get(wish.key), wish, now=now) for wish in wishes]
        moved = zip(wishes, leases, strict=True)
        self._keep({wish.key: leased.tat for wish, leased in moved}, now)
        return leases

    def _keep(self, tats: Mapping[str, int], now: int) -> None:
        self._tats |= tats
        if len(self._tats) > self._capacity:
            self._make_room(now)

    def _make_room(self, now: int) -> None:
        self._tats = {key: tat for key, tat in self._tats.items() if tat > now}
        if len(self._tats) > self._capacity:
            kept = int(self._capacity * _KEPT)
            self._tats = dict(heapq.nlargest(kept, self._tats.items(), key=lambda item: item[1]))
