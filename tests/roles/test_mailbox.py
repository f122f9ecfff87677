"""The dev mailbox on the embedded database."""

import asyncio
from collections.abc import AsyncIterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import msgspec
import pytest
from httpx2 import AsyncClient
from hypothesis import given
from hypothesis import strategies as st

from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.adapters.system import SystemClock
from sendwell.domain.ids import ChannelName
from sendwell.domain.lane import Lane
from sendwell.domain.outcome import Accepted, Deferred
from sendwell.messages.requested import Content
from sendwell.providers.mailbox import Mailbox as MailboxProvider
from sendwell.roles.mailbox.api import PATH, routes
from sendwell.roles.mailbox.message import MailboxMessage, Narrowing
from sendwell.roles.mailbox.service import Mailbox
from sendwell.roles.mailbox.tables import METADATA
from tests.roles.calling import a_client, an_app
from tests.roles.mailbox_house import (
    EVERYTHING,
    NOTIFICATION,
    OTHER,
    SAMPLE,
    WatchedStore,
    an_outgoing,
    fill,
    shown,
)


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
def mailbox(store: WatchedStore) -> Mailbox:
    return Mailbox(store, SystemClock())


@pytest.fixture
async def client(mailbox: Mailbox) -> AsyncIterator[AsyncClient]:
    async with a_client(an_app(SAMPLE, routers=[routes(mailbox)])) as client:
        yield client


async def test_what_would_have_been_sent_is_shown(mailbox: Mailbox, client: AsyncClient) -> None:
    number = await mailbox.put(an_outgoing(user_id="user-001"))

    (message,) = (await client.get(PATH)).json()["data"]

    assert message.pop("at").endswith("Z")
    assert message == {
        "id": number,
        "channel": "email",
        "to": "ada@example.org",
        "user_id": "user-001",
        "event_type": "order_shipped",
        "notification": NOTIFICATION,
        "delivery": "0.email",
        "priority": "high",
        "content": {"subject": "Your parcel", "text": "It is on its way."},
    }


async def test_the_same_key_is_stored_once(mailbox: Mailbox, client: AsyncClient) -> None:
    first = await mailbox.put(an_outgoing())
    second = await mailbox.put(an_outgoing(content=Content(subject="Another", text="attempt")))

    assert first == second
    assert len(await shown(client)) == 1


async def test_messages_put_together_get_the_ids_under_which_they_are_found(
    mailbox: Mailbox,
) -> None:
    parts = [f"{number % 40}.email" for number in range(100)]

    ids = await asyncio.gather(*(mailbox.put(an_outgoing(part)) for part in parts))

    found = [(await mailbox.find(SAMPLE, int(number))).part for number in ids]
    assert parts == found


async def test_the_same_key_in_another_tenant_is_another_message(mailbox: Mailbox) -> None:
    ours = await mailbox.put(an_outgoing())
    theirs = await mailbox.put(an_outgoing(tenant=OTHER))

    assert ours != theirs


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"channel": "sms"}, ["1.sms"]),
        ({"event_type": "order_shipped"}, ["0.email"]),
        ({"user_id": "user-001"}, ["0.email"]),
        ({"notification": NOTIFICATION}, ["1.sms", "0.email"]),
        ({"notification": "unknown"}, []),
        ({"to": "ADA@example.org"}, ["0.email"]),
        ({"to": "ada@example"}, []),
        ({"contains": "CODE is 1234"}, ["1.sms"]),
        ({"contains": "parcel", "channel": "sms"}, []),
    ],
)
async def test_a_filter_shows_what_matches_all_of_it(
    query: dict[str, str], expected: list[str], mailbox: Mailbox, client: AsyncClient
) -> None:
    await mailbox.put(an_outgoing(user_id="user-001"))
    code = Content(text="Your code is 1234.")
    await mailbox.put(
        an_outgoing("1.sms", channel="sms", address="+4366012345", content=code, event_type="login")
    )

    assert expected == await shown(client, **query)


@given(st.text(min_size=1), st.sampled_from(["subject", "title", "text", "body", "html", "data"]))
def test_words_are_found_wherever_they_stand(words: str, place: str) -> None:
    said = f"before {words} after"
    content = msgspec.convert({place: {"key": said} if place == "data" else said}, Content)
    message = MailboxMessage(
        id=1,
        key="key",
        channel=ChannelName("push"),
        user_id=None,
        event_type="",
        notification=NOTIFICATION,
        part="0.push",
        lane=Lane.LOW,
        at=0,
        address="token",
        content=content,
    )

    assert Narrowing(contains=words.upper()).admits(message) is (
        words.upper().casefold() in said.casefold()
    )
    assert Narrowing(contains=words).admits(message)
    assert not Narrowing(contains=f"{words}{words} never").admits(message)


async def test_pages_show_everything_once_while_messages_arrive(
    mailbox: Mailbox, client: AsyncClient
) -> None:
    await fill(mailbox, 5)

    first = await client.get(PATH, params={"limit": 2, "channel": "email"})
    await fill(mailbox, 3, first=5)
    second = await client.get(first.links["next"]["url"])
    third = await client.get(second.links["next"]["url"])

    pages = [answer.json()["data"] for answer in (first, second, third)]
    expected = [["4.email", "3.email"], ["2.email", "1.email"], ["0.email"]]
    assert expected == [[message["delivery"] for message in page] for page in pages]
    assert third.json()["next_cursor"] is None


async def test_a_filter_on_the_content_looks_behind_the_first_rows(
    mailbox: Mailbox, client: AsyncClient
) -> None:
    await mailbox.put(an_outgoing("0.email", address="needle@example.org"))
    await asyncio.gather(*(mailbox.put(an_outgoing(f"{each}.email")) for each in range(1, 1_200)))

    assert await shown(client, to="needle@example.org", limit="1") == ["0.email"]


async def test_an_email_is_shown_as_the_bytes_a_relay_would_have_got(
    mailbox: Mailbox, client: AsyncClient
) -> None:
    content = Content(subject="Grüße", text="Hallo 🙂", html="<p>Hallo 🙂</p>")
    number = await mailbox.put(an_outgoing(content=content))

    message = (await client.get(f"{PATH}/{number}")).json()

    mail = message_from_bytes(message["raw"].encode("ascii"), EmailMessage, policy=default)
    plain, rich = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert rich is not None
    assert plain.get_content().strip() == "Hallo 🙂"
    assert rich.get_content().strip() == "<p>Hallo 🙂</p>"
    assert mail["message-id"].startswith(f"<{NOTIFICATION}.0.email@")
    assert {"name": "Subject", "value": "Grüße"} in message["headers"]
    assert {"name": "To", "value": "ada@example.org"} in message["headers"]
    assert message["problem"] is None


async def test_an_email_that_no_relay_would_get_says_why(
    mailbox: Mailbox, client: AsyncClient
) -> None:
    content = Content(subject="two\r\nBcc: eve@example.org", text="lines")
    number = await mailbox.put(an_outgoing(content=content))

    message = (await client.get(f"{PATH}/{number}")).json()

    assert message["raw"] is None
    assert "subject" in message["problem"]


async def test_what_is_no_email_has_no_headers(mailbox: Mailbox, client: AsyncClient) -> None:
    number = await mailbox.put(an_outgoing("0.sms", channel="sms", content=Content(text="Hi")))

    message = (await client.get(f"{PATH}/{number}")).json()

    assert (message["headers"], message["raw"], message["problem"]) == ([], None, None)


async def test_a_tenant_neither_sees_nor_deletes_what_is_anothers(mailbox: Mailbox) -> None:
    number = await mailbox.put(an_outgoing(tenant=OTHER))
    async with a_client(an_app(SAMPLE, routers=[routes(mailbox)])) as client:
        listed = await shown(client)
        read = await client.get(f"{PATH}/{number}")
        deleted = await client.delete(f"{PATH}/{number}")
        emptied = await client.delete(PATH)

    assert listed == []
    assert (read.status_code, deleted.status_code) == (404, 404)
    assert emptied.json() == {"deleted": 0}
    assert len((await mailbox.page(OTHER, EVERYTHING, before=None, limit=2)).messages) == 1


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ({}, []),
        ({"channel": "sms"}, ["0.email"]),
        ({"to": "ada@example.org"}, ["1.sms"]),
        ({"contains": "nowhere"}, ["1.sms", "0.email"]),
    ],
)
async def test_deleting_takes_what_matches(
    query: dict[str, str], left: list[str], mailbox: Mailbox, client: AsyncClient
) -> None:
    await mailbox.put(an_outgoing())
    await mailbox.put(an_outgoing("1.sms", channel="sms", address="+4366012345"))

    answer = await client.delete(PATH, params=query)

    assert answer.json() == {"deleted": 2 - len(left)}
    assert left == await shown(client)


async def test_one_message_can_be_deleted_once(mailbox: Mailbox, client: AsyncClient) -> None:
    number = await mailbox.put(an_outgoing())

    first = await client.delete(f"{PATH}/{number}")
    second = await client.delete(f"{PATH}/{number}")

    assert (first.status_code, second.status_code) == (204, 404)
    assert await shown(client) == []


async def test_only_the_newest_messages_of_each_tenant_are_kept(store: WatchedStore) -> None:
    mailbox = Mailbox(store, SystemClock(), most_kept=40)
    await mailbox.put(an_outgoing(tenant=OTHER))

    await fill(mailbox, 100)

    kept = (await mailbox.page(SAMPLE, EVERYTHING, before=None, limit=200)).messages
    assert [f"{each}.email" for each in range(99, 59, -1)] == [each.part for each in kept][:40]
    assert len(kept) <= 42
    assert len((await mailbox.page(OTHER, EVERYTHING, before=None, limit=2)).messages) == 1


@pytest.mark.parametrize(
    "query", ["tenant=other", "limit=201", "limit=0", "wait_seconds=61", "cursor=nonsense"]
)
async def test_what_it_does_not_understand_it_refuses(query: str, client: AsyncClient) -> None:
    answer = await client.get(f"{PATH}?{query}")

    assert (
        answer.status_code,
        answer.headers["content-type"],
    ) == (400, "application/problem+json")
    assert answer.json()["errors"][0]["pointer"] == f"/query/{query.partition('=')[0]}"


async def test_the_provider_has_accepted_what_is_in_the_mailbox(mailbox: Mailbox) -> None:
    outcome = await MailboxProvider(mailbox).send(an_outgoing())

    (message,) = (await mailbox.page(SAMPLE, EVERYTHING, before=None, limit=2)).messages
    assert Accepted(str(message.id)) == outcome


async def test_the_provider_defers_what_cannot_be_stored_now(
    mailbox: Mailbox, database: SqliteDatabase
) -> None:
    await database.close()

    outcome = await MailboxProvider(mailbox).send(an_outgoing())

    assert isinstance(outcome, Deferred)
