"""Whatever a role of another service changes, nobody finds in Redis as it was."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from sendwell.adapters.http import HttpClient, Trusted
from sendwell.adapters.minijinja import MinijinjaRenderer
from sendwell.adapters.peers.answers import Means
from sendwell.adapters.peers.catalogue import RemoteCatalogue
from sendwell.adapters.peers.directory import RemoteDirectory
from sendwell.adapters.peers.packed import Packed
from sendwell.adapters.peers.peer import Peer
from sendwell.adapters.redis.cache import RedisCache
from sendwell.adapters.redis.signals import RedisSignals
from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.adapters.system import SystemClock
from sendwell.domain.consent import Modes
from sendwell.domain.errors import Unavailable
from sendwell.domain.person import Person
from sendwell.domain.policy import Policy
from sendwell.domain.rendering import TemplateBody
from sendwell.domain.template import TemplateVersion
from sendwell.ports.directory import (
    ALL_TENANTS,
    ANYBODY,
    EVERYBODY,
    SUPPRESSIONS,
    TOPICS,
    Changed,
    thing_of,
)
from sendwell.ports.signals import meant_by, word_of
from sendwell.ports.tenants import Caller
from sendwell.roles.accounts.service import Accounts
from sendwell.roles.accounts.store import AccountStore
from sendwell.roles.templates.service import Templates
from sendwell.roles.templates.service.drafts import Draft
from sendwell.roles.templates.store import TemplateStore
from sendwell.roles.users.service import Users
from sendwell.roles.users.store import UserStore
from sendwell.roles.users.store.people import Profile
from sendwell.runtime.cluster.news import News
from tests.conformance.signals import OURS, a_link, by_redis
from tests.roles.users_house import ACME, ADA, ADDRESS, BOB, EMAIL, PUSH, SMS
from tests.services.made import made_file
from tests.services.needs import needs

pytestmark = needs("redis")
CLOCK = SystemClock()
LASTS = timedelta(seconds=60)
NO_MAIL = {"channels": {"email": {"enabled": False}}}
CALLER = Caller(ACME, "editor")
WAS = b"as it was"
NUMBER = "+436641234567"


@dataclass
class House:
    """A service with a database of its own, and the Redis that all services share."""

    database: SqliteDatabase
    signals: RedisSignals
    cache: RedisCache
    redis: Redis

    @property
    def users(self) -> Users:
        return Users(UserStore(self.database), clock=CLOCK, news=News("users", self.signals))

    @property
    def accounts(self) -> Accounts:
        news = News("accounts", self.signals)
        return Accounts(AccountStore(self.database), defaults=Policy(), clock=CLOCK, news=news)

    @property
    def templates(self) -> Templates:
        return Templates(
            TemplateStore(self.database),
            renderer=MinijinjaRenderer(),
            clock=CLOCK,
            audit=self.accounts,
            news=News("templates", self.signals),
        )

    def directory(self) -> RemoteDirectory:
        """As another service sees the users role, which does not answer."""
        return RemoteDirectory(self._silent("users"), Means(CLOCK, self.cache))

    def catalogue(self) -> RemoteCatalogue:
        """Likewise the templates role."""
        return RemoteCatalogue(
            self._silent("templates"), Means(CLOCK, self.cache), flaws=lambda *_: []
        )

    async def remember(self, topic: str, thing: str, value: bytes = WAS) -> None:
        await self.cache.keep(topic, {word_of(ACME, thing): value}, lasts=LASTS)

    async def found(self, topic: str, thing: str, *, unless: str | None = None) -> bytes | None:
        mark = None if unless is None else word_of(ACME, unless)
        return (await self.cache.find(topic, [word_of(ACME, thing)], unless=mark))[0]

    @staticmethod
    def _silent(role: str) -> Peer:
        http = HttpClient(policy=Trusted(), clock=CLOCK)
        return Peer(role, None, http=http, token="", clock=CLOCK)


@pytest.fixture
async def house(redis_url: str, tmp_path: Path) -> AsyncIterator[House]:
    database, link = SqliteDatabase(made_file(tmp_path / "own.db")), a_link(redis_url)
    signals = RedisSignals(redis_url, link, OURS)
    async with Redis.from_url(redis_url) as redis:
        yield House(database, signals, RedisCache(link, OURS), redis)
    await signals.close()
    await link.close()
    await database.close()


CHANGES: dict[str, Callable[[Users], Awaitable[object]]] = {
    "put": lambda users: users.put(ACME, ADA, Profile({EMAIL: "new@example.org"})),
    "choose": lambda users: users.preferences.choose(ACME, ADA, value=NO_MAIL),
    "add a token": lambda users: users.add_token(ACME, ADA, token="t-2", platform=None),
    "take her token": lambda users: users.add_token(ACME, BOB, token="t-1", platform=None),
    "remove a token": lambda users: users.remove_token(ACME, ADA, 1),
    "import": lambda users: users.imported(ACME, [ADA]),
    "delete": lambda users: users.delete(ACME, ADA),
    "erase": lambda users: users.gone(ACME, ADA),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_person_who_has_changed_is_not_found_as_they_were(
    house: House, change: str
) -> None:
    users = house.users
    for user in (ADA, BOB):
        await users.put(ACME, user, Profile())
    await users.add_token(ACME, ADA, token="t-1", platform=None)
    await house.redis.flushdb()  # as if that was told a while ago
    await house.remember("users", ADA)
    assert await house.found("users", ADA, unless=EVERYBODY) == WAS

    await CHANGES[change](users)

    assert await house.found("users", ADA, unless=EVERYBODY) is None


async def test_suppressions_of_a_tenant_are_not_found_after_one_is_added(house: House) -> None:
    await house.remember("users", "/email/ada")

    await house.users.suppress(ACME, EMAIL, address=ADDRESS, reason="complained", at=CLOCK.now())

    assert await house.found("users", "/email/ada", unless=SUPPRESSIONS) is None


async def test_what_is_published_is_not_found_as_it_was(house: House) -> None:
    templates, accounts = house.templates, house.accounts
    await accounts.ensure_tenant(ACME, "Acme", is_sandboxed=False)
    draft = Draft({EMAIL: {"en": TemplateBody(subject="Hi", text="Hi")}})

    for step in (
        lambda: templates.create(CALLER, "hello", name=None, draft=draft, is_published=True),
        lambda: templates.add_version(CALLER, "hello", draft=draft, is_published=False),
        lambda: templates.publish(CALLER, "hello", 2),
    ):
        await house.redis.flushdb()
        await house.remember("templates", "hello")
        await step()
        assert await house.found("templates", "hello") is None


async def test_rules_that_are_replaced_are_told(house: House) -> None:
    accounts = house.accounts
    await accounts.ensure_tenant(ACME, "Acme", is_sandboxed=False)
    await house.remember("accounts", "rules")

    await accounts.rules.replace(CALLER, "quota", {"notifications": "2/h"})

    assert await house.found("accounts", "rules") is None


async def test_a_service_that_is_told_of_people_does_not_go_on_with_what_it_knows(
    house: House,
) -> None:
    ada = Person(ADA, {EMAIL: {0: ADDRESS}})
    packed: Packed[Person | None] = Packed(Person | None)
    await house.remember("users", ADA, packed.pack(ada))

    for who, thing in ((Changed(ACME, ADA), ADA), (Changed(ACME), EVERYBODY), (ANYBODY, None)):
        directory, heard = house.directory(), list[Changed]()
        directory.on_change(heard.append)
        assert await directory.people(ACME, [ADA]) == {ADA: ada}

        if thing is None:
            directory.missed()
        else:
            directory.told(ACME, thing)

        assert heard == [who]
        with pytest.raises(Unavailable):
            await directory.people(ACME, [ADA])


async def test_a_service_that_is_told_of_topics_or_suppressions_asks_again(house: House) -> None:
    modes: Packed[Modes] = Packed(Modes)
    reasons: Packed[str | None] = Packed(str | None)
    await house.remember("users", TOPICS, modes.pack({"news": True}))
    await house.remember("users", "/push/t-1", reasons.pack("address_gone"))
    directory = house.directory()
    assert await directory.topics_of(ACME) == {"news": True}
    assert await directory.suppressed(ACME, [(PUSH, "t-1")]) == {(PUSH, "t-1"): "address_gone"}

    directory.told(ACME, TOPICS)
    directory.told(ACME, SUPPRESSIONS)

    with pytest.raises(Unavailable):
        await directory.topics_of(ACME)
    with pytest.raises(Unavailable):
        await directory.suppressed(ACME, [(PUSH, "t-1")])


async def test_of_a_number_that_is_suppressed_for_everybody_a_service_asks_again_and_of_no_other(
    house: House, redis_url: str, tmp_path: Path
) -> None:
    """As after STOP to a sender that all share, by somebody whom no tenant knows."""
    reasons: Packed[str | None] = Packed(str | None)
    stopped, others = (SMS, NUMBER), [(SMS, "+436640000000"), (EMAIL, ADDRESS), (PUSH, "t-1")]
    for address in (stopped, *others):
        await house.remember("users", thing_of(address), reasons.pack(None))
    directory, fresh = house.directory(), house.directory()
    assert await directory.suppressed(ACME, [stopped, *others[:2]]) == {}

    (tmp_path / "service").mkdir()
    async with by_redis(redis_url, tmp_path / "service") as process:
        await house.users.suppress(ALL_TENANTS, SMS, address=NUMBER, reason="stop_word", at=1)
        words = await process.hears_until(word_of(ALL_TENANTS, thing_of(stopped)))
    for word in words:
        for each in (directory, fresh):
            each.told(*meant_by(word or ""))

    for each in (directory, fresh):
        assert await each.suppressed(ACME, others) == {}
        with pytest.raises(Unavailable):
            await each.suppressed(ACME, [stopped])


async def test_a_service_that_is_told_of_a_template_asks_which_version_is_published(
    house: House,
) -> None:
    version = TemplateVersion("hello", 2, {EMAIL: {"en": TemplateBody(text="Hi")}})
    published: Packed[TemplateVersion | None] = Packed(TemplateVersion | None)
    pinned: Packed[TemplateVersion] = Packed(TemplateVersion)
    await house.remember("templates", "hello", published.pack(version))
    await house.remember("templates", "hello/2", pinned.pack(version))

    for is_heard in (True, False):
        catalogue = house.catalogue()
        assert await catalogue.version(ACME, "hello", None) == version

        catalogue.told(ACME, "hello") if is_heard else catalogue.missed()

        with pytest.raises(Unavailable):
            await catalogue.version(ACME, "hello", None)
        assert await catalogue.version(ACME, "hello", 2) == version
