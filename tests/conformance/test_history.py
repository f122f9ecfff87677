"""The History port on a real Cassandra."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest
from cassandra.cluster import Cluster

from sendwell.adapters.history.cassandra import CassandraHistory
from sendwell.adapters.history.cassandra.rows import BUCKETS, month_of, months_until
from sendwell.domain.errors import Invalid, Unavailable
from sendwell.domain.ids import ChannelName, NotificationId, TenantId, UserId
from sendwell.ports.history import Event
from tests.services import cassandra, certificates
from tests.services.cassandra import Cassandra
from tests.services.needs import needs

pytestmark = needs("cassandra")
TENANT, OTHER = TenantId("acme"), TenantId("other")
NOON = 1_793_880_000_000_000
"""In November 2026."""
DAY = 86_400_000_000
WHOLE = Event(
    tenant=TENANT,
    notification=NotificationId("n-1"),
    at=NOON,
    kind="FAILED",
    text="The provider said no.",
    delivery="0.email",
    attempt=2,
    channel=ChannelName("email"),
    provider="smtp",
    reference="<1@example.org>",
    code="mailbox_full",
    rule="policy",
    due=NOON + 5,
    user_id=UserId("u-1"),
    event_type="order_shipped",
)


def an_event(number: int = 1, **changes: object) -> Event:
    event = msgspec.structs.replace(WHOLE, notification=NotificationId(f"n-{number}"))
    return msgspec.structs.replace(event, **changes)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[CassandraHistory]:
    there = CassandraHistory(url)
    try:
        yield there
    finally:
        await there.close()


@pytest.fixture
async def history(cassandra_url: str) -> AsyncIterator[CassandraHistory]:
    async with opened(cassandra_url) as there:
        yield there


async def test_an_event_comes_back_as_it_was_told(history: CassandraHistory) -> None:
    await history.record([WHOLE])

    assert [WHOLE] == await history.of_notification(TENANT, WHOLE.notification)
    assert [WHOLE] == await history.of_recipient(TENANT, UserId("u-1"), before=NOON + 1, limit=9)


async def test_an_event_told_again_is_there_once_and_loses_nothing(
    history: CassandraHistory,
) -> None:
    await history.record([WHOLE, WHOLE])
    await history.record([msgspec.structs.replace(WHOLE, user_id=None, event_type=None)])

    assert [WHOLE] == await history.of_notification(TENANT, WHOLE.notification)


async def test_events_of_a_notification_are_in_the_order_in_which_they_happened(
    history: CassandraHistory,
) -> None:
    moments = [(0, "CREATED"), (0, "PLANNED"), (0, "SEND_ATTEMPT"), (1, "FAILED"), (1, "DEAD")]
    events = [an_event(at=NOON + later, kind=kind) for later, kind in moments]

    await history.record(events[::-1])

    assert events == await history.of_notification(TENANT, WHOLE.notification)


async def test_events_of_a_recipient_are_read_page_by_page_the_newest_first(
    history: CassandraHistory,
) -> None:
    events = [an_event(number, at=NOON + number) for number in range(5)]
    await history.record(events)
    person = UserId("u-1")

    first = await history.of_recipient(TENANT, person, before=NOON + 9, limit=3)
    second = await history.of_recipient(TENANT, person, before=first[-1].at, limit=3)

    assert events[::-1] == [*first, *second]


async def test_nobody_sees_events_of_another_tenant(history: CassandraHistory) -> None:
    await history.record([WHOLE])

    assert [] == await history.of_notification(OTHER, WHOLE.notification)
    assert [] == await history.of_recipient(OTHER, UserId("u-1"), before=NOON + 1, limit=9)


async def test_more_events_than_the_driver_reads_at_once_are_all_there(
    history: CassandraHistory,
) -> None:
    events = [an_event(attempt=number, user_id=None) for number in range(5_001)]

    await history.record(events)

    assert events == await history.of_notification(TENANT, WHOLE.notification)


async def test_a_day_is_spread_over_partitions_and_rows_go_after_their_time(
    cassandra_server: Cassandra, cassandra_url: str
) -> None:
    events = [an_event(number) for number in range(100)]
    async with opened(f"{cassandra_url}?ttl_days=7") as history:
        await history.record(events)

    keyspace = urlsplit(cassandra_url).path.strip("/")
    cluster = Cluster(["127.0.0.1"], port=cassandra_server.port, protocol_version=4)
    with cluster, cluster.connect(keyspace) as session:
        rows = [
            row
            for bucket in range(BUCKETS)
            for row in session.execute(
                "SELECT notification, ttl(text) AS seconds FROM event_by_day"
                " WHERE tenant=%s AND day=%s AND bucket=%s",
                (TENANT, NOON // DAY, bucket),
            )
        ]

    assert sorted(row.notification for row in rows) == sorted(e.notification for e in events)
    assert all(6 * 86_400 < row.seconds <= 7 * 86_400 for row in rows)


async def test_while_it_is_away_that_is_said_and_afterwards_it_goes_on(
    cassandra_server: Cassandra, history: CassandraHistory
) -> None:
    await history.record([WHOLE])

    cassandra_server.kill()
    with pytest.raises(Unavailable):
        await history.record([an_event(2)])
    cassandra_server.start()
    await record_at_last(history, an_event(2))

    assert [WHOLE] == await history.of_notification(TENANT, WHOLE.notification)
    assert [an_event(2)] == await history.of_notification(TENANT, NotificationId("n-2"))


async def record_at_last(history: CassandraHistory, event: Event) -> None:
    """A server that has just started takes a moment until it lets people in."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await history.record([event])
            except Unavailable:
                await asyncio.sleep(0.2)


async def test_it_is_reached_by_tls_with_a_password_and_not_by_a_wrong_one(tmp_path: Path) -> None:
    with cassandra.running(tls=certificates.issue(tmp_path)) as server:
        url = server.keyspace()
        async with opened(url) as history:
            await record_at_last(history, WHOLE)
            found = await history.of_notification(TENANT, WHOLE.notification)
        async with opened(url.replace(":cassandra@", ":wrong@")) as stranger:
            with pytest.raises(Unavailable) as refused:
                await stranger.record([WHOLE])

    assert [WHOLE] == found
    assert "wrong" not in str(refused.value)


@pytest.mark.parametrize("options", ["?ttl_days=0", "?replication=many", "?colour=red"])
def test_a_url_that_says_nonsense_is_refused(options: str) -> None:
    with pytest.raises(Invalid):
        CassandraHistory(f"cassandra://127.0.0.1:9042/sendwell{options}")


async def test_whose_events_those_were_is_forgotten_and_that_they_happened_is_not(
    history: CassandraHistory,
) -> None:
    now = NOON + DAY
    long_ago = an_event(1, at=NOON - 40 * DAY)
    events = [long_ago, an_event(2), an_event(3, user_id=UserId("u-2"))]
    await history.record(events)

    count = await history.forget(TENANT, UserId("u-1"), now=now)
    await history.record(events)  # told once more, as after a crash

    found = [await history.of_notification(TENANT, NotificationId(f"n-{n}")) for n in (1, 2, 3)]
    assert count == 2
    assert [event.user_id for (event,) in found] == [None, None, UserId("u-2")]
    assert [event.text for (event,) in found] == ["", "", WHOLE.text]
    assert [event.code for (event,) in found] == [WHOLE.code] * 3
    for month in (long_ago.at + 1, now):
        assert await history.of_recipient(TENANT, UserId("u-1"), before=month, limit=10) == []
    assert await history.forget(TENANT, UserId("u-1"), now=now) == 0


@pytest.mark.parametrize("days", [1, 30, 400])
def test_every_month_that_rows_may_be_in_is_looked_through(days: int) -> None:
    keeps = timedelta(days=days)

    months = dict(months_until(NOON, keeps))

    for day in range(days + 1):
        at = NOON - day * DAY
        assert at < months[month_of(at)]
    assert list(months) == sorted(months, reverse=True)
