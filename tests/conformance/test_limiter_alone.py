"""What limits in a process that is alone: its share of each rate."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.adapters.limiter.fallback import FallbackLimiter, share
from sendwell.adapters.limiter.redis import RedisLimiter
from sendwell.domain.limits import ALLOWED, Answer, Rate, decide
from tests.conformance.limiters import NOW, OURS, SECOND, a_demand, silent_server
from tests.services.ports import HOST


async def test_once_alone_no_call_waits_for_a_server_that_says_nothing() -> None:
    async with silent_server() as place:
        shared = RedisLimiter(f"redis://{place}/0", OURS)
        limiter = FallbackLimiter(shared, processes=lambda: 1, count_outage=lambda: None)
        await limiter.take([a_demand("sms")], NOW)

        async with asyncio.timeout(5):
            for n in range(100):
                await limiter.take([a_demand("sms")], NOW + n * SECOND)
                await asyncio.sleep(0)

        assert limiter.is_alone
        await limiter.close()
        await shared.close()


@pytest.mark.parametrize(
    ("rate", "processes", "expected"),
    [
        ("100/h", 4, "100/4h burst 25"),
        ("100/h", 0, "100/h"),
        ("10/s burst 5", 2, "10/2s burst 2"),
        ("5/d", 8, "5/8d burst 1"),
        ("1/3000d", 3, "1/3000d"),
    ],
)
def test_a_share_is_the_rate_divided_and_one_at_least(
    rate: str, processes: int, expected: str
) -> None:
    assert Rate.parse(expected) == share(Rate.parse(rate), processes)


COUNTS = st.integers(1, 30)
STEPS = st.lists(st.integers(0, 3 * SECOND), min_size=1, max_size=8)


@given(count=COUNTS, burst=COUNTS, processes=st.integers(1, 9), steps=STEPS)
def test_all_shares_together_keep_the_pace_and_the_burst_or_one_a_process(
    count: int, burst: int, processes: int, steps: Sequence[int]
) -> None:
    rate = Rate(count, SECOND, burst)
    wanted = [[("key", share(rate, processes))]] * (burst + count)
    tats: list[dict[str, int]] = [{} for _ in range(processes)]
    passed = total = 0

    for step in steps:
        passed += step
        for own in tats:
            decision = decide(own, wanted, now=NOW + passed)
            own.update(decision.tats)
            total += decision.answers.count(ALLOWED)

        assert total <= max(burst, processes) + passed * count / SECOND


@given(
    count=st.integers(1, 10**9),
    days=st.integers(1, 3650),
    burst=st.integers(1, 10**6),
    processes=st.integers(0, 10**6),
)
def test_every_rate_has_a_share(count: int, days: int, burst: int, processes: int) -> None:
    period = days * 86_400 * SECOND
    interval = -(-period // count)
    burst = max(1, min(burst, 3650 * 86_400 * SECOND // interval))

    own = share(Rate(count, period, burst), processes)

    assert own.burst <= burst
    assert own.interval_us >= interval


async def test_alone_it_says_when_there_is_room_by_its_share() -> None:
    shared = RedisLimiter(f"redis://{HOST}:1/0", OURS)
    limiter = FallbackLimiter(shared, processes=lambda: 2, count_outage=lambda: None)

    answers = await limiter.take([a_demand("user", rate="4/s")] * 3, NOW)

    assert [ALLOWED, ALLOWED, Answer("user", NOW + SECOND // 2)] == list(answers)
    await limiter.close()
    await shared.close()
