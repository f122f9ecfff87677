"""A tenant's quota is one for all processes, and outlives them, Redis, and the limiter."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import asyncpg
import httpx2
import pytest

from tests.acceptance.product import Product, running
from tests.services.needs import needs
from tests.services.redis import Redis

SOON_SECONDS = 15
LEASES = "SELECT min(until) FROM lease"


async def set_quota(processes: Sequence[Product], quota: str) -> int:
    """Every process knows it; gives how many were let in by it meanwhile."""
    answer = await processes[0].client.put("/api/v1/rules/quota", json={"notifications": quota})
    assert answer.is_success, answer.text
    policy = '"tenant";q=' + quota.partition("/")[0]
    async with asyncio.timeout(SOON_SECONDS):
        for process in processes:
            while policy not in (await sent(process)).headers["ratelimit-policy"]:
                pass
    return len(processes)


async def renewed(database: str) -> None:
    """Wait until each process has looked who else there is: with the lease, of 8 s, all two."""
    connection = await asyncpg.connect(database)
    try:
        before = await connection.fetchval(LEASES)
        async with asyncio.timeout(SOON_SECONDS):
            while await connection.fetchval(LEASES) < before + timedelta(seconds=2.5):
                await asyncio.sleep(0.1)
    finally:
        await connection.close()


async def sent(process: Product) -> httpx2.Response:
    items = [{"user_id": "ada", "content": "x"}]
    return await process.client.post("/api/v1/notifications/batch", json=items)


async def let_in(processes: Sequence[Product], calls: int) -> int:
    """How many of so many calls for one notification are answered with 202, each in turn."""
    answers = [await sent(processes[n % len(processes)]) for n in range(calls)]
    assert {answer.status_code for answer in answers} <= {202, 429}
    return sum(answer.status_code == 202 for answer in answers)


@pytest.mark.parametrize("server", [pytest.param("postgres", marks=needs("postgres"))])
async def test_two_processes_take_from_one_quota(
    tmp_path: Path, request: pytest.FixtureRequest, server: str
) -> None:
    environment = {"DB_URL": request.getfixturevalue(f"{server}_url")}
    async with (
        running(tmp_path, "--no-sample", environment=environment) as one,
        running(tmp_path, "--no-sample", environment=environment) as two,
    ):
        taken = await set_quota([one, two], "40/d")
        taken += await let_in([one, two], 10)
        told = (await sent(two)).headers["ratelimit"]
        taken += 1 + await let_in([one, two], 60)

    assert taken == 40
    assert told.startswith(f'"tenant";r={40 - 13};')


@pytest.mark.parametrize("server", [pytest.param("redis", marks=needs("postgres", "redis"))])
async def test_a_quota_of_a_day_outlives_redis_and_its_absence(
    tmp_path: Path, request: pytest.FixtureRequest, server: str
) -> None:
    redis: Redis = request.getfixturevalue(f"{server}_server")
    url: str = request.getfixturevalue(f"{server}_url")
    environment = {"DB_URL": request.getfixturevalue("made_postgres_url"), "CACHE_URL": url}
    async with running(tmp_path, "--no-sample", environment=environment) as product:
        taken = await set_quota([product], "20/d")
        taken += await let_in([product], 5)
        redis.ask(f"SELECT {url.rpartition('/')[2]}", "FLUSHDB")
        taken += await let_in([product], 5)
        redis.kill()
        taken += await let_in([product], 20)

    assert taken == 20


@pytest.mark.parametrize("server", [pytest.param("redis", marks=needs("postgres", "redis"))])
async def test_while_the_limiter_is_away_each_process_lets_in_its_share(
    tmp_path: Path, request: pytest.FixtureRequest, server: str
) -> None:
    redis: Redis = request.getfixturevalue(f"{server}_server")
    environment = {
        "DB_URL": request.getfixturevalue("made_postgres_url"),
        "CACHE_URL": request.getfixturevalue(f"{server}_url"),
    }
    async with (
        running(tmp_path, "--no-sample", environment=environment) as one,
        running(tmp_path, "--no-sample", environment=environment) as two,
    ):
        await set_quota([one, two], "60/h")
        await renewed(environment["DB_URL"])
        redis.kill()
        alone = [await let_in([each], 40) for each in (one, two)]

    assert alone == [30, 30]


async def test_a_quota_outlives_the_process_that_counts_it(tmp_path: Path) -> None:
    async with running(tmp_path, "--no-sample") as product:
        taken = await set_quota([product], "10/d")
        taken += await let_in([product], 3)

    async with running(tmp_path, "--no-sample") as again:
        told = (await sent(again)).headers["ratelimit"]
        taken += 1 + await let_in([again], 20)

    assert told.startswith('"tenant";r=5;')
    assert taken == 10
