"""Messages longer than any that comes in today: of many of them only a few are read at once."""

from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
from httpx2 import AsyncClient

from sendwell.adapters.system import SystemClock
from sendwell.domain.ids import ChannelName, NotificationId, TenantId, UserId
from sendwell.domain.lane import Lane
from sendwell.messages.outgoing import Outgoing
from sendwell.messages.requested import Content
from sendwell.ports.database import Database
from sendwell.ports.keepers import Whom
from sendwell.roles.inbox.api import routes
from sendwell.roles.inbox.keeping import InboxKeeper
from sendwell.roles.inbox.service import Inbox
from sendwell.roles.inbox.store import InboxStore
from sendwell.runtime.portion import MOST_BYTES
from tests.roles.calling import a_client, an_app
from tests.roles.databases import EITHER, either
from tests.roles.reads import Reads

ACME, USER = TenantId("acme"), UserId("u-1")
INBOX = f"/api/v1/users/{USER}/inbox"
LONG = MOST_BYTES * 2 // 5
"""Two of these are read at once."""
ENVELOPES = 4_000
TITLES = ["Title 5", "Title 4", "Title 3", "Title 2", "Title 1", "Title 0"]


@pytest.fixture(params=EITHER)
async def database(request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    async with either(request) as database:
        yield database


@pytest.fixture
def reads(database: Database, monkeypatch: pytest.MonkeyPatch) -> Reads:
    return Reads.of(database, monkeypatch)


@pytest.fixture
async def inbox(database: Database) -> Inbox:
    inbox = Inbox(InboxStore(database), SystemClock())
    for title in reversed(TITLES):
        body = "short" if title == "Title 2" else "x" * LONG
        await inbox.put(
            Outgoing(
                key=title, tenant=ACME, notification=NotificationId("n-1"), part="0.in_app",
                lane=Lane.MEDIUM, channel=ChannelName("in_app"), address=USER,
                event_type="order", attempt=1, content=Content(title=title, body=body),
            )
        )  # fmt: skip
    return inbox


@pytest.fixture
async def client(inbox: Inbox) -> AsyncIterator[AsyncClient]:
    async with a_client(an_app(ACME, routers=[routes(inbox)])) as client:
        yield client


@pytest.mark.parametrize("limit", [1, 2, 200])
@pytest.mark.parametrize("narrowed", ["", "&unread=true"])
async def test_a_page_of_long_messages_ends_early_and_none_is_left_out(
    reads: Reads, client: AsyncClient, limit: int, narrowed: str
) -> None:
    shown: list[str] = []
    asked: str | None = f"{INBOX}?limit={limit}{narrowed}"
    while asked is not None:
        answer = await client.get(asked)
        assert len(answer.content) <= MOST_BYTES + ENVELOPES
        page = answer.json()
        shown += [message["title"] for message in page["data"]]
        asked = answer.links["next"]["url"] if page["next_cursor"] else None

    assert TITLES == shown
    assert LONG < max(reads.sizes) <= MOST_BYTES


async def test_a_stream_reads_few_long_messages_at_once(reads: Reads, inbox: Inbox) -> None:
    shown: list[str | None] = []
    async with aclosing(inbox.follow((ACME, USER), after=0)) as messages:
        while len(shown) < len(TITLES):
            shown.append((await anext(messages)).title)

    assert TITLES[::-1] == shown
    assert LONG < max(reads.sizes) <= MOST_BYTES


@pytest.mark.usefixtures("inbox")
async def test_a_person_is_told_of_all_their_long_messages(
    database: Database, reads: Reads
) -> None:
    keeper = InboxKeeper(database)
    told, after = [], None
    while True:
        step = await keeper.tell(Whom(ACME, USER), after=after)
        told += [item.document["title"] for item in step.items]
        after = step.after
        if after is None:
            break

    assert TITLES[::-1] == told
    assert LONG < max(reads.sizes) <= MOST_BYTES
