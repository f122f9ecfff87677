"""The users role in two processes on one PostgreSQL: neither goes on with what the other changed.

The clock of the tests stands still, so that nothing is read again because it is old.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
import pytest
from sqlalchemy import text

from sendwell.adapters.sql.direct import DirectConnection
from sendwell.adapters.sql.postgres import PostgresDatabase
from sendwell.adapters.sql.postgres_signals import PostgresSignals
from sendwell.adapters.system import SystemClock
from sendwell.domain.consent import Matter, objection
from sendwell.domain.ids import UserId
from sendwell.roles.users.service import Users
from sendwell.roles.users.store import UserStore
from sendwell.roles.users.store.people import Profile
from sendwell.runtime.cluster.news import News
from tests.roles.users_house import ACME, ADA, ADDRESS, BOB, EMAIL, PUSH
from tests.services.needs import needs

pytestmark = needs("postgres")
SOON_SECONDS = 10
NO_MAIL = {"channels": {"email": {"enabled": False}}}
_END_SESSION = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"


class StoppedClock(SystemClock):
    def elapsed(self) -> float:
        return 1_000.0


@dataclass
class Process:
    users: Users
    database: PostgresDatabase
    news: News
    heard: "asyncio.Queue[str | None]"

    async def hears(self, word: str | None) -> None:
        """Wait until it has heard that."""
        async with asyncio.timeout(SOON_SECONDS):
            while await self.heard.get() != word:
                pass


@asynccontextmanager
async def a_process(url: str) -> AsyncIterator[Process]:
    database, direct = PostgresDatabase(url), DirectConnection(url)
    signals = PostgresSignals(direct)
    news = News("users", signals, database=database)
    users = Users(UserStore(database), clock=StoppedClock(), news=news)
    heard: asyncio.Queue[str | None] = asyncio.Queue()
    signals.listen("users", heard.put_nowait)
    async with asyncio.TaskGroup() as tasks:
        listening = tasks.create_task(direct.run())
        process = Process(users, database, news, heard)
        await process.hears(None)
        yield process
        listening.cancel()
    await direct.close()
    await database.close()


@pytest.fixture
async def processes(made_postgres_url: str) -> AsyncIterator[tuple[Process, Process]]:
    async with a_process(made_postgres_url) as one, a_process(made_postgres_url) as other:
        yield one, other


CHANGES: dict[str, Callable[[Users], Awaitable[object]]] = {
    "put": lambda users: users.put(ACME, ADA, Profile({EMAIL: "new@example.org"})),
    "choose": lambda users: users.preferences.choose(ACME, ADA, value=NO_MAIL),
    "add a token": lambda users: users.add_token(ACME, ADA, token="t-2", platform=None),
    "take her token": lambda users: users.add_token(ACME, BOB, token="t-1", platform=None),
    "remove a token": lambda users: users.remove_token(ACME, ADA, 1),
    "suppress a token": lambda users: users.suppress(
        ACME, PUSH, address="t-1", reason="gone", at=SystemClock().now()
    ),
    "delete": lambda users: users.delete(ACME, ADA),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_person_changed_in_one_process_is_read_again_by_the_other(
    processes: tuple[Process, Process], change: str
) -> None:
    one, other = processes
    await one.users.put(ACME, BOB, Profile())
    await one.users.put(ACME, ADA, Profile({EMAIL: ADDRESS}))
    await one.users.add_token(ACME, ADA, token="t-1", platform=None)
    await told_of_everything(one, other)
    before = await other.users.people(ACME, [ADA])

    await CHANGES[change](one.users)
    await told_of_everything(one, other)

    after = await other.users.people(ACME, [ADA])
    assert before != after
    assert after == await Users(UserStore(one.database), clock=StoppedClock()).people(ACME, [ADA])


async def test_a_suppression_and_its_end_hold_in_the_other_process(
    processes: tuple[Process, Process],
) -> None:
    one, other = processes
    address = (EMAIL, ADDRESS)
    assert not await other.users.suppressed(ACME, [address])

    await one.users.suppress(ACME, EMAIL, address=ADDRESS, reason="bounce", at=SystemClock().now())
    await other.hears(f"{ACME}\n")
    assert await other.users.suppressed(ACME, [address]) == {address: "bounce"}

    await one.users.unsuppress(ACME, EMAIL, address=ADDRESS)
    await other.hears(f"{ACME}\n")
    assert not await other.users.suppressed(ACME, [address])


async def test_whoever_may_have_missed_a_signal_forgets_everybody(
    processes: tuple[Process, Process],
) -> None:
    one, other = processes
    await one.users.put(ACME, ADA, Profile({EMAIL: ADDRESS}))
    await told_of_everything(one, other)
    await other.users.people(ACME, [ADA])
    await other.users.suppressed(ACME, [(EMAIL, ADDRESS)])
    changed_unheard = Users(UserStore(one.database), clock=StoppedClock())
    await changed_unheard.preferences.choose(ACME, ADA, value=NO_MAIL)
    await changed_unheard.suppress(
        ACME, EMAIL, address=ADDRESS, reason="bounce", at=SystemClock().now()
    )

    await one.database.rows(text(_END_SESSION))
    await other.hears(None)

    (ada,) = (await other.users.people(ACME, [ADA])).values()
    assert objection(Matter(EMAIL, "any"), ada.preferences)
    assert await other.users.suppressed(ACME, [(EMAIL, ADDRESS)])


async def told_of_everything(one: Process, other: Process) -> None:
    """Signals come in the order of the commits, so this one comes after all before it."""
    await one.news.tell(ACME, "-")
    await other.hears(f"{ACME}\n-")


async def test_two_processes_may_store_the_same_new_people_at_once(
    processes: tuple[Process, Process],
) -> None:
    one, other = processes
    users = [UserId(f"user-{number}") for number in range(40)]

    are_new = await asyncio.gather(
        *(
            each.users.put(ACME, user, Profile({EMAIL: ADDRESS}))
            for user in users
            for each in (one, other)
        )
    )

    assert sum(are_new) == len(users)
    assert len(await one.users.people(ACME, users)) == len(users)


_PERSON = (
    "INSERT INTO person (tenant, user_id, body, preferences, last_token, created_at, updated_at)"
    " VALUES ('acme', 'ada', '{}', '{}', 0, 1, 1)"
)
_WAITING = text("SELECT count(*) AS waiting FROM pg_stat_activity WHERE wait_event_type = 'Lock'")


async def test_who_stores_a_person_that_somebody_else_is_just_storing_does_it_behind_that(
    processes: tuple[Process, Process], made_postgres_url: str
) -> None:
    here, there = processes
    somebody = await asyncpg.connect(made_postgres_url)
    async with somebody.transaction():
        await somebody.execute(_PERSON)
        storing = asyncio.create_task(here.users.put(ACME, ADA, Profile({EMAIL: ADDRESS})))
        async with asyncio.timeout(SOON_SECONDS):
            while not (await there.database.rows(_WAITING))[0].waiting:
                await asyncio.sleep(0.01)
    await somebody.close()

    assert not await storing
    (person,) = (await here.users.people(ACME, [ADA])).values()
    assert person.addresses[EMAIL] == {0: ADDRESS}
