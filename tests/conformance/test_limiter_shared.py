"""Limiters that share a server: as one under stress, and when the server fails."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence

import pytest

from sendwell.adapters.limiter.postgres import PostgresLimiter
from sendwell.adapters.limiter.redis import RedisLimiter
from sendwell.domain.errors import Unavailable
from sendwell.domain.limits import ALLOWED
from sendwell.ports.limiter import Demand, Limiter
from tests.conformance.limiters import (
    NOW,
    OURS,
    SHARED,
    SOON,
    Case,
    Makes,
    a_demand,
    silent_server,
    when_back,
)
from tests.services.servers import Server

QUICKLY = 10.0
CALLERS = 8
BURST = 100
ONE = a_demand("all", rate=f"{BURST}/h")


@pytest.fixture(params=[pytest.param(case, id=case.name, marks=case.marks) for case in SHARED])
def case(request: pytest.FixtureRequest) -> Case:
    chosen: Case = request.param
    return chosen


@pytest.fixture
def server(request: pytest.FixtureRequest, case: Case) -> Server:
    running: Server = request.getfixturevalue(f"{case.server}_server")
    return running


@pytest.fixture
async def make(request: pytest.FixtureRequest, case: Case) -> AsyncIterator[Makes]:
    async with case.opens(request.getfixturevalue(f"{case.server}_url")) as make:
        yield make


async def granted(limiter: Limiter, demand: Demand = ONE, times: int = BURST + 1) -> int:
    return list(await limiter.take([demand] * times, NOW)).count(ALLOWED)


async def granted_when_back(limiter: Limiter) -> int:
    return (await when_back(limiter, *[ONE] * (BURST + 1))).count(ALLOWED)


async def test_callers_that_name_the_same_keys_in_other_orders_never_wait_for_each_other(
    make: Makes,
) -> None:
    keys = [f"key:{n}" for n in range(40)]
    taken: Counter[str] = Counter()

    async def call(limiter: Limiter, chance: random.Random) -> None:
        for _ in range(12):
            chosen = [chance.sample(keys, 6) for _ in range(16)]
            demands = [a_demand(*names, rate=f"{BURST}/h") for names in chosen]
            answers = await limiter.take(demands, NOW)
            for names, answer in zip(chosen, answers, strict=True):
                taken.update(names if answer == ALLOWED else ())

    await asyncio.gather(*(call(make(), random.Random(n)) for n in range(CALLERS)))  # noqa: S311 - an example that can be repeated
    left = {key: await granted(make(), a_demand(key, rate=f"{BURST}/h")) for key in keys}

    assert {key: taken[key] + left[key] for key in keys} == dict.fromkeys(keys, BURST)
    assert taken.total() > BURST


async def test_eight_processes_that_ask_again_and_again_are_granted_one_burst(make: Makes) -> None:
    async def call(limiter: Limiter, name: str) -> int:
        return sum(
            [await granted(limiter, (*ONE, *a_demand(name, rate="1000/h")), 7) for _ in range(20)]
        )

    counts = await asyncio.gather(*(call(make(), f"own:{n}") for n in range(CALLERS)))

    assert sum(counts) == BURST


async def test_a_server_that_is_away_is_told_at_once_and_used_again_when_it_is_back(
    make: Makes, server: Server
) -> None:
    limiter = make()
    await limiter.take([ONE], NOW)

    server.kill()
    began = time.monotonic()
    for _ in range(3):
        with pytest.raises(Unavailable):
            await limiter.take([ONE], NOW)
    took = time.monotonic() - began
    server.start()

    assert took < QUICKLY
    assert await granted_when_back(limiter) in {BURST - 1, BURST}  # the last moment may be lost


async def test_a_limiter_may_be_made_before_its_server_is_there(
    make: Makes, server: Server
) -> None:
    limiter = make()
    server.stop()

    with pytest.raises(Unavailable):
        await limiter.take([ONE], NOW)
    server.start()

    assert await granted_when_back(limiter) == BURST


async def test_a_server_that_is_stopped_in_good_order_has_forgotten_nothing(
    make: Makes, server: Server
) -> None:
    limiter = make()
    await limiter.take([ONE] * (BURST - 3), NOW)

    server.stop()
    server.start()

    assert await granted_when_back(limiter) == 3


async def test_a_server_that_is_killed_under_load_grants_one_burst_more_at_most(
    make: Makes, server: Server
) -> None:
    answered = 0
    news = asyncio.Event()
    is_over = False

    async def call(limiter: Limiter) -> int:
        nonlocal answered
        count = 0
        while not is_over:
            try:
                count += await granted(limiter, times=3)
            except Unavailable:
                await asyncio.sleep(0)
                continue
            answered += 1
            news.set()
        return count

    async def until_answered(times: int) -> None:
        async with asyncio.timeout(SOON):
            while answered < times:
                news.clear()
                await news.wait()

    calls = [asyncio.create_task(call(make())) for _ in range(CALLERS)]
    await until_answered(2 * CALLERS)
    server.kill()
    server.start()
    await until_answered(answered + 10 * CALLERS)
    is_over = True
    counts = await asyncio.gather(*calls)

    assert 3 * 2 * CALLERS <= sum(counts) <= 2 * BURST


async def test_a_cancelled_call_leaves_the_limiter_as_useful_as_before(make: Makes) -> None:
    limiter = make()
    await limiter.take([ONE], NOW)

    for turns in range(30):
        call = asyncio.ensure_future(limiter.take([a_demand(f"turn:{turns}")], NOW))
        for _ in range(turns % 6):
            await asyncio.sleep(0)
        call.cancel()
        await asyncio.wait([call])

    assert await granted(limiter) == BURST - 1


SILENT: Sequence[Callable[[str], RedisLimiter | PostgresLimiter]] = (
    lambda place: RedisLimiter(f"redis://{place}/0", OURS),
    lambda place: PostgresLimiter(f"postgresql://postgres@{place}/postgres"),
)


@pytest.mark.parametrize("makes", SILENT, ids=["redis", "postgres"])
async def test_a_server_that_says_nothing_is_waited_for_a_moment_only(
    makes: Callable[[str], RedisLimiter | PostgresLimiter],
) -> None:
    async with silent_server() as place:
        limiter = makes(place)

        began = time.monotonic()
        with pytest.raises(Unavailable):
            await limiter.take([ONE], NOW)

        assert time.monotonic() - began < QUICKLY
        await limiter.close()
        await limiter.close()
