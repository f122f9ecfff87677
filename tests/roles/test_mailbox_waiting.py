"""Who waits for a message gets it as soon as it is there."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from httpx2 import AsyncClient

from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.adapters.system import SystemClock
from sendwell.domain.ids import TenantId
from sendwell.roles.mailbox.api import routes
from sendwell.roles.mailbox.message import MessagePage
from sendwell.roles.mailbox.service import Mailbox
from sendwell.roles.mailbox.store import MailboxStore
from sendwell.roles.mailbox.tables import METADATA
from tests.roles.calling import a_client, an_app
from tests.roles.mailbox_house import EVERYTHING, SAMPLE, WatchedStore, an_outgoing, fill, shown


class LateStore(WatchedStore):
    """As PostgreSQL, where what one of several writers has not committed is not seen."""

    hidden = 0

    async def newest(self, tenant: TenantId) -> int:
        found = await MailboxStore.page(self, tenant, EVERYTHING, limit=2)
        return max((each.id for each in found.messages if each.id != self.hidden), default=0)

    async def page(self, *args: Any, **kwargs: Any) -> MessagePage:
        found = await MailboxStore.page(self, *args, **kwargs)
        seen = [each for each in found.messages if each.id != self.hidden]
        self.looked.set()
        return MessagePage(seen, found.last)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    database = SqliteDatabase(tmp_path / "sendwell.db")
    METADATA.create_all(database.engine)
    yield database
    await database.close()


@pytest.fixture
def store(database: SqliteDatabase) -> WatchedStore:
    return LateStore(database)


@pytest.fixture
def mailbox(store: WatchedStore) -> Mailbox:
    return Mailbox(store, SystemClock())


@pytest.fixture
async def client(mailbox: Mailbox) -> AsyncIterator[AsyncClient]:
    async with a_client(an_app(SAMPLE, routers=[routes(mailbox)])) as client:
        yield client


async def test_who_waits_gets_the_message_when_it_comes(
    mailbox: Mailbox, store: WatchedStore, client: AsyncClient
) -> None:
    waiting = asyncio.create_task(shown(client, to="grace@example.org", wait_seconds="30"))
    await store.looked.wait()

    await mailbox.put(an_outgoing("1.email", address="other@example.org"))
    await mailbox.put(an_outgoing("2.email", address="grace@example.org"))

    async with asyncio.timeout(5):
        assert await waiting == ["2.email"]


async def test_who_waits_for_what_is_there_does_not_wait(
    mailbox: Mailbox, client: AsyncClient
) -> None:
    await fill(mailbox, 1)

    async with asyncio.timeout(5):
        assert await shown(client, wait_seconds="60") == ["0.email"]


async def test_who_has_waited_gets_also_what_another_process_has_stored(
    store: WatchedStore, client: AsyncClient
) -> None:
    waiting = asyncio.create_task(shown(client, wait_seconds="2"))
    await store.looked.wait()

    await Mailbox(store, SystemClock()).put(an_outgoing("0.email"))

    assert await waiting == ["0.email"]


async def test_waiting_ends_empty_when_its_time_is_over(client: AsyncClient) -> None:
    assert await shown(client, wait_seconds="0.01") == []


async def test_waiting_ends_when_the_mailbox_closes(
    mailbox: Mailbox, store: WatchedStore, client: AsyncClient
) -> None:
    waiting = asyncio.create_task(shown(client, wait_seconds="60"))
    await store.looked.wait()

    mailbox.close()

    async with asyncio.timeout(5):
        assert await waiting == []


async def test_a_message_whose_commit_was_overtaken_is_not_passed(
    mailbox: Mailbox, store: LateStore, client: AsyncClient
) -> None:
    waiting = asyncio.create_task(shown(client, to="ada@example.org", wait_seconds="30"))
    await store.looked.wait()
    store.looked.clear()
    store.hidden = 1
    await mailbox.put(an_outgoing("1.email", address="ada@example.org"))
    await store.looked.wait()
    store.looked.clear()
    await mailbox.put(an_outgoing("2.email", address="other@example.org"))
    await store.looked.wait()
    store.hidden = 0

    await mailbox.put(an_outgoing("3.email", address="other@example.org"))

    async with asyncio.timeout(5):
        assert await waiting == ["1.email"]
