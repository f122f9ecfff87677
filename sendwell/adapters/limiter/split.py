"""Two limiters as one: what counts for days is kept where it lasts, all else where it is quick."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from itertools import chain

from sendwell.domain.lease import Lease, Wish
from sendwell.domain.limits import Answer, Demand, decide
from sendwell.ports.limiter import Limiter


class SplitLimiter:
    """Rates over a day or longer are counted by `lasting`, all others by `quick`.

    Of each demand the quick part is asked first. What the lasting one then refuses is given back to
    the quick one, and what had found no room for it is asked again. Should we end in between, it
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
        _fill_in(answers, asked, await self._lasting.take([lasting[n] for n in asked], now))
        if in_vain := [quick[n] for n in asked if answers[n].key is not None]:
            given_back = await self._give_back(in_vain, now)
            again = [n for n, answer in enumerate(answers) if answer.key in given_back]
            _fill_in(answers, again, await self._take_again([demands[n] for n in again], now))
        return answers

    async def _give_back(self, taken: Iterable[Demand], now: int) -> Collection[str]:
        counts = Counter(chain.from_iterable(taken))
        wishes = [Wish(key, rate, returned=count) for (key, rate), count in counts.items()]
        await self._quick.lease(wishes, now)
        return {wish.key for wish in wishes}

    async def _take_again(self, demands: Sequence[Demand], now: int) -> Sequence[Answer]:
        """Where many are over a day's rate and few pass the quick one at once, each time a few
        would be asked in vain: first the lasting one says which it would refuse.
        """
        answers = await self._foresee([_part(demand, lasts=True) for demand in demands], now)
        asked = [number for number, answer in enumerate(answers) if answer.key is None]
        if asked:
            _fill_in(answers, asked, await self.take([demands[n] for n in asked], now))
        return answers

    async def _foresee(self, demands: Sequence[Demand], now: int) -> list[Answer]:
        """What the lasting one would say to each alone. Takes nothing."""
        wishes = [Wish(key, rate) for key, rate in dict(chain.from_iterable(demands)).items()]
        leases = await self._lasting.lease(wishes, now)
        tats = {wish.key: leased.tat for wish, leased in zip(wishes, leases, strict=True)}
        return [decide(tats, [demand], now=now).answers[0] for demand in demands]

    async def lease(self, wishes: Sequence[Wish], now: int) -> Sequence[Lease]:
        leases: dict[str, Lease] = {}
        for limiter, lasts in ((self._quick, False), (self._lasting, True)):
            part = [wish for wish in wishes if wish.rate.lasts is lasts]
            answers = await limiter.lease(part, now) if part else ()
            leases |= {wish.key: leased for wish, leased in zip(part, answers, strict=True)}
        return [leases[wish.key] for wish in wishes]


def _part(demand: Demand, *, lasts: bool) -> Demand:
    return tuple((key, rate) for key, rate in demand if rate.lasts is lasts)


def _fill_in(answers: list[Answer], numbers: Sequence[int], given: Sequence[Answer]) -> None:
    for number, answer in zip(numbers, given, strict=True):
        answers[number] = answer
