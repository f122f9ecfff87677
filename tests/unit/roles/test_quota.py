"""What a tenant may hand in."""

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.adapters.limiter.fallback import FallbackLimiter
from sendwell.adapters.limiter.memory import MemoryLimiter
from sendwell.adapters.limiter.redis import RedisLimiter
from sendwell.adapters.redis.names import Names
from sendwell.domain.errors import TooLarge, Unavailable
from sendwell.domain.ids import TenantId
from sendwell.domain.lease import Lease, Wish, room_of
from sendwell.domain.limits import Rate
from sendwell.domain.policy import Policy
from sendwell.ports.limiter import Limiter
from sendwell.roles.gateway.quota import Quota
from sendwell.roles.gateway.quota_leases import QuotaLeases
from sendwell.roles.gateway.recount import Recount

ACME, BETA = TenantId("acme"), TenantId("beta")
SECOND = 1_000_000
NOW = 1_800_000_000 * SECOND


class Hand:
    """A clock that somebody moves."""

    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> int:
        return self.time

    def elapsed(self) -> float:
        return self.time / SECOND


class Asked(MemoryLimiter):
    """The limiter of all processes, and what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.questions: list[Sequence[Wish]] = []
        self.answered = asyncio.Event()
        self.is_away = False
        self.tat = 0

    async def lease(self, wishes: Sequence[Wish], now: int) -> list[Lease]:
        self.questions.append(wishes)
        await asyncio.sleep(0)
        if self.is_away:
            raise Unavailable("The limiter is away.")
        leases = await super().lease(wishes, now)
        self.tat = leases[0].tat
        self.answered.set()
        return leases


class House:
    """Processes that share a limiter; each has the quotas that tenants have set themselves."""

    def __init__(self, everybodys: str = "1000000/s", **own: str) -> None:
        self.policies = {TenantId(name): Policy(quota=Rate.parse(own[name])) for name in own}
        self.everybodys = Rate.parse(everybodys)
        self.clock = Hand()
        self.limiter = Asked()

    async def until_asked(self) -> None:
        """A process has asked the limiter by itself."""
        self.limiter.answered.clear()
        async with asyncio.timeout(10):
            await self.limiter.answered.wait()

    async def until_left(self, count: int) -> None:
        """So many are nobody's."""
        while room_of(Rate.parse("1000/d"), self.limiter.tat, self.clock.time) < count:
            await self.until_asked()

    @asynccontextmanager
    async def process(
        self, *, spare: int = 0, recount: Recount | None = None, limiter: Limiter | None = None
    ) -> AsyncIterator[Quota]:
        leases = QuotaLeases(
            limiter or self.limiter, clock=self.clock, spare=spare, recount=recount
        )
        running = asyncio.create_task(leases.run())
        yield Quota(self.everybodys, lambda who: self.policies.get(who, Policy()), leases)
        leases.stop()
        await running


async def test_it_counts_down_and_says_when_it_is_whole_again() -> None:
    async with House("10/s").process() as quota:
        first = await quota.take(ACME, 4, NOW)
        second = await quota.take(ACME, 6, NOW)

    assert (first.remaining, second.remaining, second.reset_seconds) == (6, 0, 1)
    assert first.headers == [
        (b"ratelimit-policy", b'"tenant";q=10;w=1'),
        (b"ratelimit", b'"tenant";r=6;t=1'),
    ]


async def test_a_policy_says_how_many_come_in_at_once_and_when_as_many_again() -> None:
    async with House("60/m burst 10").process() as quota:
        status = await quota.take(ACME, 1, NOW)

    assert status.headers[0] == (b"ratelimit-policy", b'"tenant";q=10;w=10')


async def test_too_many_are_refused_with_a_time_and_take_nothing() -> None:
    async with House("10/s").process() as quota:
        await quota.take(ACME, 8, NOW)

        refused = await quota.take(ACME, 3, NOW)

        assert isinstance(refused.refusal, Unavailable)
        assert refused.refusal.is_too_many
        assert refused.refusal.retry_after.total_seconds() == pytest.approx(0.1)
        assert refused.headers[1] == (b"ratelimit", b'"tenant";r=2;t=1')
        assert (await quota.take(ACME, 2, NOW)).remaining == 0


@pytest.mark.parametrize("own", [{}, {"acme": "50/s burst 20"}])
async def test_what_never_fits_is_refused_for_good_and_takes_nothing(own: dict[str, str]) -> None:
    house = House("20/s" if not own else "100/s", **own)
    async with house.process() as quota:
        await quota.take(ACME, 1, NOW)

        refused = await quota.take(ACME, 21, NOW)

        assert type(refused.refusal) is TooLarge
        assert "20 notifications" in refused.refusal.message
        assert refused.remaining == 19
        assert (await quota.take(ACME, 19, NOW)).refusal is None
        assert not house.limiter.questions or house.limiter.questions[-1][0].count == 19


@pytest.mark.parametrize("own", [{}, {"acme": "50/s burst 20"}])
@given(taken=st.integers(1, 25), count=st.integers(1, 60))
async def test_whoever_comes_back_when_told_to_is_let_in(
    own: dict[str, str], taken: int, count: int
) -> None:
    house = House("50/s burst 20" if not own else "1000/s", **own)
    async with house.process() as quota:
        await quota.take(ACME, taken, NOW)
        standing = await quota.take(ACME, count, NOW)
        if isinstance(standing.refusal, Unavailable):
            house.clock.time += math.ceil(standing.refusal.retry_after.total_seconds() * SECOND)

            standing = await quota.take(ACME, count, house.clock.time)

    assert isinstance(standing.refusal, TooLarge) == (count > 20)
    assert (standing.refusal is None) == (count <= 20)


async def test_tenants_do_not_count_for_each_other() -> None:
    async with House("1/s").process() as quota:
        await quota.take(ACME, 1, NOW)

        assert (await quota.take(BETA, 1, NOW)).refusal is None


async def test_a_tenants_own_quota_is_told_and_kept_and_is_nobody_elses() -> None:
    async with House("10/s", acme="3/m").process() as quota:
        own = await quota.take(ACME, 3, NOW)
        refused = await quota.take(ACME, 1, NOW)
        other = await quota.take(BETA, 10, NOW)

    assert own.headers == [
        (b"ratelimit-policy", b'"tenant";q=3;w=60'),
        (b"ratelimit", b'"tenant";r=0;t=60'),
    ]
    assert isinstance(refused.refusal, Unavailable)
    assert refused.refusal.retry_after.total_seconds() == pytest.approx(20)
    assert other.refusal is None


async def test_a_tenants_own_quota_gives_it_no_more_than_the_installation_does() -> None:
    async with House("2/s", acme="100/s").process() as quota:
        await quota.take(ACME, 2, NOW)

        refused = await quota.take(ACME, 1, NOW)

        assert refused.refusal is not None
        assert refused.headers[0] == (b"ratelimit-policy", b'"tenant";q=2;w=1')
        assert (await quota.take(ACME, 2, NOW + SECOND)).remaining == 98


async def test_what_the_own_quota_refuses_is_not_taken_from_the_installations() -> None:
    house = House("5/h", acme="2/h")
    async with house.process() as quota:
        await quota.take(ACME, 5, NOW)
        del house.policies[ACME]

        assert (await quota.take(ACME, 5, NOW)).refusal is None


async def test_a_quota_that_is_made_smaller_does_not_shut_a_tenant_out_for_long() -> None:
    async with House("100/h").process() as quota:
        await quota.take(ACME, 100, NOW)

        quota.use(Rate.parse("1/s"))

        assert (await quota.take(ACME, 1, NOW)).refusal is not None
        assert (await quota.take(ACME, 1, NOW + SECOND)).refusal is None


async def test_two_processes_share_one_quota_to_the_last_one() -> None:
    house = House(acme="1055/d")
    async with house.process(spare=1000) as one, house.process(spare=1000) as two:
        taken = [await (one, two)[n % 2].take(ACME, 1, NOW) for n in range(1200)]

    assert sum(each.refusal is None for each in taken) == 1055


async def test_what_a_process_holds_and_does_not_want_for_a_second_others_can_have() -> None:
    house = House(acme="1000/d")
    async with house.process(spare=1000) as one, house.process(spare=1000) as two:
        await one.take(ACME, 1, NOW)
        too_soon = await two.take(ACME, 999, NOW)
        house.clock.time += SECOND
        await house.until_left(999)
        in_time = await two.take(ACME, 999, house.clock.time)

    assert too_soon.refusal is not None
    assert in_time.refusal is None


async def test_few_calls_ask_the_limiter() -> None:
    house = House(acme="10000/d")
    async with house.process(spare=1000) as quota:
        for _ in range(5000):
            await quota.take(ACME, 1, NOW)

    assert len(house.limiter.questions) < 100


async def test_those_who_wait_at_the_same_time_ask_one_question() -> None:
    house = House(acme="10000/d", beta="10/d")
    async with house.process() as quota:
        await asyncio.gather(*(quota.take((ACME, BETA)[n % 2], 1, NOW) for n in range(20)))

        assert [{wish.key: wish.count for wish in asked} for asked in house.limiter.questions] == [
            {"quota:acme": 10, "quota:beta": 10}
        ]


async def test_of_those_who_ask_together_as_many_are_let_in_as_there_is_room_for() -> None:
    async with House(acme="10/d").process() as quota:
        taken = await asyncio.gather(*(quota.take(ACME, count, NOW) for count in (4, 7, 6, 1)))

    assert [each.refusal is None for each in taken] == [True, False, True, False]


async def test_a_fast_quota_goes_on_as_fast_as_it_refills() -> None:
    async with House(acme="1000/s").process(spare=1000) as quota:
        at_once = [await quota.take(ACME, 1, NOW) for _ in range(1010)]
        soon = [await quota.take(ACME, 1, NOW + SECOND // 100) for _ in range(20)]

    assert sum(each.refusal is None for each in at_once) == 1000
    assert sum(each.refusal is None for each in soon) == 10


async def test_a_tenant_that_has_used_it_up_asks_nobody_for_a_second() -> None:
    house = House(acme="10/d")
    async with house.process() as quota:
        await quota.take(ACME, 10, NOW)
        asked = len(house.limiter.questions)

        refused = [await quota.take(ACME, 1, NOW + n) for n in range(50)]
        later = await quota.take(ACME, 1, NOW + SECOND)

    assert all(each.refusal for each in [*refused, later])
    assert len(house.limiter.questions) == asked + 1


async def test_what_another_process_takes_is_told_within_a_second() -> None:
    house = House(acme="10000/d")
    async with house.process(spare=1000) as one, house.process(spare=1000) as two:
        before = await one.take(ACME, 1, NOW)
        await two.take(ACME, 5000, NOW)
        house.clock.time += SECOND // 2
        await one.take(ACME, 1, house.clock.time)
        house.clock.time += SECOND // 2
        while (after := await one.take(ACME, 1, house.clock.time)).remaining > 5000:
            await house.until_asked()

    assert before.remaining == 9999
    assert 4998 >= after.remaining >= 4900


async def test_what_is_held_at_the_end_is_put_back() -> None:
    house = House(acme="10000/d")
    async with house.process(spare=1000) as quota:
        await quota.take(ACME, 1, NOW)

    (left,) = await MemoryLimiter.lease(
        house.limiter, [Wish("quota:acme", Rate.parse("10000/d"), 20_000)], NOW
    )
    assert left.granted == 9999


async def test_where_nobody_can_tell_the_caller_hears_of_it_and_later_calls_ask_again() -> None:
    house = House(acme="10/d")
    async with house.process() as quota:
        house.limiter.is_away = True
        with pytest.raises(Unavailable):
            await quota.take(ACME, 1, NOW)
        house.limiter.is_away = False

        assert (await quota.take(ACME, 1, NOW)).refusal is None


async def test_where_nobody_can_tell_nothing_is_taken_from_the_installations() -> None:
    house = House("5/h", acme="10/h")
    async with house.process() as quota:
        house.limiter.is_away = True
        for _ in range(3):
            with pytest.raises(Unavailable):
                await quota.take(ACME, 5, NOW)
        house.limiter.is_away = False

        assert (await quota.take(ACME, 5, NOW)).refusal is None


async def test_whoever_hangs_up_while_it_is_asked_takes_nothing_for_good() -> None:
    house = House(acme="10/d")
    async with house.process() as quota:
        gone = asyncio.create_task(quota.take(ACME, 10, NOW))
        while not house.limiter.questions:
            await asyncio.sleep(0)
        gone.cancel()
        with suppress(asyncio.CancelledError):
            await gone

        assert (await quota.take(ACME, 10, NOW)).refusal is None


async def test_once_stopped_nobody_waits() -> None:
    house = House(acme="10/d")
    async with house.process() as quota:
        pass

    with pytest.raises(Unavailable, match="stopping"):
        await quota.take(ACME, 1, NOW)


class Journal:
    """What was handed in before a process began."""

    def __init__(self, *slots: tuple[int, int]) -> None:
        self.slots = slots
        self.asked: list[tuple[TenantId, int, int]] = []

    async def read(self, who: TenantId, since: int, until: int, _: int) -> list[tuple[int, int]]:
        self.asked.append((who, since, until))
        return [each for each in self.slots if since <= each[0]]


async def test_after_a_restart_what_was_handed_in_before_is_known() -> None:
    house, hour = House(acme="24/d"), 3600 * SECOND
    journal = Journal((NOW - 30 * hour, 24), (NOW - 3 * hour, 5), (NOW + hour, 7))
    recount = Recount(house.limiter, journal.read, began=NOW)
    async with house.process(recount=recount) as quota:
        taken = await asyncio.gather(*(quota.take(ACME, 1, NOW) for _ in range(20)))

    assert sum(each.refusal is None for each in taken) == 24 - 7 - (5 - 3)
    assert journal.asked == [(ACME, NOW - 24 * hour, NOW)]


async def test_what_a_quota_no_longer_looks_back_on_is_not_read() -> None:
    house, journal = House(acme="60/m"), Journal((NOW, 60))
    recount = Recount(house.limiter, journal.read, began=NOW - 61 * SECOND)
    async with house.process(recount=recount) as quota:
        assert (await quota.take(ACME, 60, NOW)).refusal is None

    assert journal.asked == []


async def test_a_process_that_is_alone_refuses_what_is_over_its_share() -> None:
    nowhere = RedisLimiter("redis://127.0.0.1:1/0", Names(b"ours"))
    alone = FallbackLimiter(nowhere, processes=lambda: 3, count_outage=lambda: None)
    house = House(acme="100/h")
    async with house.process(spare=1000, limiter=alone) as quota:
        taken = [await quota.take(ACME, 1, NOW) for _ in range(40)]

    assert sum(each.refusal is None for each in taken) == 33
    await alone.close()
    await nowhere.close()
