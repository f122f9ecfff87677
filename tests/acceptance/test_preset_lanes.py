"""Preset `lanes`: its curl, and Kafka's own console consumer."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.acceptance.foreign import Heard, KafkaClient, kafka_client, mails_of
from tests.acceptance.poison import poisons
from tests.acceptance.product import Product, running
from tests.services.kafka import Kafka
from tests.services.needs import needs

pytestmark = needs("kafka", "postgres")
RAW = "notifications.raw"
LANES_REQUEST = """\
curl -X POST http://localhost:8080/api/v1/notifications \\
  -H "Content-Type: application/json" \\
  -d '{
    "user_id": "user-001",
    "event_type": "security_alert",
    "content": "Suspicious login attempt detected from a new device",
    "metadata": {
      "device": "Unknown iPhone",
      "location": "Somewhere in the world",
      "ip_address": "203.0.113.42",
      "timestamp": '$(date +%s)'
    }
  }'
"""
"""The curl of the contract, word for word, for a shell."""


@pytest.fixture
def kafka(kafka_server: Kafka) -> Iterator[KafkaClient]:
    with kafka_client(kafka_server) as client:
        yield client


@pytest.fixture
async def product(
    tmp_path: Path, kafka: KafkaClient, made_postgres_url: str
) -> AsyncIterator[Product]:
    """With the sample, whose organization takes calls without a key and has a `user-001`."""
    environment = {"PRESET": "lanes", "BROKER_URL": kafka.url, "DB_URL": made_postgres_url}
    async with running(tmp_path, environment=environment) as started:
        yield started


async def curl(product: Product) -> str:
    """Run the contract's command, but for the port; gives the notification's id."""
    port = product.url.rpartition(":")[2]
    process = await asyncio.create_subprocess_shell(
        LANES_REQUEST.replace(":8080/", f":{port}/"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    id_: str = json.loads(said)["id"]
    return id_


async def console_consumer(kafka: Kafka, topic: str) -> str:
    """The first message of the topic, as Kafka's own tool prints it."""
    servers = kafka.url.removeprefix("kafka://")
    process = await asyncio.create_subprocess_exec(
        *kafka.tool("consumer.ConsoleConsumer", "--bootstrap-server", servers),
        *("--topic", topic, "--from-beginning", "--max-messages", "1", "--timeout-ms", "30000"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    return said.decode()


def names(heard: Heard, *ids: str) -> bool:
    """Whether it is about one of these: the body is the producer's, and need not say."""
    return heard.headers.get("notification-id") in ids


async def test_the_seeds_curl_arrives_in_the_raw_topic_where_the_console_consumer_shows_it(
    product: Product, kafka: KafkaClient, kafka_server: Kafka
) -> None:
    id_ = await curl(product)

    raw = json.loads(await console_consumer(kafka_server, RAW))
    assert (raw["user_id"], raw["event_type"]) == ("user-001", "security_alert")
    assert raw["content"] == "Suspicious login attempt detected from a new device"
    assert raw["metadata"]["device"] == "Unknown iPhone"
    (copy,) = await kafka.hear(RAW, lambda m: names(m, id_))
    (high,) = await kafka.hear("notifications.high", lambda m: names(m, id_))
    (task,) = await kafka.hear("delivery.email", lambda m: names(m, id_))
    assert copy.body == high.body == task.body
    assert high.json == raw
    assert task.headers["sendwell-lane"] == "high"
    mails = await mails_of(product, id_)
    assert "email" in {mail["channel"] for mail in mails}
    await kafka.hear(
        "notifications.status",
        lambda m: (m.json["notification_id"], m.json["status"]) == (id_, "SENT"),
    )


async def test_the_copy_in_the_raw_topic_is_known_as_what_was_accepted_by_rest(
    product: Product, kafka: KafkaClient
) -> None:
    answers = [await product.send(user_id="user-001", content=str(n)) for n in range(3)]
    batch = await product.client.post(
        "/api/v1/notifications/batch",
        json=[
            {"to": [{"email": "a@example.com"}, {"email": "b@example.com"}], "content": "both"},
            {"user_id": "user-001", "event_type": "greeting", "data": {}, "metadata": {"a": 1}},
        ],
    )
    ids = [answer.json()["id"] for answer in answers]
    ids += [item["id"] for item in batch.json()["items"]]
    copies = await kafka.hear(RAW, lambda m: names(m, *ids), count=len(ids))

    # Behind the copies, in their partition: when it is sent, they were all read.
    last = str(uuid4())
    message = {"id": last, "user_id": "user-001", "organization_id": "sample", "content": "last"}
    await kafka.publish(RAW, b"no json", json.dumps(message).encode(), key=copies[0].key)

    assert await mails_of(product, last)
    (kept,) = await kafka.hear("sendwell.quarantine", lambda _: True)
    assert kept.body == b"no json"
    assert {each.key for each in copies} == {"sample"}
    accepted = (await product.get("/notifications"))["data"]
    assert sorted([*ids, last]) == sorted(
        each["id"] for each in accepted if each["id"] != "sample-welcome"
    )


async def test_poison_goes_to_quarantine_byte_for_byte_and_does_not_stop_its_neighbours(
    product: Product, kafka: KafkaClient
) -> None:
    good = {"organization_id": "sample", "user_id": "user-001", "content": "Hello"}
    first, last = str(uuid4()), str(uuid4())
    poison = poisons({**good, "id": "poison"})

    await kafka.publish(
        RAW,
        json.dumps({**good, "id": first}).encode(),
        *poison.values(),
        json.dumps({**good, "id": last}).encode(),
        key="sample",
    )

    assert await mails_of(product, first)
    assert await mails_of(product, last)
    kept = await kafka.hear("sendwell.quarantine", lambda _: True, count=len(poison))
    assert {each.headers["sendwell-reason"]: each.body for each in kept} == poison
    assert {each.headers["sendwell-stream"] for each in kept} == {RAW}
