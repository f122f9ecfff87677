"""What counts for days is kept apart from what may be forgotten."""

from collections.abc import Sequence

from sendwell.adapters.limiter.memory import MemoryLimiter
from sendwell.adapters.limiter.split import SplitLimiter
from sendwell.domain.lease import Lease, Wish
from sendwell.domain.limits import Answer, Demand, Rate

NOW = 1_800_000_000_000_000
CHANNEL = ("channel", Rate.parse("100/s"))
SECOND = ("tenant", Rate.parse("2/s"))
DAY = ("ada", Rate.parse("1/d"))


class Counting(MemoryLimiter):
    """How often it was asked."""

    questions = 0

    async def take(self, demands: Sequence[Demand], now: int) -> list[Answer]:
        self.questions += 1
        return await super().take(demands, now)

    async def lease(self, wishes: Sequence[Wish], now: int) -> list[Lease]:
        self.questions += 1
        return await super().lease(wishes, now)


async def keys(limiter: SplitLimiter, *demands: Demand) -> list[str | None]:
    return [answer.key for answer in await limiter.take(demands, NOW)]


async def test_each_part_of_a_demand_is_counted_where_it_belongs() -> None:
    quick, lasting = MemoryLimiter(), MemoryLimiter()

    assert await keys(SplitLimiter(quick, lasting), (SECOND, DAY), (SECOND,)) == [None, None]

    assert (len(quick), len(lasting)) == (1, 1)
    assert await keys(SplitLimiter(MemoryLimiter(), lasting), (SECOND, DAY)) == ["ada"]


async def test_either_part_refuses_and_the_lasting_one_is_not_asked_in_vain() -> None:
    quick, lasting = MemoryLimiter(), MemoryLimiter()
    limiter = SplitLimiter(quick, lasting)
    await keys(limiter, (SECOND,), (SECOND,))

    assert await keys(limiter, (SECOND, DAY)) == ["tenant"]

    assert len(lasting) == 0


async def test_what_a_day_refuses_takes_nothing_from_the_others() -> None:
    limiter = SplitLimiter(MemoryLimiter(), MemoryLimiter())
    await keys(limiter, (CHANNEL, DAY))

    for _ in range(4):
        assert await keys(limiter, *[(CHANNEL, DAY)] * 50) == ["ada"] * 50

    assert await keys(limiter, *[(CHANNEL,)] * 100) == [None] * 99 + ["channel"]


async def test_what_a_day_refuses_is_not_in_the_way_of_what_is_asked_with_it() -> None:
    """Though it is more than the other limit lets through at once."""
    limiter = SplitLimiter(MemoryLimiter(), MemoryLimiter())
    await keys(limiter, (DAY,))

    answers = await keys(limiter, *[(SECOND, DAY)] * 5, (SECOND, CHANNEL), *[(SECOND,)] * 2)

    assert answers == ["ada"] * 5 + [None, None, "tenant"]


async def test_however_many_a_day_refuses_the_limiters_are_asked_a_few_times() -> None:
    """And each refusal says when there is room again."""
    quick, lasting = Counting(), Counting()
    limiter = SplitLimiter(quick, lasting)
    crowd = [(f"person {number}", DAY[1]) for number in range(64)]
    await limiter.take([(person,) for person in crowd], NOW)
    quick.questions = lasting.questions = 0

    answers = await limiter.take([(SECOND, person) for person in crowd], NOW)

    assert answers == [Answer(key, NOW + rate.period_us) for key, rate in crowd]
    assert (quick.questions, lasting.questions) == (2, 2)


async def test_who_has_room_for_one_more_today_is_not_refused_before_that_has_gone() -> None:
    """What the quick one refuses has taken nothing of the day."""
    limiter = SplitLimiter(MemoryLimiter(), MemoryLimiter())
    other = ("bob", DAY[1])
    await keys(limiter, (SECOND, other))

    answers = await keys(limiter, (SECOND, other), (SECOND, CHANNEL), (SECOND, DAY), (SECOND, DAY))

    assert answers == ["bob", None, "tenant", "tenant"]
    assert await keys(limiter, (DAY,), (DAY,)) == [None, "ada"]


async def test_without_anything_that_lasts_only_the_quick_one_is_asked() -> None:
    quick, lasting = MemoryLimiter(), MemoryLimiter()

    assert await keys(SplitLimiter(quick, lasting), (SECOND,), (SECOND,), (SECOND,)) == [
        None,
        None,
        "tenant",
    ]

    assert len(lasting) == 0


async def test_leases_are_counted_where_their_rates_belong_and_answered_in_order() -> None:
    quick, lasting = MemoryLimiter(), MemoryLimiter()
    limiter = SplitLimiter(quick, lasting)
    wishes = [Wish(*DAY, count=5), Wish(*SECOND, count=1), Wish("all", DAY[1])]

    leases = await limiter.lease(wishes, NOW)

    assert [lease.granted for lease in leases] == [1, 1, 0]
    assert (len(quick), len(lasting)) == (1, 2)
