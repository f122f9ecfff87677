"""What signals by Redis promise beyond the port."""

import asyncio
import os
import signal
from datetime import timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis as Client

from sendwell.adapters.redis.names import Names
from sendwell.adapters.redis.signals import RedisSignals
from sendwell.domain.errors import Unavailable
from sendwell.domain.ids import TenantId
from sendwell.runtime.cluster.alone import Silence
from sendwell.runtime.cluster.news import News
from sendwell.runtime.cluster.together import Together
from tests.conformance.signals import OURS, SOON_SECONDS, TOPIC, a_link, by_redis
from tests.services import redis
from tests.services.certificates import issue
from tests.services.needs import needs
from tests.services.redis import Redis

pytestmark = needs("redis")
ACME = TenantId("acme")
NOWHERE = "redis://127.0.0.1:1/0"
QUIET = timedelta(milliseconds=100)


async def test_whoever_was_cut_off_doubts_everything(
    redis_server: Redis, redis_url: str, tmp_path: Path
) -> None:
    async with by_redis(redis_url, tmp_path) as process:
        redis_server.kill()
        redis_server.start()

        assert await process.hears() is None


async def test_a_redis_that_says_nothing_is_left_and_found_again(
    redis_server: Redis, redis_url: str, tmp_path: Path
) -> None:
    async with by_redis(redis_url, tmp_path, quiet=QUIET) as process:
        assert redis_server.daemon.pid is not None
        os.kill(redis_server.daemon.pid, signal.SIGSTOP)
        try:
            with pytest.raises(Unavailable):
                await RedisSignals(redis_url, a_link(redis_url, within=QUIET * 5), OURS).tell(
                    TOPIC, ["nobody hears it"]
                )
        finally:
            os.kill(redis_server.daemon.pid, signal.SIGCONT)

        assert await process.hears_until(None)


async def test_a_silence_is_no_loss(redis_url: str, tmp_path: Path) -> None:
    async with (
        by_redis(redis_url, tmp_path, quiet=5 * QUIET) as process,
        Client.from_url(redis_url) as client,
        asyncio.timeout(SOON_SECONDS),
    ):
        before = await pings(client)
        while await pings(client) < before + 2:
            await asyncio.sleep(0.01)

        await process.change("heard")

        assert await process.hears() == "heard"


async def pings(client: Client) -> int:
    """How often the server was asked whether it is there."""
    found: int = (await client.info("commandstats")).get("cmdstat_ping", {}).get("calls", 0)
    return found


async def test_another_installation_on_the_same_redis_is_told_nothing(
    redis_url: str, tmp_path: Path
) -> None:
    (tmp_path / "theirs").mkdir()
    async with (
        by_redis(redis_url, tmp_path) as process,
        by_redis(redis_url, tmp_path / "theirs", names=Names(b"theirs")) as stranger,
    ):
        await stranger.change("theirs")
        await process.change("ours")

        assert await process.hears() == "ours"


async def test_with_a_database_that_tells_nobody_it_is_told_by_redis_alone(
    redis_url: str, tmp_path: Path
) -> None:
    async with by_redis(redis_url, tmp_path) as process:
        both = Together(Silence(), process.signals)
        heard: asyncio.Queue[str | None] = asyncio.Queue()
        both.listen("templates", heard.put_nowait)

        assert not both.told("templates", ["hello"])
        await both.tell("templates", ["hello"])

        async with asyncio.timeout(SOON_SECONDS):
            assert await heard.get() == "hello"


async def test_what_nobody_understands_may_mean_anything(redis_url: str, tmp_path: Path) -> None:
    async with by_redis(redis_url, tmp_path) as process, Client.from_url(redis_url) as client:
        await client.publish(OURS.channel, b"[what a later version says]")

        assert await process.hears() is None


async def test_over_tls_it_is_told_and_heard_as_well(tmp_path: Path) -> None:
    (tmp_path / "certificates").mkdir()
    with redis.running(tls=issue(tmp_path / "certificates")) as server:
        async with by_redis(server.url, tmp_path) as process:
            await process.change("heard")

            assert await process.hears() == "heard"


async def test_news_that_nobody_can_be_told_are_no_failure() -> None:
    link = a_link(NOWHERE)
    news = News(TOPIC, RedisSignals(NOWHERE, link, OURS))

    await news.tell(ACME, "ada")

    with pytest.raises(Unavailable):
        await RedisSignals(NOWHERE, link, OURS).tell(TOPIC, ["acme\nada"])
    await link.close()
