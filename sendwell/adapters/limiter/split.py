"""Two limiters as one: what counts for days is kept where it lasts, all else where it is quick."""

from collections.abc import Sequence

from sendwell.domain.lease import Lease, Wish
from sendwell.domain.limits import Answer, Demand
from sendwell.ports.limiter import Limiter


class SplitLimiter:
    """Rates over a day or longer are counted by `lasting`, all others by `quick`.

    Of each demand the quick part is asked first. Where the lasting one then refuses, the quick part
    stays taken: a little less goes out, and nobody is sent more than a day allows.
    """

    def __init__(self, quick: Limiter, lasting: Limiter) -> None:
        self._quick = quick
        self._lasting = lasting

    async def take(self, demands: Sequence[Demand], now: int) -> Sequence[Answer]:
        lasting = [_part(demand, lasts=True) for demand in demands]
        if not any(lasting):
            return await self._quick.take(demands, now)
        quick = [_part(demand, lasts=False) for demand in demands]
        answers = list(await self._quick.take(quick, now))
        asked = [
            number for number, part in enumerate(lasting) if part and answers[number].key is None
        ]
        for number, answer in zip(
            asked, await self._lasting.take([lasting[n] for n in asked], now), strict=True
        ):
            answers[number] = answer
        return answers

    async def lease(self, wishes: Sequence[Wish], now: int) -> Sequence[Lease]:
        leases: dict[str, Lease] = {}
        for limiter, lasts in ((self._quick, False), (self._lasting, True)):
            part = [wish for wish in wishes if wish.rate.lasts is lasts]
            answers = await limiter.lease(part, now) if part else ()
            leases |= {wish.key: leased for wish, leased in zip(part, answers, strict=True)}
        return [leases[wish.key] for wish in wishes]


def _part(demand: Demand, *, lasts: bool) -> Demand:
    return tuple((key, rate) for key, rate in demand if rate.lasts is lasts)
