"""What a tenant is told about how much it may hand in (RateLimit headers).

The fields are those of draft-ietf-httpapi-ratelimit-headers-11: one policy named `tenant`.
"""

from functools import lru_cache

import msgspec

from sendwell.domain.errors import TooLarge, Unavailable
from sendwell.domain.instant import span_of
from sendwell.domain.lease import room_of
from sendwell.domain.limits import Rate
from sendwell.runtime.server.calls import Header

_SECOND = 1_000_000


class RateLimitStatus(msgspec.Struct, frozen=True, gc=False):
    """Where a tenant stands after a request."""

    policy: bytes
    remaining: int
    reset_seconds: int
    refusal: Unavailable | TooLarge | None = None
    """Why nothing was taken, if so: it is too many for now (429), or for ever (413)."""

    @property
    def headers(self) -> list[Header]:
        """As the answer says it."""
        limit = b'"tenant";r=%d;t=%d' % (self.remaining, self.reset_seconds)
        return [(b"ratelimit-policy", self.policy), (b"ratelimit", limit)]


def status_at(
    rate: Rate, tat: int, *, held: int = 0, now: int, refusal: Unavailable | TooLarge | None = None
) -> RateLimitStatus:
    """Where it stands at this TAT, with so many more that count as taken already."""
    reset_seconds = -(-max(0, tat - now) // _SECOND)
    return RateLimitStatus(_header(rate), held + room_of(rate, tat, now), reset_seconds, refusal)


def refused(rate: Rate, tat: int, *, count: int, held: int = 0, now: int) -> RateLimitStatus:
    """The same, for `count` that do not fit."""
    refusal = never_fits(rate, count) or _too_many_now(rate, tat, count=count - held, now=now)
    return status_at(rate, tat, held=held, now=now, refusal=refusal)


def never_fits(rate: Rate, count: int) -> TooLarge | None:
    """Why so many are more than the rate ever lets in at once, if they are."""
    if count <= rate.burst:
        return None
    return TooLarge(f"By {rate} a batch may have {rate.burst} notifications: send it in parts.")


def _too_many_now(rate: Rate, tat: int, *, count: int, now: int) -> Unavailable:
    room = now + rate.tolerance_us + rate.interval_us
    until = max(tat, now) + count * rate.interval_us
    return Unavailable(
        f"More than {rate} notifications; send this again later.",
        retry_after=span_of(max(until - room, rate.interval_us)),
        is_too_many=True,
    )


@lru_cache(maxsize=1_024)
def _header(rate: Rate) -> bytes:
    """The policy in its own header: so many at once, and in so many seconds as many again.

    Remembered, for it is told with each answer.
    """
    seconds = rate.burst * rate.period_us // rate.count // _SECOND
    return b'"tenant";q=%d;w=%d' % (rate.burst, max(1, seconds))
