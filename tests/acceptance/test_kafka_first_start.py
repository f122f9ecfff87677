"""A topic that others have used before: what of it the first start sends."""

import asyncio
import json
import re
from pathlib import Path
from uuid import uuid4

from confluent_kafka import TopicPartition

from tests.acceptance.foreign import KafkaClient, closing_consumer, kafka_client, mails_of
from tests.acceptance.product import ROOT, running
from tests.services.kafka import Kafka
from tests.services.needs import needs

pytestmark = needs("kafka")

PAGE = ROOT / "docs" / "how-to" / "connect-kafka.md"
TOPIC = "notification.requested"


def a_request() -> tuple[str, bytes]:
    id_ = str(uuid4())
    request = {
        "notificationId": id_, "organizationId": "default", "eventType": "ORDER_SHIPPED",
        "channel": "EMAIL", "recipient": "ada@example.com", "payload": {"name": "Ada"},
        "createdAt": "2025-01-01T10:00:00Z",
    }  # fmt: skip
    return id_, json.dumps(request).encode()


def move_to_the_end(kafka: KafkaClient, group: str) -> None:
    """What `kafka-consumer-groups.sh --reset-offsets --to-latest` does."""
    with closing_consumer({"bootstrap.servers": kafka.servers, "group.id": group}) as consumer:
        places = [
            TopicPartition(TOPIC, number)
            for number in consumer.list_topics(TOPIC).topics[TOPIC].partitions
        ]
        for place in places:
            _, place.offset = consumer.get_watermark_offsets(place)
        consumer.commit(offsets=places, asynchronous=False)


async def test_the_group_that_the_page_names_is_moved_past_what_was_sent_before(
    tmp_path: Path, kafka_server: Kafka
) -> None:
    told = re.search(r"--group (?P<group>\S+)", PAGE.read_text())
    assert told is not None
    (before, old), (since, new) = a_request(), a_request()
    with kafka_client(kafka_server) as kafka:
        await kafka.publish(TOPIC, old, key="default")
        await asyncio.to_thread(move_to_the_end, kafka, told["group"])
        await kafka.publish(TOPIC, new, key="default")
        environment = {"BROKER_URL": kafka.url, "PRESET": "tenant"}
        async with running(tmp_path, "--no-sample", environment=environment) as product:
            assert await mails_of(product, since)

            answer = await product.client.get(f"/api/v1/notifications/{before}")

    assert answer.status_code == 404
