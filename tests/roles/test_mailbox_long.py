"""Messages as long as an e-mail may be: of many of them only a few are read at once."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from httpx2 import AsyncClient

from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.adapters.system import SystemClock
from sendwell.domain.ids import ChannelName, NotificationId, TenantId, UserId
from sendwell.domain.lane import Lane
from sendwell.messages.outgoing import Outgoing
from sendwell.messages.requested import Content
from sendwell.ports.keepers import Whom
from sendwell.roles.mailbox.api import PATH, routes
from sendwell.roles.mailbox.keeping import MailboxKeeper
from sendwell.roles.mailbox.service import Mailbox
from sendwell.roles.mailbox.store import MailboxStore
from sendwell.roles.mailbox.tables import METADATA
from sendwell.runtime.portion import MOST_BYTES
from tests.roles.calling import a_client, an_app

ACME, USER = TenantId("acme"), UserId("u-1")
LONG = MOST_BYTES * 2 // 5
"""Two of these are read at once."""
ENVELOPES = 4_000
PARTS = ["5.email", "4.email", "3.email", "2.email", "1.email", "0.email"]


class WatchedDatabase(SqliteDatabase):
    """Tells the most that was read of messages at once."""

    most_bytes = 0

    async def rows(self, *args: Any, **kwargs: Any) -> Any:
        found = await super().rows(*args, **kwargs)
        read = sum(len(row.body) for row in found if "body" in row._fields)
        self.most_bytes = max(self.most_bytes, read)
        return found


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[WatchedDatabase]:
    database = WatchedDatabase(tmp_path / "sendwell.db")
    METADATA.create_all(database.engine)
    yield database
    await database.close()


@pytest.fixture
async def client(database: WatchedDatabase) -> AsyncIterator[AsyncClient]:
    mailbox = Mailbox(MailboxStore(database), SystemClock())
    for part in reversed(PARTS):
        text = "short" if part == "2.email" else "x" * LONG
        await mailbox.put(
            Outgoing(
                key=part, tenant=ACME, notification=NotificationId("n-1"), part=part,
                lane=Lane.MEDIUM, channel=ChannelName("email"), address="a@example.org",
                user_id=USER, event_type="order", attempt=1,
                content=Content(subject="Hi", text=text),
            )
        )  # fmt: skip
    async with a_client(an_app(ACME, routers=[routes(mailbox)])) as client:
        yield client


@pytest.mark.parametrize("narrowed", ["", "&contains=hi", "&to=A@example.org"])
async def test_a_page_of_long_messages_ends_early_and_none_is_left_out(
    database: WatchedDatabase, client: AsyncClient, narrowed: str
) -> None:
    shown: list[str] = []
    asked: str | None = f"{PATH}?limit=200{narrowed}"
    while asked is not None:
        answer = await client.get(asked)
        assert len(answer.content) <= MOST_BYTES + ENVELOPES
        page = answer.json()
        shown += [message["delivery"] for message in page["data"]]
        asked = answer.links["next"]["url"] if page["next_cursor"] else None

    assert PARTS == shown
    assert database.most_bytes <= MOST_BYTES


@pytest.mark.parametrize("wait", ["", "&wait_seconds=0.01"])
async def test_few_long_messages_at_once_are_looked_through(
    database: WatchedDatabase, client: AsyncClient, wait: str
) -> None:
    found = await client.get(f"{PATH}?limit=1&contains=short{wait}")
    nothing = await client.get(f"{PATH}?limit=1&contains=nowhere{wait}")

    assert ["2.email"] == [message["delivery"] for message in found.json()["data"]]
    assert {"data": [], "next_cursor": None} == nothing.json()
    assert database.most_bytes <= MOST_BYTES


async def test_all_long_messages_are_deleted(
    database: WatchedDatabase, client: AsyncClient
) -> None:
    deleted = await client.delete(f"{PATH}?contains=xxx")
    left = await client.get(PATH)

    assert {"deleted": len(PARTS) - 1} == deleted.json()
    assert ["2.email"] == [message["delivery"] for message in left.json()["data"]]
    assert database.most_bytes <= MOST_BYTES


@pytest.mark.usefixtures("client")
async def test_a_person_is_told_of_all_their_long_messages(database: WatchedDatabase) -> None:
    keeper = MailboxKeeper(MailboxStore(database))
    told, after = [], None
    while True:
        step = await keeper.tell(Whom(ACME, USER), after=after)
        told += [item.document["delivery"] for item in step.items]
        after = step.after
        if after is None:
            break

    assert PARTS == told
    assert database.most_bytes <= MOST_BYTES
