"""What a person has been sent today is not forgotten with a cache, nor with a process."""

from pathlib import Path

import pytest

from tests.acceptance.product import Product, running
from tests.services.needs import needs
from tests.services.redis import Redis


async def begin(product: Product, *, per_day: int) -> None:
    await product.client.put("/api/v1/users/ada", json={"email": "ada@example.org"})
    row = {"event_type": "security*", "priority": "high", "critical": True}
    await product.client.put("/api/v1/rules/priorities", json=[row])
    answer = await product.client.put("/api/v1/rules/budget", json={"per_day": per_day})
    assert answer.is_success, answer.text


async def ends(product: Product, **more: str) -> tuple[str, str | None]:
    """Where one more message to her comes to, and by which rule."""
    answer = await product.send(user_id="ada", content="x", channel="email", **more)
    found = await product.settled(answer.json()["id"], "SENT", "HELD")
    return found["status"], found["deliveries"][0]["rule"]


async def test_a_budget_outlives_an_embedded_process_that_is_killed(tmp_path: Path) -> None:
    product = await Product(tmp_path, "--no-sample").start()
    await begin(product, per_day=2)
    before = [await ends(product), await ends(product, event_type="security_alert")]
    await product.kill()

    async with running(tmp_path, "--no-sample") as again:
        after = [await ends(again), await ends(again)]

    assert before == [("SENT", None), ("SENT", None)]
    assert after == [("SENT", None), ("HELD", "budget")]


@pytest.mark.parametrize(
    "servers", [pytest.param(("postgres", "redis"), marks=needs("postgres", "redis"))]
)
async def test_a_budget_outlives_redis(
    servers: object, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    del servers
    redis: Redis = request.getfixturevalue("redis_server")
    url: str = request.getfixturevalue("redis_url")
    environment = {"DB_URL": request.getfixturevalue("made_postgres_url"), "CACHE_URL": url}
    async with running(tmp_path, "--no-sample", environment=environment) as product:
        await begin(product, per_day=1)
        before = await ends(product)

        redis.ask(f"SELECT {url.rpartition('/')[2]}", "FLUSHDB")

        assert (before, await ends(product)) == (("SENT", None), ("HELD", "budget"))
