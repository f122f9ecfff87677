"""Leases: several of a rate at once, for a process that gives them out by itself (see `limits`)."""

from dataclasses import dataclass

from sendwell.domain.limits import Rate, as_of

SPARE_SHARE = 100
"""Of what would be left, one in so many may be leased in advance."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants of one key."""

    key: str
    rate: Rate
    count: int = 0
    spare: int = 0
    """So many more are welcome, in advance."""
    returned: int = 0
    """So many of an earlier lease were not needed; they are put back first."""


@dataclass(frozen=True, slots=True)
class Lease:
    """What a wish came to."""

    granted: int
    """`count` and some of `spare`; when there are fewer, as many as there are."""
    tat: int
    """Where the key stands now, for everybody."""


def lease(tat: int | None, wish: Wish, *, now: int) -> Lease:
    """What a key at this TAT gives; None: it has its whole burst.

    Of what would be left after `count`, one in `SPARE_SHARE` is leased in advance: fewer and fewer
    as it comes to an end, so that nobody sits on the last ones.
    """
    pace = wish.rate.interval_us
    stands = as_of(now if tat is None else tat, wish.rate, now)
    stands = max(now, stands - wish.returned * pace)
    room = room_of(wish.rate, stands, now)
    in_advance = min(wish.spare, max(0, room - wish.count) // SPARE_SHARE)
    granted = min(room, wish.count + in_advance)
    return Lease(granted, stands + granted * pace)


def room_of(rate: Rate, tat: int, now: int) -> int:
    """How many a key at this TAT has left."""
    ahead = max(now, tat)
    return max(0, now + rate.tolerance_us + rate.interval_us - ahead) // rate.interval_us
