"""What the limiter in Redis promises beyond the port."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from redis.asyncio import Redis

from sendwell.adapters.limiter.redis import RedisLimiter
from sendwell.adapters.redis.names import Names
from sendwell.domain.errors import Unavailable
from sendwell.domain.limits import ALLOWED, Answer
from sendwell.ports.limiter import Demand
from tests.conformance.limiters import NOW, OURS, PATIENCE, SECOND, a_demand
from tests.services import redis
from tests.services.certificates import issue
from tests.services.needs import needs
from tests.services.ports import HOST
from tests.services.redis import PASSWORD

pytestmark = needs("redis")

ONE = a_demand("user")
TWO = [a_demand("user", "all")] * 2
MINUTE_MS = 60_000


@pytest.fixture
async def there(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as there:
        yield there


@pytest.fixture
async def limiter(redis_url: str) -> AsyncIterator[RedisLimiter]:
    limiter = RedisLimiter(redis_url, OURS, within=PATIENCE)
    yield limiter
    await limiter.close()


async def test_a_redis_that_was_emptied_grants_one_more_burst_and_no_more(
    limiter: RedisLimiter, there: Redis
) -> None:
    first = await limiter.take([a_demand("user")] * 9, NOW)

    await there.flushdb()
    second = await limiter.take([a_demand("user")] * 9, NOW)
    third = await limiter.take([a_demand("user")] * 9, NOW)

    assert [2, 2, 0] == [answers.count(ALLOWED) for answers in (first, second, third)]


async def test_a_redis_that_forgot_the_script_is_told_it_again(
    limiter: RedisLimiter, there: Redis
) -> None:
    await limiter.take(TWO, NOW)

    await there.script_flush()
    (answer,) = await limiter.take([a_demand("all")], NOW)

    assert answer.key == "all"


async def test_a_key_is_kept_a_minute_longer_than_it_counts(
    limiter: RedisLimiter, there: Redis
) -> None:
    await limiter.take([a_demand("user", rate="1/h"), a_demand("free", rate="1000000/s")], NOW)

    assert {named("user"), named("free")} == set(await there.keys())
    long, short = [await there.pttl(named(name)) for name in ("user", "free")]
    assert 60 * MINUTE_MS < long <= 61 * MINUTE_MS
    assert 0 < short <= MINUTE_MS + 1


@pytest.mark.parametrize("theirs", ["1/h", "100/s"])
async def test_another_installation_on_the_same_redis_counts_for_itself(
    limiter: RedisLimiter, redis_url: str, theirs: str
) -> None:
    channel = a_demand("channel:sms", rate="1/h")
    await limiter.take([channel], NOW)

    there = await ask_once(redis_url, Names(b"theirs"), a_demand("channel:sms", rate=theirs))
    here = await limiter.take([channel], NOW + SECOND)
    beside = await ask_once(redis_url, OURS, channel)

    assert [ALLOWED] == there
    assert ["channel:sms"] * 2 == [answer.key for answer in (*here, *beside)]


async def test_a_refused_demand_writes_nothing(limiter: RedisLimiter, there: Redis) -> None:
    await limiter.take(TWO, NOW)

    await limiter.take([a_demand("fresh", "all")], NOW)

    assert named("fresh") not in await there.keys()


async def test_a_redis_that_is_full_has_taken_nothing(limiter: RedisLimiter, there: Redis) -> None:
    await there.config_set("maxmemory", 1)
    try:
        with pytest.raises(Unavailable):
            await limiter.take(TWO, NOW)
    finally:
        await there.config_set("maxmemory", 0)

    assert [ALLOWED, ALLOWED] == await limiter.take(TWO, NOW)


async def test_a_redis_that_is_no_primary_is_left_and_used_again_when_it_is_one(
    limiter: RedisLimiter, there: Redis
) -> None:
    await limiter.take([a_demand("user")], NOW)
    before = (await there.info("stats"))["total_connections_received"]

    await there.replicaof(HOST, 1)
    try:
        with pytest.raises(Unavailable):
            await limiter.take([a_demand("user")], NOW)
    finally:
        await there.replicaof("NO", "ONE")
    answers = await limiter.take([a_demand("user")] * 2, NOW)

    assert [None, "user"] == [answer.key for answer in answers]
    assert (await there.info("stats"))["total_connections_received"] > before


async def test_why_it_cannot_be_asked_names_no_key(limiter: RedisLimiter, there: Redis) -> None:
    await there.lpush(named("ali"), "no TAT")
    await there.set(named("eve"), "no TAT")

    with pytest.raises(Unavailable) as caught:
        await limiter.take([a_demand("ali", "eve")], NOW)

    assert "ResponseError" in caught.value.message
    assert "eve" not in caught.value.message


async def test_over_tls_only_a_server_of_the_given_authority_is_asked(tmp_path: Path) -> None:
    for name in ("ours", "theirs"):
        (tmp_path / name).mkdir()
    ours, theirs = issue(tmp_path / "ours"), issue(tmp_path / "theirs")
    with redis.running(tls=ours) as server:
        place = f"{HOST}:{server.port}/0"

        assert [ALLOWED] == await ask_once(f"rediss://:{PASSWORD}@{place}?ca={ours.authority}")
        for url in (
            f"rediss://:{PASSWORD}@{place}?ca={theirs.authority}",
            f"rediss://:{PASSWORD}@{place}",
            f"rediss://:wrong@{place}?ca={ours.authority}",
            f"redis://:{PASSWORD}@{place}",
        ):
            with pytest.raises(Unavailable):
                await ask_once(url)


async def ask_once(url: str, names: Names = OURS, demand: Demand = ONE) -> Sequence[Answer]:
    limiter = RedisLimiter(url, names, within=PATIENCE)
    try:
        return await limiter.take([demand], NOW)
    finally:
        await limiter.close()


def named(key: str) -> bytes:
    """What stands in Redis for it."""
    return f"{OURS.limits}{key}".encode()
