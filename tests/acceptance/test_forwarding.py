"""What was accepted and cannot go to the broker for good comes to an end that people see."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.acceptance.foreign import KafkaClient, kafka_client
from tests.acceptance.product import running
from tests.services.kafka import Kafka
from tests.services.needs import needs

pytestmark = needs("kafka")

MOST_BYTES = "4000"


@pytest.fixture
def kafka(kafka_server: Kafka) -> Iterator[KafkaClient]:
    with kafka_client(kafka_server) as client:
        admin = AdminClient({"bootstrap.servers": client.servers})
        narrow = NewTopic("notifications.medium", 1, config={"max.message.bytes": MOST_BYTES})
        for made in admin.create_topics([narrow]).values():
            made.result()
        yield client


async def test_what_the_broker_will_never_take_ends_alone_and_its_neighbours_are_sent(
    tmp_path: Path, kafka: KafkaClient
) -> None:
    environment = {"PRESET": "lanes", "BROKER_URL": kafka.url}
    async with running(tmp_path, "--no-sample", environment=environment) as product:
        to = {"email": "ada@example.com"}
        items = [
            {"to": to, "content": content, "priority": "medium"}
            for content in ("before", "x" * 50_000, "behind")
        ]

        answer = await product.client.post("/api/v1/notifications/batch", json=items)

        ids = [each["id"] for each in answer.json()["items"]]
        states = [(await product.settled(id_, "SENT", "DEAD", seconds=60))["status"] for id_ in ids]
        assert states == ["SENT", "DEAD", "SENT"]
        (letter,) = (await product.get("/dead-letters"))["data"]
        assert letter["notification_id"] == ids[1]
        assert (await product.get("/ledger"))["difference"] == 0
