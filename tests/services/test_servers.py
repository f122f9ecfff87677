import asyncpg
from tests.services.needs import needs

pytestmark = [*needs("postgres")]


async def test_a(postgres_url: str) -> None:
    c = await asyncpg.connect(postgres_url)
    assert await c.fetchval("select 1") == 1
    await c.close()


def test_b(redis_url):
    assert redis_url
