"""What the cache in Redis promises; there is no other adapter of that port."""

import os
import signal
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from redis.asyncio import Redis as Client

from sendwell.adapters.redis.cache import RedisCache
from sendwell.adapters.redis.link import Link
from sendwell.adapters.redis.names import Names
from sendwell.adapters.redis.signals import RedisSignals
from sendwell.adapters.system import SystemClock
from tests.conformance.signals import OURS, TOPIC, a_link
from tests.services.needs import needs
from tests.services.redis import Redis

pytestmark = needs("redis")
LASTS = timedelta(seconds=60)
ADA, BOB, MARK = "acme\nada", "acme\nbob", "acme\n*"
OLD, NEW = b"as it was", b"as it is"
SHORT = timedelta(milliseconds=50)
LONG_SECONDS = 10.0
"""What asking for SHORT may take on a machine that is shared, and far from what nobody ends."""


class House:
    """One service that remembers, and one that tells."""

    def __init__(self, url: str) -> None:
        self.link = a_link(url)
        self.cache = RedisCache(self.link, OURS)
        self.signals = RedisSignals(url, self.link, OURS)


@pytest.fixture
async def house(redis_url: str) -> AsyncIterator[House]:
    house = House(redis_url)
    yield house
    await house.signals.close()
    await house.link.close()


@pytest.fixture
async def there(redis_url: str) -> AsyncIterator[Client]:
    async with Client.from_url(redis_url) as there:
        yield there


async def test_what_one_service_keeps_another_finds(house: House, redis_url: str) -> None:
    other = House(redis_url)

    await house.cache.keep(TOPIC, {ADA: OLD}, lasts=LASTS)

    assert await other.cache.find(TOPIC, [BOB, ADA]) == [None, OLD]
    await other.link.close()


async def test_it_is_found_under_its_topic_only(house: House) -> None:
    await house.cache.keep(TOPIC, {ADA: OLD}, lasts=LASTS)

    assert await house.cache.find("templates", [ADA]) == [None]


async def test_what_was_told_is_not_found_any_more(house: House) -> None:
    await house.cache.keep(TOPIC, {ADA: OLD, BOB: OLD}, lasts=LASTS)

    await house.signals.tell(TOPIC, [ADA])

    assert await house.cache.find(TOPIC, [ADA, BOB]) == [None, OLD]


async def test_an_answer_that_comes_after_the_change_is_not_kept(house: House) -> None:
    await house.signals.tell(TOPIC, [ADA])

    await house.cache.keep(TOPIC, {ADA: OLD}, lasts=LASTS)

    assert await house.cache.find(TOPIC, [ADA]) == [None]


async def test_when_the_doubt_is_over_it_is_kept_again(house: House, there: Client) -> None:
    await house.signals.tell(TOPIC, [ADA])
    (key,) = await there.keys()
    assert 0 < await there.pttl(key) <= 4_000

    await there.delete(key)
    await house.cache.keep(TOPIC, {ADA: NEW}, lasts=LASTS)

    assert await house.cache.find(TOPIC, [ADA]) == [NEW]


async def test_a_mark_in_doubt_hides_everything_under_it(house: House) -> None:
    await house.cache.keep(TOPIC, {ADA: OLD}, lasts=LASTS)

    await house.signals.tell(TOPIC, [MARK])

    assert await house.cache.find(TOPIC, [ADA], unless=MARK) == [None]
    assert await house.cache.find(TOPIC, [ADA], unless="globex\n*") == [OLD]


async def test_it_is_kept_no_longer_than_it_lasts(house: House, there: Client) -> None:
    await house.cache.keep(TOPIC, {ADA: OLD}, lasts=timedelta(seconds=3))
    await house.cache.keep(TOPIC, {ADA: OLD}, lasts=LASTS)
    await house.cache.keep(TOPIC, {BOB: OLD}, lasts=timedelta(0))

    (key,) = await there.keys()

    assert 0 < await there.pttl(key) <= 3_000


async def test_a_very_long_answer_is_asked_for_each_time(house: House) -> None:
    await house.cache.keep(TOPIC, {ADA: b"x" * 300_000, BOB: OLD}, lasts=LASTS)

    assert await house.cache.find(TOPIC, [ADA, BOB]) == [None, OLD]


async def test_neither_keys_nor_words_of_a_doubt_name_anybody(house: House, there: Client) -> None:
    await house.cache.keep(TOPIC, {ADA: OLD}, lasts=LASTS)
    await house.signals.tell(TOPIC, [BOB])

    keys = await there.keys()

    assert not [key for key in keys if b"acme" in key or b"bob" in key]
    values = {await there.get(key) for key in keys}
    assert values == {b"", OURS.sealed(OURS.entry(TOPIC, ADA), OLD)}


async def test_another_installation_on_the_same_redis_finds_nothing(house: House) -> None:
    await house.cache.keep(TOPIC, {ADA: OLD}, lasts=LASTS)

    assert await RedisCache(house.link, Names(b"theirs")).find(TOPIC, [ADA]) == [None]


async def test_what_was_put_under_another_name_or_by_somebody_else_is_not_found(
    house: House, there: Client
) -> None:
    await house.cache.keep(TOPIC, {ADA: OLD, BOB: NEW}, lasts=LASTS)
    adas, bobs = (OURS.entry(TOPIC, word) for word in (ADA, BOB))
    of_ada = await there.get(adas)
    assert of_ada is not None

    await there.set(bobs, of_ada)
    await there.set(adas, OLD)

    assert await house.cache.find(TOPIC, [ADA, BOB]) == [None, None]


async def test_a_redis_that_was_flushed_is_an_empty_cache(house: House, there: Client) -> None:
    await house.cache.keep(TOPIC, {ADA: OLD}, lasts=LASTS)

    await there.flushall()

    assert await house.cache.find(TOPIC, [ADA]) == [None]
    await house.cache.keep(TOPIC, {ADA: NEW}, lasts=LASTS)
    assert await house.cache.find(TOPIC, [ADA]) == [NEW]


async def test_a_redis_that_was_killed_is_used_again_when_it_is_back(
    house: House, redis_server: Redis
) -> None:
    await house.cache.keep(TOPIC, {ADA: OLD}, lasts=LASTS)

    redis_server.kill()
    assert await house.cache.find(TOPIC, [ADA]) == [None]
    await house.cache.keep(TOPIC, {BOB: OLD}, lasts=LASTS)
    redis_server.start()

    deadline = time.monotonic() + 30
    while await house.cache.find(TOPIC, [BOB]) == [None]:
        assert time.monotonic() < deadline
        await house.cache.keep(TOPIC, {BOB: NEW}, lasts=LASTS)


async def test_a_redis_that_says_nothing_is_waited_for_twice_and_then_left_alone(
    redis_server: Redis, redis_url: str
) -> None:
    outages: list[None] = []
    link = Link(
        redis_url, clock=SystemClock(), within=SHORT, count_outage=lambda: outages.append(None)
    )
    cache = RedisCache(link, OURS)
    assert redis_server.daemon.pid is not None

    os.kill(redis_server.daemon.pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        for _ in range(1_000):
            assert await cache.find(TOPIC, [ADA]) == [None]
            await cache.keep(TOPIC, {ADA: OLD}, lasts=LASTS)
        took = time.monotonic() - began
    finally:
        os.kill(redis_server.daemon.pid, signal.SIGCONT)

    assert took < LONG_SECONDS
    assert len(outages) == 1
    await link.close()
