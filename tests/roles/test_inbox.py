"""The inbox on the embedded database, its live stream over a real socket."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
from httpx2 import AsyncClient, Response

from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.adapters.system import SystemClock
from sendwell.domain.ids import ChannelName, NotificationId, TenantId
from sendwell.domain.lane import Lane
from sendwell.domain.outcome import Accepted, Deferred
from sendwell.messages.outgoing import Outgoing
from sendwell.messages.requested import Content
from sendwell.providers.in_app.stored import Stored
from sendwell.roles.inbox.api import routes
from sendwell.roles.inbox.message import MessagePage
from sendwell.roles.inbox.service import Inbox
from sendwell.roles.inbox.store import InboxStore, Owner
from sendwell.roles.inbox.tables import METADATA
from sendwell.runtime.server.paging import cursor_of
from sendwell.runtime.server.serving import Server
from tests.roles.calling import a_client, an_app

SAMPLE, OTHER = TenantId("sample"), TenantId("other")
NOTIFICATION = NotificationId("0191f0aa-7c1e-7000-8000-000000000001")
ADA, GRACE = "user-001", "user-002"
INBOX = f"/api/v1/users/{ADA}/inbox"
PATIENCE = 5


class WatchedStore(InboxStore):
    """Tells when somebody has looked for news and may be waiting for it now."""

    def __init__(self, database: SqliteDatabase) -> None:
        super().__init__(database)
        self.looked = asyncio.Event()

    async def behind(self, owner: Owner, number: int, *, limit: int) -> MessagePage:
        found = await super().behind(owner, number, limit=limit)
        self.looked.set()
        return found


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    database = SqliteDatabase(tmp_path / "sendwell.db")
    METADATA.create_all(database.engine)
    yield database
    await database.close()


@pytest.fixture
def store(database: SqliteDatabase) -> WatchedStore:
    return WatchedStore(database)


@pytest.fixture
def inbox(store: WatchedStore) -> Inbox:
    return Inbox(store, SystemClock())


@pytest.fixture
async def client(inbox: Inbox) -> AsyncIterator[AsyncClient]:
    async with a_client(an_app(SAMPLE, routers=[routes(inbox)])) as client:
        yield client


def an_outgoing(
    number: int = 0,
    *,
    tenant: TenantId = SAMPLE,
    user_id: str = ADA,
    content: Content | None = None,
) -> Outgoing:
    part = f"{number}.in_app"
    return Outgoing(
        key=f"{NOTIFICATION}.{part}",
        tenant=tenant,
        notification=NOTIFICATION,
        part=part,
        channel=ChannelName("in_app"),
        address=user_id,
        content=content or Content(title=f"Title {number}", body="Body"),
        lane=Lane.MEDIUM,
        attempt=1,
        event_type="order_shipped",
    )


async def put(inbox: Inbox, *numbers: int, user_id: str = ADA) -> list[str]:
    return [await inbox.put(an_outgoing(number, user_id=user_id)) for number in numbers]


def titles(answer: Response) -> list[str]:
    assert answer.status_code == 200
    return [message["title"] for message in answer.json()["data"]]


async def test_a_person_sees_what_was_put(inbox: Inbox, client: AsyncClient) -> None:
    content = Content(title="Hello", body="World", data={"order": "7"})
    number = await inbox.put(an_outgoing(content=content))

    answer = (await client.get(INBOX)).json()

    assert answer["data"][0].pop("at").endswith("Z")
    assert answer == {
        "data": [
            {
                "id": number,
                "event_type": "order_shipped",
                "notification": NOTIFICATION,
                "title": "Hello",
                "body": "World",
                "data": {"order": "7"},
                "read_at": None,
            }
        ],
        "unread": 1,
        "next_cursor": None,
    }


async def test_words_of_another_channel_are_shown_as_well_as_they_fit(
    inbox: Inbox, client: AsyncClient
) -> None:
    await inbox.put(an_outgoing(content=Content(subject="Subject", text="Text")))

    (message,) = (await client.get(INBOX)).json()["data"]

    assert (message["title"], message["body"]) == ("Subject", "Text")


async def test_the_same_key_is_stored_once(inbox: Inbox, client: AsyncClient) -> None:
    first, second = await put(inbox, 0, 0)

    assert first == second
    assert titles(await client.get(INBOX)) == ["Title 0"]


async def test_pages_show_everything_once_while_messages_arrive(
    inbox: Inbox, client: AsyncClient
) -> None:
    await put(inbox, 0, 1, 2)

    first = await client.get(INBOX, params={"limit": 2})
    await put(inbox, 3)
    second = await client.get(first.links["next"]["url"])

    assert titles(first) == ["Title 2", "Title 1"]
    assert titles(second) == ["Title 0"]
    assert second.json()["next_cursor"] is None


@pytest.mark.parametrize("person", ["анна", "José", "a%41", "auth0|7", "a&b=c", "who?"])
async def test_the_next_page_is_linked_whatever_the_person_is_called(
    inbox: Inbox, client: AsyncClient, person: str
) -> None:
    await put(inbox, 0, 1, user_id=person)
    here = f"/api/v1/users/{quote(person)}/inbox"

    first = await client.get(here, params={"limit": 1, "cursor": cursor_of(2**62)})
    second = await client.get(first.links["next"]["url"])

    assert (titles(first), titles(second)) == (["Title 1"], ["Title 0"])
    assert first.headers["link"].startswith(f"<{here}?limit=1&cursor=")


async def test_what_was_read_counts_as_read_from_its_first_reading(
    inbox: Inbox, client: AsyncClient
) -> None:
    first, _ = await put(inbox, 0, 1)

    once = await client.post(f"{INBOX}/{first}/read")
    read_at = (await client.get(INBOX)).json()["data"][1]["read_at"]
    twice = await client.post(f"{INBOX}/{first}/read")

    answer = (await client.get(INBOX)).json()
    assert (once.status_code, twice.status_code) == (204, 204)
    assert answer["unread"] == 1
    assert answer["data"][1]["read_at"] == read_at
    assert read_at.endswith("Z")


async def test_the_unread_ones_can_be_seen_alone(inbox: Inbox, client: AsyncClient) -> None:
    first, *_ = await put(inbox, 0, 1, 2)
    await client.post(f"{INBOX}/{first}/read")

    answer = await client.get(INBOX, params={"unread": "true"})

    assert titles(answer) == ["Title 2", "Title 1"]


async def test_an_inbox_is_its_persons_and_its_tenants(inbox: Inbox, client: AsyncClient) -> None:
    (graces,) = await put(inbox, 0, user_id=GRACE)
    theirs = await inbox.put(an_outgoing(1, tenant=OTHER))

    reads = [await client.post(f"{INBOX}/{number}/read") for number in (graces, theirs)]

    assert titles(await client.get(INBOX)) == []
    assert [answer.status_code for answer in reads] == [404, 404]
    assert await inbox.unread((OTHER, ADA)) == 1
    assert await inbox.unread((SAMPLE, GRACE)) == 1


@pytest.mark.parametrize(
    ("url", "pointer"),
    [
        (f"{INBOX}?limit=201", "/query/limit"),
        (f"{INBOX}?cursor=x", "/query/cursor"),
        (f"{INBOX}?colour=red", "/query/colour"),
        (f"{INBOX}/stream?after=-1", "/query/after"),
        (f"{INBOX}/stream?after=soon", "/query/after"),
    ],
)
async def test_what_it_does_not_understand_it_refuses(
    url: str, pointer: str, client: AsyncClient
) -> None:
    answer = await client.get(url)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_what_is_stored_has_been_delivered(inbox: Inbox) -> None:
    outcome = await Stored(inbox).send(an_outgoing())

    (message,) = (await inbox.page((SAMPLE, ADA), before=None, limit=2)).messages
    assert outcome == Accepted(str(message.id), is_delivered=True)


async def test_the_provider_defers_what_cannot_be_stored_now(
    inbox: Inbox, database: SqliteDatabase
) -> None:
    await database.close()

    outcome = await Stored(inbox).send(an_outgoing())

    assert isinstance(outcome, Deferred)


@dataclass(frozen=True)
class Event:
    id: str
    title: str


class Stream:
    """A browser's EventSource, as far as these tests need one."""

    def __init__(self, response: Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def next(self) -> Event | None:
        """The next event; None at the end."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(PATIENCE):
            async for line in self._lines:
                if line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif "data" in fields:
                    return Event(fields["id"], json.loads(fields["data"])["title"])
        return None


@asynccontextmanager
async def a_server(inbox: Inbox) -> AsyncIterator[tuple[Server, AsyncClient]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(an_app(SAMPLE, routers=[routes(inbox)]), listener)
        await server.start()
        host, port = listener.getsockname()
        async with AsyncClient(base_url=f"http://{host}:{port}") as client:
            yield server, client
            inbox.close()
        await server.stop()


@asynccontextmanager
async def a_stream(
    client: AsyncClient, *, after: int = 0, last_event_id: str | None = None
) -> AsyncIterator[Stream]:
    headers = {"last-event-id": last_event_id} if last_event_id else {}
    url = f"{INBOX}/stream?after={after}"
    async with client.stream("GET", url, headers=headers) as response:
        yield Stream(response)


async def test_the_stream_shows_what_was_there_and_what_comes(inbox: Inbox) -> None:
    (first,) = await put(inbox, 0)
    async with a_server(inbox) as (_, client), a_stream(client) as stream:
        before = await stream.next()
        (second,) = await put(inbox, 1)
        live = await stream.next()

    assert stream.response.headers["content-type"].startswith("text/event-stream")
    assert before == Event(first, "Title 0")
    assert live == Event(second, "Title 1")


async def test_a_browser_that_comes_back_misses_nothing_and_sees_nothing_twice(
    inbox: Inbox,
) -> None:
    await put(inbox, 0, 1)
    async with a_server(inbox) as (_, client):
        async with a_stream(client) as stream:
            await stream.next()
            last = await stream.next()
        await put(inbox, 2, 3)
        assert last is not None
        async with a_stream(client, last_event_id=last.id) as stream:
            seen = [await stream.next(), await stream.next()]

    assert [event.title for event in seen if event] == ["Title 2", "Title 3"]


async def test_a_slow_reader_reads_on_from_the_table(inbox: Inbox) -> None:
    messages = inbox.follow((SAMPLE, ADA), after=0)
    await put(inbox, 0)
    first = await anext(messages)

    await put(inbox, *range(1, 250))

    async with asyncio.timeout(PATIENCE):
        rest = [(await anext(messages)).title for _ in range(249)]
    await messages.aclose()
    assert first.title == "Title 0"
    assert rest == [f"Title {number}" for number in range(1, 250)]


async def test_everybody_who_follows_an_inbox_hears_of_a_message(inbox: Inbox) -> None:
    async with (
        a_server(inbox) as (_, client),
        a_stream(client) as desk,
        a_stream(client) as phone,
    ):
        await put(inbox, 0, user_id=GRACE)
        await put(inbox, 1)

        heard = [await desk.next(), await phone.next()]

    assert [event.title for event in heard if event] == ["Title 1", "Title 1"]


async def test_without_a_point_to_begin_at_the_stream_begins_now(
    inbox: Inbox, store: WatchedStore
) -> None:
    await put(inbox, 0)
    messages = inbox.follow((SAMPLE, ADA))
    coming = asyncio.ensure_future(anext(messages))
    await store.looked.wait()

    await put(inbox, 1)

    async with asyncio.timeout(PATIENCE):
        assert (await coming).title == "Title 1"
    await messages.aclose()


async def test_closing_ends_the_streams_so_that_the_server_can_stop(inbox: Inbox) -> None:
    await put(inbox, 0)
    async with a_server(inbox) as (server, client), a_stream(client) as stream:
        await stream.next()

        inbox.close()
        end = await stream.next()

        assert end is None
        async with asyncio.timeout(PATIENCE):
            await server.stop()


async def test_a_reader_that_has_gone_leaves_nothing_behind(inbox: Inbox) -> None:
    await put(inbox, 0)
    async with a_server(inbox) as (_, client), a_stream(client) as stream:
        await stream.next()
        assert inbox._bell._listeners
    assert not inbox._bell._listeners
