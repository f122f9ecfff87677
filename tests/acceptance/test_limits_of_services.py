"""Limits of those who share nothing but the place where they count."""

from pathlib import Path

import pytest

from tests.acceptance.product import Product, running
from tests.services.needs import needs


async def end(product: Product) -> tuple[str, str | None]:
    """Where one more message to Ada comes to, and by which rule."""
    await product.client.put("/api/v1/users/ada", json={"email": "ada@example.org"})
    answer = await product.send(user_id="ada", content="x", channel="email")
    found = await product.settled(answer.json()["id"], "SENT", "HELD")
    return found["status"], found["deliveries"][0]["rule"]


@pytest.mark.parametrize(
    "servers",
    [
        pytest.param(("made_postgres_url",), marks=needs("postgres")),
        pytest.param(("made_postgres_url", "redis_url"), marks=needs("postgres", "redis")),
    ],
    ids=["postgres", "postgres and redis"],
)
async def test_a_person_is_spared_by_all_that_count_in_one_database(
    servers: tuple[str, ...], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    urls = [request.getfixturevalue(server) for server in servers]
    environment = {
        **dict(zip(("LIMITER_DB_URL", "CACHE_URL"), urls, strict=False)),
        "RATE_LIMIT_USER": "1/d",
    }

    async with (
        running(tmp_path / "one", "--no-sample", environment=environment) as one,
        running(tmp_path / "two", "--no-sample", environment=environment) as two,
    ):
        ends = [await end(one), await end(two)]

    assert [("SENT", None), ("HELD", "rate_limit.person")] == ends
