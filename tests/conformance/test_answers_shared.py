"""What services remember together in Redis of what they ask each other."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis as Client

from sendwell.adapters.peers.answers import CHANGING, Answers, Means
from sendwell.adapters.redis.cache import RedisCache
from sendwell.adapters.system import SystemClock
from sendwell.domain.ids import TenantId
from sendwell.ports.cache import DOUBT
from sendwell.runtime.cluster.news import News
from tests.conformance.signals import OURS, TOPIC, Process, a_link, by_redis
from tests.services.needs import needs
from tests.services.redis import Redis

pytestmark = needs("redis")
ACME = TenantId("acme")
NOWHERE = "redis://127.0.0.1:1/0"


class Clock(SystemClock):
    """Stands still until it is moved."""

    seconds = 100.0

    def elapsed(self) -> float:
        return self.seconds


class Users:
    """The service that knows people, and tells when they change."""

    def __init__(self, process: Process) -> None:
        self.known: dict[str, str | None] = {"ada": "as she was"}
        self.asked: list[str] = []
        self._news = News(TOPIC, process.signals)

    async def ask(self, things: Sequence[str]) -> Mapping[str, str | None]:
        self.asked += things
        return {thing: self.known.get(thing) for thing in things}

    async def change(self, user: str = "ada") -> None:
        self.known["ada"] = "as she is"
        await self._news.tell(ACME, user)


class Asker:
    """A service that asks."""

    def __init__(self, url: str, users: Users) -> None:
        self.clock, self.link = Clock(), a_link(url)
        self.sources: list[str] = []
        self._users = users
        means = Means(
            self.clock, RedisCache(self.link, OURS), lambda _, source, many: self._count(source)
        )
        self.answers: Answers[str | None] = Answers(TOPIC, "people", str | None, means, mark="*")

    async def ada(self) -> str | None:
        return (await self.answers.of(ACME, ["ada"], self._users.ask))["ada"]

    def _count(self, source: str) -> None:
        self.sources.append(source)


@asynccontextmanager
async def a_house(url: str, folder: Path) -> AsyncIterator[tuple[Users, Asker, Asker]]:
    async with by_redis(url, folder) as process:
        users = Users(process)
        one, other = Asker(url, users), Asker(url, users)
        yield users, one, other
        await one.link.close()
        await other.link.close()


@pytest.fixture
async def house(redis_url: str, tmp_path: Path) -> AsyncIterator[tuple[Users, Asker, Asker]]:
    async with a_house(redis_url, tmp_path) as house:
        yield house


House = tuple[Users, Asker, Asker]


async def test_what_one_service_was_told_the_others_need_not_ask(house: House) -> None:
    users, one, other = house

    assert await one.ada() == await other.ada() == "as she was"
    assert await other.ada() == "as she was"

    assert users.asked == ["ada"]
    assert (one.sources, other.sources) == (["service"], ["cache", "memory"])


async def test_who_is_not_there_is_known_to_all(house: House) -> None:
    users, one, other = house
    users.known = {}

    assert await one.ada() is None
    assert await other.ada() is None

    assert users.asked == ["ada"]


async def test_what_is_found_in_redis_is_remembered_for_one_more_second(
    house: House, redis_url: str
) -> None:
    users, one, other = house
    await one.ada()
    await other.ada()
    async with Client.from_url(redis_url) as there:
        (key,) = await there.keys()
        assert 0 < await there.pttl(key) <= 3_000
        await there.flushdb()

    other.clock.seconds += 1
    await other.ada()

    assert users.asked == ["ada", "ada"]


@pytest.mark.parametrize("told", ["ada", "*"])
async def test_after_a_change_was_told_nobody_finds_what_was_before(
    house: House, told: str
) -> None:
    users, one, other = house
    await one.ada()

    await users.change(told)

    assert await other.ada() == "as she is"


async def test_an_old_answer_that_comes_after_the_change_is_found_by_nobody(house: House) -> None:
    users, one, other = house
    asked, told = asyncio.Event(), asyncio.Event()

    async def slow(things: Sequence[str]) -> Mapping[str, str | None]:
        answer = await users.ask(things)
        asked.set()
        await told.wait()
        return answer

    asking = asyncio.create_task(one.answers.of(ACME, ["ada"], slow))
    await asked.wait()
    await users.change()
    told.set()

    assert await asking == {"ada": "as she was"}
    assert await other.ada() == "as she is"


async def test_who_has_heard_of_a_change_does_not_believe_a_redis_that_has_not(
    house: House,
) -> None:
    users, one, other = house
    await one.ada()
    users.known["ada"] = "as she is"

    other.answers.doubt(ACME, "ada")

    assert await other.ada() == "as she is"


async def test_an_erased_person_is_in_redis_no_longer(house: House, redis_url: str) -> None:
    users, one, _ = house
    await one.ada()

    await users.change()

    async with Client.from_url(redis_url) as there:
        assert [await there.get(key) for key in await there.keys()] == [b""]


async def test_what_is_broken_in_redis_is_asked_for(house: House, redis_url: str) -> None:
    users, one, other = house
    await one.ada()
    async with Client.from_url(redis_url) as there:
        (key,) = await there.keys()
        await there.set(key, b"from a future version")

    assert await other.ada() == "as she was"

    assert users.asked == ["ada", "ada"]


async def test_without_redis_everybody_asks_and_remembers_alone(
    house: House, redis_server: Redis
) -> None:
    users, one, other = house
    redis_server.kill()

    for _ in range(3):
        assert await one.ada() == await other.ada() == "as she was"

    assert users.asked == ["ada", "ada"]


async def test_an_answer_that_took_longer_than_it_lasts_is_not_shared(
    house: House, redis_url: str
) -> None:
    _, one, _ = house

    await one.answers.learn(ACME, {"ada": "old"}, asked_at=one.clock.elapsed() - 3)

    async with Client.from_url(redis_url) as there:
        assert await there.keys() == []


def test_nothing_is_believed_longer_than_a_doubt_lasts() -> None:
    assert CHANGING <= DOUBT < timedelta(seconds=5)
