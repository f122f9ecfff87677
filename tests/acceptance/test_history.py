"""From a request by REST to the history on Cassandra, through kills of either side."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sendwell.adapters.history.cassandra import CassandraHistory
from sendwell.domain.errors import Unavailable
from sendwell.domain.ids import NotificationId, TenantId
from sendwell.ports.history import Event
from tests.acceptance.product import Product, running, webhooks
from tests.services.cassandra import Cassandra
from tests.services.needs import needs
from tests.simulators.troubles import Instead, Reply
from tests.simulators.webhook import WebhookSimulator

pytestmark = needs("cassandra", "postgres")
TENANT = TenantId("default")


@pytest.fixture
async def history(cassandra_url: str) -> AsyncIterator[CassandraHistory]:
    there = CassandraHistory(cassandra_url)
    yield there
    await there.close()


@pytest.fixture
def environment(endpoint: WebhookSimulator, cassandra_url: str) -> dict[str, str]:
    return {**webhooks(endpoint.credentials), "HISTORY_URL": cassandra_url}


async def accepted(product: Product, count: int, **request: object) -> list[str]:
    items = [{"content": str(number), **request} for number in range(count)]
    answer = await product.client.post("/api/v1/notifications/batch", json=items)
    return [item["id"] for item in answer.json()["items"]]


async def told(history: CassandraHistory, id_: str, kinds: list[str]) -> list[Event]:
    """The events, once there are these."""
    async with asyncio.timeout(60):
        while True:
            events = list(await history.of_notification(TENANT, NotificationId(id_)))
            if sorted(kinds) == sorted(event.kind for event in events):
                return events
            await asyncio.sleep(0.05)


async def timeline(product: Product, id_: str) -> list[Any]:
    events: list[Any] = (await product.get(f"/notifications/{id_}/timeline"))["events"]
    return events


def sorted_events(events: list[Any]) -> list[str]:
    return sorted(json.dumps(event, sort_keys=True) for event in events)


async def test_what_happened_is_in_the_history_whoever_is_killed_meanwhile(
    tmp_path: Path,
    endpoint: WebhookSimulator,
    environment: dict[str, str],
    history: CassandraHistory,
) -> None:
    endpoint.fail_next(Instead(Reply(503)), Instead(Reply(413)))
    killed = await Product(tmp_path, "--no-sample", environment=environment).start()
    ids = await accepted(killed, 30, to={"url": endpoint.address})
    await killed.kill()

    async with running(tmp_path, "--no-sample", environment=environment) as product:
        for id_ in ids:
            await product.settled(id_, "SENT", "DELIVERED", "DEAD", seconds=30)
        timelines = {id_: await timeline(product, id_) for id_ in ids}
        for id_, events in timelines.items():
            await told(history, id_, [event["event"] for event in events])

    assert all(len(events) >= 4 for events in timelines.values())


async def test_the_timeline_of_what_the_journal_has_forgotten_comes_from_the_history(
    tmp_path: Path,
    endpoint: WebhookSimulator,
    environment: dict[str, str],
    history: CassandraHistory,
) -> None:
    endpoint.fail_next(Instead(Reply(413)))
    async with running(tmp_path, "--no-sample", environment=environment) as product:
        (id_,) = await accepted(product, 1, to={"url": endpoint.address, "user_id": "u-1"})
        await product.settled(id_, "DEAD")
        before = await timeline(product, id_)
        events = await told(history, id_, [event["event"] for event in before])
    with closing(sqlite3.connect(tmp_path / "sendwell.db")) as journal:
        journal.execute("DELETE FROM requested WHERE id=?", (id_,))
        journal.commit()

    async with running(tmp_path, "--no-sample", environment=environment) as product:
        afterwards = await timeline(product, id_)
        unknown = await product.client.get("/api/v1/notifications/nobody/timeline")

    assert sorted_events(before) == sorted_events(afterwards)
    assert {event.user_id for event in events} == {"u-1"}
    assert unknown.status_code == 404


async def test_a_history_that_is_away_holds_up_nobody_and_is_told_everything_later(
    tmp_path: Path,
    environment: dict[str, str],
    cassandra_server: Cassandra,
    history: CassandraHistory,
) -> None:
    someone = {"email": "someone@example.org"}
    cassandra_server.kill()
    killed = await Product(tmp_path, "--no-sample", environment=environment).start()
    (early,) = await accepted(killed, 1, to=someone)
    await killed.settled(early, "SENT", "DELIVERED")
    await killed.kill()

    async with running(tmp_path, "--no-sample", environment=environment) as product:
        (late,) = await accepted(product, 1, to=someone)
        await product.settled(late, "SENT", "DELIVERED")
        timelines = {id_: await timeline(product, id_) for id_ in (early, late)}
        await asyncio.to_thread(cassandra_server.start)
        for id_, events in timelines.items():
            await told_at_last(history, id_, [event["event"] for event in events])

    assert all(len(events) >= 4 for events in timelines.values())


@pytest.fixture
def shared(environment: dict[str, str], made_postgres_url: str) -> dict[str, str]:
    return {**environment, "DB_URL": made_postgres_url, "LEASE_SECONDS": "3"}


async def test_what_a_dead_process_has_not_told_another_one_tells(
    tmp_path: Path,
    shared: dict[str, str],
    cassandra_server: Cassandra,
    history: CassandraHistory,
) -> None:
    cassandra_server.kill()
    async with running(tmp_path, "--no-sample", environment=shared) as other:
        dying = await Product(tmp_path, "--no-sample", environment=shared).start()
        (id_,) = await accepted(dying, 1, to={"email": "someone@example.org"})
        await dying.settled(id_, "SENT", "DELIVERED")
        before = await timeline(other, id_)
        await dying.kill()
        await asyncio.to_thread(cassandra_server.start)

        events = await told_at_last(history, id_, [event["event"] for event in before])

    assert len(events) >= 4


async def told_at_last(history: CassandraHistory, id_: str, kinds: list[str]) -> list[Event]:
    async with asyncio.timeout(60):
        while True:
            try:
                return await told(history, id_, kinds)
            except Unavailable:
                await asyncio.sleep(0.2)
