"""What counts for days is kept apart from what may be forgotten."""

from sendwell.adapters.limiter.memory import MemoryLimiter
from sendwell.adapters.limiter.split import SplitLimiter
from sendwell.domain.lease import Wish
from sendwell.domain.limits import Demand, Rate

NOW = 1_800_000_000_000_000
SECOND = ("tenant", Rate.parse("2/s"))
DAY = ("ada", Rate.parse("1/d"))


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
