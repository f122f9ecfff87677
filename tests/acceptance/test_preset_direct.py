"""Preset `direct`: somebody else's client on RabbitMQ, with its queues and exchange."""

import asyncio
import json
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from tests.acceptance.command import sendwell
from tests.acceptance.foreign import RabbitClient, mails_of, rabbit_client
from tests.acceptance.poison import poisons
from tests.acceptance.product import Product, running, webhooks
from tests.services.needs import needs
from tests.simulators.troubles import Instead, Reply
from tests.simulators.webhook import WebhookSimulator

pytestmark = needs("rabbitmq", "postgres")
EXCHANGE = "notifications.direct"


@pytest.fixture
async def product(
    tmp_path: Path, rabbitmq_url: str, made_postgres_url: str, endpoint: WebhookSimulator
) -> AsyncIterator[Product]:
    environment = {
        **webhooks(endpoint.credentials),
        "PRESET": "direct",
        "BROKER_URL": rabbitmq_url,
        "DB_URL": made_postgres_url,
    }
    async with running(tmp_path, "--no-sample", environment=environment) as started:
        yield started


@pytest.fixture
async def rabbit(product: Product, rabbitmq_url: str) -> AsyncIterator[RabbitClient]:
    async with rabbit_client(rabbitmq_url) as client:
        yield client


def a_message(**fields: object) -> bytes:
    """One row of the contract's gateway, as its services would put it into a queue."""
    row = {
        "organization_id": "default",
        "to": {"email": "ada@example.com"},
        "content": "Your parcel is on its way.",
        "priority": 2,
    }
    return json.dumps({**row, **fields}).encode()


async def test_what_a_foreign_client_puts_into_email_queue_is_sent_and_its_status_told(
    product: Product, rabbit: RabbitClient
) -> None:
    id_ = str(uuid4())
    told = await rabbit.bind(EXCHANGE, "status")

    await rabbit.publish(EXCHANGE, "email", a_message(notification_id=id_))

    (mail,) = await mails_of(product, id_)
    assert (mail["channel"], mail["to"]) == ("email", "ada@example.com")
    (status,) = await rabbit.hear(told, lambda m: m.json["status"] == "SENT")
    assert (status.json["id"], status.json["notification_type"]) == (id_, "email")


async def test_what_cannot_be_delivered_ends_in_failed_queue_with_its_reason(
    product: Product, rabbit: RabbitClient, endpoint: WebhookSimulator
) -> None:
    id_ = str(uuid4())
    endpoint.fail_next(Instead(Reply(413)))
    body = a_message(notification_id=id_, to={"url": endpoint.address})

    await rabbit.publish(EXCHANGE, "webhook.queue", body)

    (dead,) = await rabbit.hear(await rabbit.queue("failed.queue"), lambda _: True)
    assert (dead.body, dead.headers["notification-id"]) == (body, id_)
    assert dead.headers["sendwell-code"] == "http_413"
    (letter,) = (await product.get("/dead-letters"))["data"]
    assert letter["notification_id"] == id_


async def test_poison_goes_to_quarantine_byte_for_byte_and_does_not_stop_its_neighbours(
    product: Product, rabbit: RabbitClient
) -> None:
    first, last = str(uuid4()), str(uuid4())
    poison = {
        **poisons(json.loads(a_message(notification_id="poison"))),
        "contradiction": a_message(notification_id="poison", notification_type="push"),
    }

    await rabbit.publish(
        EXCHANGE,
        "email",
        a_message(notification_id=first),
        *poison.values(),
        a_message(notification_id=last),
    )

    assert len(await mails_of(product, first)) == len(await mails_of(product, last)) == 1
    kept = await rabbit.hear(
        await rabbit.queue("sendwell.quarantine"), lambda _: True, count=len(poison)
    )
    assert {each.headers["sendwell-reason"]: each.body for each in kept} == poison


async def test_the_same_request_id_with_another_body_is_a_contradiction_and_goes_to_quarantine(
    product: Product, rabbit: RabbitClient
) -> None:
    other = a_message(request_id="order-7", content="Something else")

    await rabbit.publish(EXCHANGE, "email", a_message(request_id="order-7"), other)

    (kept,) = await rabbit.hear(await rabbit.queue("sendwell.quarantine"), lambda _: True)
    assert (kept.headers["sendwell-reason"], kept.body) == ("key_reused", other)
    assert len((await product.get("/notifications"))["data"]) == 1


async def test_what_is_in_quarantine_is_told_to_its_organization_by_api_and_command(
    product: Product, rabbit: RabbitClient
) -> None:
    bodies = [b"no json\xff", a_message(schema_version=9), a_message(notification_type="sms")]
    ours = {"organization-id": "default"}

    await rabbit.publish(EXCHANGE, "email", *bodies, headers=ours)
    await rabbit.publish(EXCHANGE, "email", bodies[0], headers={"organization-id": "nobody"})
    queue = await rabbit.queue("sendwell.quarantine")
    await rabbit.hear(queue, lambda _: True, count=len(bodies) + 1)

    newest = await product.get("/quarantine", limit=2)
    oldest = await product.get("/quarantine", limit=2, cursor=newest["next_cursor"])
    (first,) = oldest["data"]
    found = [each["reason"] for each in newest["data"]]
    assert (found, first["reason"]) == (["contradiction", "unknown_version"], "not_utf8")
    one = await product.get(f"/quarantine/{first['id']}")
    assert (b64decode(one["body"]), one["stream"]) == (bodies[0], "email")
    assert one["headers"]["organization-id"] == "default"
    raw = await product.client.get(f"/api/v1/quarantine/{first['id']}/raw")
    assert (raw.content, raw.headers["content-type"]) == (bodies[0], "application/octet-stream")
    nobodys = await product.client.get(f"/api/v1/quarantine/{newest['data'][0]['id'] + 1}")
    assert nobodys.status_code == 404
    assert (await product.get("/quarantine", reason="not_utf8"))["data"] == [first]
    key = {"SENDWELL_API_KEY": product.key}
    listed = await sendwell("quarantine", "--stream", "email", at=product, environment=key)
    assert [line.split()[2] for line in listed.out.splitlines()[1:4]] == [*found, "not_utf8"]
    shown = await sendwell("quarantine", str(first["id"]), at=product, environment=key)
    assert "no json\\xff" in shown.out
    assert first["hint"] in shown.out


async def test_who_has_stopped_consuming_is_not_ready_until_it_goes_on_and_loses_nothing(
    product: Product, rabbit: RabbitClient, made_postgres_url: str
) -> None:
    id_ = str(uuid4())
    messages = [a_message(notification_id=id_), a_message(request_id="with-a-key")]

    async with a_stuck_table(made_postgres_url, "requested"):
        await rabbit.publish(EXCHANGE, "email", *messages)
        stuck = await readiness(product, 503)
    await readiness(product, 200)

    assert [name for name in stuck["stopped"] if name.startswith("consumer of")]
    assert await mails_of(product, id_)
    accepted = (await product.get("/notifications"))["data"]
    assert len(accepted) == len(messages)
    assert (await product.get("/quarantine"))["data"] == []


@asynccontextmanager
async def a_stuck_table(url: str, table: str) -> AsyncIterator[None]:
    """Nobody can read or write the table; they all wait."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        await connection.close()


async def readiness(product: Product, status: int) -> Any:
    """What /readyz says once it answers with that status."""
    async with asyncio.timeout(90):
        while (answer := await product.client.get("/readyz")).status_code != status:
            await asyncio.sleep(0.2)
    return answer.json()
