"""A limiter in memory is told what went out before it began: once, and only what counts."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from sendwell.adapters.limiter.memory import MemoryLimiter
from sendwell.domain.budget import Budget
from sendwell.domain.ids import TenantId, UserId
from sendwell.domain.lane import Lane
from sendwell.domain.policy import Policy
from sendwell.domain.priority import PriorityRule
from sendwell.roles.delivery.limits import Limits, Rates
from sendwell.roles.delivery.recount import Attempted, Recount
from tests.unit.roles.test_limits import ACME, a_passage

ADA = UserId("ada")
BEGAN = datetime(2026, 6, 1, 14, 0, tzinfo=UTC)
LORD_HOWE = "Australia/Lord_Howe"
"""There it is half past midnight."""
HOUR = timedelta(hours=1)


def microseconds(at: datetime) -> int:
    return int(at.timestamp() * 1e6)


class House:
    """Limits of a process that has just begun, and what it finds on disk."""

    def __init__(
        self, *attempted: tuple[datetime, str], per_day: int = 2, is_new: bool = False
    ) -> None:
        self.is_new = is_new
        self.looked = 0
        self.found = [Attempted(ADA, kind, microseconds(at)) for at, kind in attempted]
        self.asked: list[Collection[UserId]] = []
        limiter = MemoryLimiter()
        critical = PriorityRule("security*", Lane.HIGH, is_critical=True)
        policy = Policy(budget=Budget(per_day), priorities=(critical,))
        self._limits = Limits(
            limiter,
            Rates(),
            policy=lambda tenant: policy if tenant == ACME else Policy(),
            recount=Recount(limiter, self, began=microseconds(BEGAN)),
        )

    async def has_asked(self, tenant: TenantId, since: int, until: int) -> bool:
        assert (tenant, since < until) == (ACME, True)
        self.looked += 1
        return not self.is_new

    async def attempted(
        self, tenant: TenantId, users: Collection[UserId], since: int, until: int
    ) -> Sequence[Attempted]:
        assert (tenant, since < until) == (ACME, True)
        self.asked.append(list(users))
        return self.found

    async def passed(self, count: int, *, at: datetime = BEGAN, timezone: str | None = None) -> int:
        """How many of so many more messages to Ada pass."""
        passages = [a_passage(timezone=timezone) for _ in range(count)]
        return list(await self._limits.take(passages, microseconds(at))).count(None)


@pytest.mark.parametrize(
    ("attempted", "timezone", "left"),
    [
        ([], None, 2),
        ([(BEGAN - HOUR, "news")], None, 1),
        ([(BEGAN - HOUR, "news")] * 5, None, 0),
        ([(BEGAN - HOUR, "security_alert")], None, 2),
        ([(BEGAN - HOUR, "news")], LORD_HOWE, 2),
        ([(BEGAN - HOUR / 4, "news")], LORD_HOWE, 1),
    ],
    ids=["nothing", "one", "too many", "critical", "their yesterday", "their today"],
)
async def test_what_went_out_before_on_their_day_is_taken_from_the_budget(
    attempted: list[tuple[datetime, str]], timezone: str | None, left: int
) -> None:
    assert await House(*attempted).passed(3, timezone=timezone) == left


async def test_a_person_is_counted_again_once() -> None:
    house = House((BEGAN - HOUR, "news"), per_day=3)

    assert [await house.passed(1), await house.passed(1), await house.passed(1)] == [1, 1, 0]
    assert house.asked == [[ADA]]


async def test_nobody_is_counted_again_when_that_day_is_over_everywhere() -> None:
    house = House((BEGAN - HOUR, "news"))

    assert await house.passed(2, at=BEGAN + 27 * HOUR) == 2
    assert house.asked == []


async def test_of_a_tenant_that_had_asked_for_nothing_nobody_is_counted_again() -> None:
    house = House(is_new=True)

    assert [await house.passed(1), await house.passed(2)] == [1, 1]
    assert (house.looked, house.asked) == (1, [])
