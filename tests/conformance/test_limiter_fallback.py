"""From the shared limiter to the process itself, and back, with a Redis that goes away."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest
from redis.asyncio import Redis as Client
from structlog.testing import capture_logs

from sendwell.adapters.limiter.fallback import FallbackLimiter
from sendwell.adapters.limiter.redis import RedisLimiter
from sendwell.domain.limits import ALLOWED
from sendwell.ports.limiter import Demand
from tests.conformance.limiters import NOW, OURS, PATIENCE, SECOND, SOON, a_demand
from tests.services.needs import needs
from tests.services.redis import Redis

pytestmark = needs("redis")

SMS = a_demand("channel:sms", rate="100/h")
PROCESSES = 4

Makes = Callable[[], FallbackLimiter]


@pytest.fixture
def outages() -> list[str]:
    return []


@pytest.fixture
async def make(redis_url: str, outages: list[str]) -> AsyncIterator[Makes]:
    """Gives the limiter of one more of `PROCESSES` processes."""
    async with AsyncExitStack() as opened:

        def make() -> FallbackLimiter:
            shared = RedisLimiter(redis_url, OURS, within=PATIENCE)
            opened.push_async_callback(shared.close)
            limiter = FallbackLimiter(
                shared,
                processes=lambda: PROCESSES,
                count_outage=lambda: outages.append("one"),
            )
            opened.push_async_callback(limiter.close)
            return limiter

        yield make


async def granted(limiter: FallbackLimiter, now: int, demand: Demand = SMS) -> int:
    return list(await limiter.take([demand] * 200, now)).count(ALLOWED)


async def until_back(limiter: FallbackLimiter, now: int) -> int:
    """Ask every half second until the shared limiter answers; gives when that was."""
    async with asyncio.timeout(SOON):
        while limiter.is_alone:
            now += SECOND // 2
            await limiter.take([a_demand("somebody")], now)
            await asyncio.sleep(0)
    return now


async def test_while_the_shared_limiter_answers_nobody_is_alone(
    make: Makes, outages: list[str]
) -> None:
    first, second = make(), make()

    assert [100, 0] == [await granted(first, NOW), await granted(second, NOW)]
    assert not first.is_alone
    assert outages == []


async def test_alone_each_process_has_its_share_and_all_together_one_burst(
    make: Makes, redis_server: Redis
) -> None:
    limiters = [make() for _ in range(PROCESSES)]
    redis_server.kill()

    at_once = [await granted(limiter, NOW) for limiter in limiters]
    an_hour_later = [
        await granted(limiter, NOW + minutes * 60 * SECOND)
        for minutes in range(1, 61)
        for limiter in limiters
    ]

    assert at_once == [25, 25, 25, 25]
    assert sum(an_hour_later) == 100


async def test_an_outage_is_told_and_counted_once_by_each_process(
    make: Makes, redis_server: Redis, outages: list[str]
) -> None:
    limiter = make()
    redis_server.kill()

    with capture_logs() as lines:
        await asyncio.gather(*(granted(limiter, NOW + n * SECOND) for n in range(5)))
        for n in range(5, 10):
            await granted(limiter, NOW + n * SECOND)

    assert outages == ["one"]
    assert [("limiter.away", "warning", PROCESSES)] == [
        (line["event"], line["log_level"], line["processes"]) for line in lines
    ]


async def test_it_goes_back_as_soon_as_the_shared_limiter_answers_again(
    make: Makes, redis_server: Redis, outages: list[str]
) -> None:
    limiter, other = make(), make()
    redis_server.stop()
    await granted(limiter, NOW)
    redis_server.start()

    with capture_logs() as lines:
        now = await until_back(limiter, NOW)
        shared = [await granted(each, now) for each in (limiter, other)]

    assert [line["event"] for line in lines] == ["limiter.back"]
    assert shared == [100, 0]
    assert len(outages) == 1


async def test_a_second_outage_is_told_again_and_brings_no_second_burst(
    make: Makes, redis_server: Redis, outages: list[str]
) -> None:
    limiter = make()
    redis_server.stop()
    first = await granted(limiter, NOW)
    redis_server.start()
    await until_back(limiter, NOW)

    redis_server.stop()
    second = await granted(limiter, NOW)

    assert (first, second) == (25, 0)
    assert len(outages) == 2


async def test_what_it_asks_to_find_out_takes_from_nobody(
    make: Makes, redis_server: Redis, redis_url: str
) -> None:
    limiter = make()
    redis_server.stop()
    await granted(limiter, NOW)
    redis_server.start()

    await until_back(limiter, NOW)

    async with Client.from_url(redis_url) as there:
        assert await there.keys() == [f"{OURS.limits}probe".encode()]
