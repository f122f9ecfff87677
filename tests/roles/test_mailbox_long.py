"""Messages as long as an e-mail may be: of many of them only a few are read at once."""

from collections.abc import AsyncIterator

import pytest
from httpx2 import AsyncClient

from sendwell.adapters.system import SystemClock
from sendwell.domain.ids import ChannelName, NotificationId, TenantId, UserId
from sendwell.domain.lane import Lane
from sendwell.messages.outgoing import Outgoing
from sendwell.messages.requested import Content
from sendwell.ports.database import Database
from sendwell.ports.keepers import Whom
from sendwell.roles.mailbox.api import PATH, routes
from sendwell.roles.mailbox.keeping import MailboxKeeper
from sendwell.roles.mailbox.service import Mailbox
from sendwell.roles.mailbox.store import MailboxStore
from sendwell.runtime.portion import MOST_BYTES
from tests.roles.calling import a_client, an_app
from tests.roles.databases import EITHER, either
from tests.roles.reads import Reads

ACME, USER = TenantId("acme"), UserId("u-1")
LONG = MOST_BYTES * 2 // 5
"""Two of these are read at once."""
ENVELOPES = 4_000
PARTS = ["5.email", "4.email", "3.email", "2.email", "1.email", "0.email"]


@pytest.fixture(params=EITHER)
async def database(request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    async with either(request) as database:
        yield database


@pytest.fixture
def reads(database: Database, monkeypatch: pytest.MonkeyPatch) -> Reads:
    return Reads.of(database, monkeypatch)


@pytest.fixture
async def client(database: Database) -> AsyncIterator[AsyncClient]:
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
    reads: Reads, client: AsyncClient, narrowed: str
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
    assert LONG < max(reads.sizes) <= MOST_BYTES


@pytest.mark.parametrize("wait", ["", "&wait_seconds=0.01"])
async def test_few_long_messages_at_once_are_looked_through(
    reads: Reads, client: AsyncClient, wait: str
) -> None:
    found = await client.get(f"{PATH}?limit=1&contains=short{wait}")
    nothing = await client.get(f"{PATH}?limit=1&contains=nowhere{wait}")

    assert ["2.email"] == [message["delivery"] for message in found.json()["data"]]
    assert {"data": [], "next_cursor": None} == nothing.json()
    assert LONG < max(reads.sizes) <= MOST_BYTES


async def test_all_long_messages_are_deleted(reads: Reads, client: AsyncClient) -> None:
    deleted = await client.delete(f"{PATH}?contains=xxx")
    left = await client.get(PATH)

    assert {"deleted": len(PARTS) - 1} == deleted.json()
    assert ["2.email"] == [message["delivery"] for message in left.json()["data"]]
    assert LONG < max(reads.sizes) <= MOST_BYTES


@pytest.mark.usefixtures("client")
async def test_a_person_is_told_of_all_their_long_messages(
    database: Database, reads: Reads
) -> None:
    keeper = MailboxKeeper(MailboxStore(database))
    told, after = [], None
    while True:
        step = await keeper.tell(Whom(ACME, USER), after=after)
        told += [item.document["delivery"] for item in step.items]
        after = step.after
        if after is None:
            break

    assert PARTS == told
    assert LONG < max(reads.sizes) <= MOST_BYTES
