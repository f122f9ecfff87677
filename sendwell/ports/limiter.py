"""The rate limits that all workers share."""

from collections.abc import Sequence
from typing import Protocol

from sendwell.domain.lease import Lease, Wish
from sendwell.domain.limits import Answer, Demand

__all__ = ["Answer", "Demand", "Lease", "Limiter", "Wish"]


class Limiter(Protocol):
    """Counts what goes out, by key, for everybody who was given the same limiter.

    Guarantees: calls are serialized, whoever makes them, and each is decided as by
    `domain.limits.decide` on what the calls before it have left. A limiter that has lost its
    memory lets through at most one burst a key more than it should.
    """

    async def take(self, demands: Sequence[Demand], now: int) -> Sequence[Answer]:
        """For each demand, in order: `ALLOWED` when it may go out now, else when to ask again.

        All times are microseconds since 1970. A demand takes from all of its keys or, when it is
        refused, from none; asking again is not queueing, and may be answered with a later time.
        Raises Unavailable when nobody can tell.
        """
        ...

    async def lease(self, wishes: Sequence[Wish], now: int) -> Sequence[Lease]:
        """For each wish, in order, what `domain.lease.lease` decides; no key is named twice.

        Whoever was granted something gives it out by itself: it counts from now on, for everybody.
        Raises Unavailable when nobody can tell.
        """
        ...
