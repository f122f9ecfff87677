"""The inbox in two processes on one PostgreSQL: who follows it in one sees what either stores."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

import pytest

from sendwell.adapters.sql.direct import DirectConnection
from sendwell.adapters.sql.postgres import PostgresDatabase
from sendwell.adapters.sql.postgres_engine import driver_of
from sendwell.adapters.sql.postgres_signals import PostgresSignals
from sendwell.adapters.system import SystemClock
from sendwell.roles.inbox import hot
from sendwell.roles.inbox.rows import Row
from sendwell.roles.inbox.service import Inbox
from sendwell.roles.inbox.store import InboxStore
from sendwell.roles.inbox.tables import METADATA
from sendwell.runtime.cluster.news import News
from tests.roles.test_inbox import ADA, NOTIFICATION, SAMPLE, an_outgoing
from tests.services.needs import needs

pytestmark = needs("postgres")
SOON_SECONDS = 10
SLOW = Row(SAMPLE, ADA, "slow", "shipped", NOTIFICATION, 1, b'{"title":"Slow","body":""}')


@dataclass
class Process:
    inbox: Inbox
    database: PostgresDatabase


@asynccontextmanager
async def a_process(url: str) -> AsyncIterator[Process]:
    database, direct = PostgresDatabase(url), DirectConnection(url)
    signals = PostgresSignals(direct)
    inbox = Inbox(InboxStore(database), SystemClock(), news=News("inbox", signals))
    is_listening = asyncio.Event()
    signals.listen("inbox", lambda _: is_listening.set())
    async with asyncio.TaskGroup() as tasks:
        listening = tasks.create_task(direct.run())
        async with asyncio.timeout(SOON_SECONDS):
            await is_listening.wait()
        yield Process(inbox, database)
        listening.cancel()
    await direct.close()
    await database.close()


@pytest.fixture
async def processes(postgres_url: str) -> AsyncIterator[tuple[Process, Process]]:
    database = PostgresDatabase(postgres_url)
    await database.with_connection(METADATA.create_all)
    await database.close()
    async with a_process(postgres_url) as one, a_process(postgres_url) as other:
        yield one, other


async def followed(inbox: Inbox, seen: list[str], count: int) -> None:
    """The titles of the first messages that come, as they come."""
    async with (
        asyncio.timeout(SOON_SECONDS),
        aclosing(inbox.follow((SAMPLE, ADA), after=0)) as all_,
    ):
        async for message in all_:
            seen.append(message.title or "")
            if len(seen) == count:
                return


async def test_who_follows_an_inbox_sees_at_once_what_another_process_stores(
    processes: tuple[Process, Process],
) -> None:
    one, other = processes
    seen: list[str] = []
    await one.inbox.put(an_outgoing(1))

    following = asyncio.create_task(followed(one.inbox, seen, 2))
    while not seen:
        await asyncio.sleep(0.01)
    await other.inbox.put(an_outgoing(2))
    await asyncio.wait([following])

    assert ["Title 1", "Title 2"] == seen


async def test_a_message_whose_commit_takes_long_is_not_passed_over(
    processes: tuple[Process, Process],
) -> None:
    one, other = processes
    seen: list[str] = []
    following = asyncio.create_task(followed(one.inbox, seen, 2))

    async with other.database.engine.connect() as connection:
        await driver_of(connection).execute("BEGIN")
        await connection.run_sync(hot.put, [SLOW])
        putting = asyncio.create_task(one.inbox.put(an_outgoing(2)))
        await asyncio.wait([putting, following], timeout=0.3)
        await driver_of(connection).execute("COMMIT")
    await putting
    await one.inbox.put(an_outgoing(3))
    await asyncio.wait([following])

    assert ["Slow", "Title 2"] == seen
