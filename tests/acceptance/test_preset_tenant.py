"""Preset `tenant`: a plain Kafka producer, and what it reads in answer."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.acceptance.foreign import KafkaClient, kafka_client, mails_of
from tests.acceptance.poison import poisons
from tests.acceptance.product import Product, running, webhooks
from tests.services.kafka import Kafka
from tests.services.needs import needs
from tests.simulators.troubles import Instead, Reply
from tests.simulators.webhook import WebhookSimulator
from tests.unit.messages.contracts import TENANT_REQUEST

pytestmark = needs("kafka")
REQUESTED, STATUS = "notification.requested", "notification.status"
TENANT = "default"


@pytest.fixture
def kafka(kafka_server: Kafka) -> Iterator[KafkaClient]:
    with kafka_client(kafka_server) as client:
        yield client


@pytest.fixture
async def product(
    tmp_path: Path, kafka: KafkaClient, endpoint: WebhookSimulator
) -> AsyncIterator[Product]:
    environment = {**webhooks(endpoint.credentials), "PRESET": "tenant", "BROKER_URL": kafka.url}
    async with running(tmp_path, "--no-sample", environment=environment) as started:
        yield started


def message(**fields: object) -> bytes:
    """The contract's message for an organization that there is, with an id of its own."""
    return json.dumps({**json.loads(TENANT_REQUEST), "organizationId": TENANT, **fields}).encode()


async def test_the_contracts_message_is_sent_once_and_its_status_told_to_whoever_reads(
    product: Product, kafka: KafkaClient
) -> None:
    id_ = str(uuid4())
    body = message(notificationId=id_)

    await kafka.publish(REQUESTED, body, body, key=TENANT)

    (mail,) = await mails_of(product, id_)
    assert (mail["channel"], mail["to"]) == ("email", "user@example.com")
    (sent,) = await kafka.hear(
        STATUS, lambda m: (m.json["notificationId"], m.json["status"]) == (id_, "SENT")
    )
    assert sent.key == sent.json["organizationId"] == TENANT
    assert (sent.json["channel"], sent.json["eventType"]) == ("EMAIL", "USER_REGISTERED")
    assert (sent.json["retryCount"], sent.json["maxRetries"]) == (0, 5)
    assert sent.headers["correlation-id"] == id_
    (task,) = await kafka.hear("notification.send", lambda _: True)
    assert (task.body, task.key) == (body, TENANT)


async def test_what_fails_for_now_is_on_the_retry_topic_and_what_fails_for_good_on_the_last_one(
    product: Product, kafka: KafkaClient, endpoint: WebhookSimulator
) -> None:
    id_ = str(uuid4())
    body = message(notificationId=id_, channel="WEBHOOK", recipient=endpoint.address, mine=[1.0])
    endpoint.fail_next(Instead(Reply(503)), Instead(Reply(413)))

    await kafka.publish(REQUESTED, body, key=TENANT)

    (again,) = await kafka.hear("notification.send.retry", lambda _: True)
    (dead,) = await kafka.hear("notification.send.dlt", lambda _: True)
    assert again.body == dead.body == body
    assert (dead.key, dead.headers["sendwell-code"]) == (TENANT, "http_413")
    (failed,) = await kafka.hear(STATUS, lambda m: m.json["state"] == "DEAD")
    assert (failed.json["notificationId"], failed.json["status"]) == (id_, "FAILED")
    assert failed.json["retryCount"] == 1
    (letter,) = (await product.get("/dead-letters"))["data"]
    assert letter["notification_id"] == id_


async def test_poison_goes_to_quarantine_byte_for_byte_and_does_not_stop_its_neighbours(
    product: Product, kafka: KafkaClient
) -> None:
    first, last = str(uuid4()), str(uuid4())
    poison = poisons(json.loads(message(notificationId="poison")))

    await kafka.publish(
        REQUESTED,
        message(notificationId=first),
        *poison.values(),
        message(notificationId=last),
        key=TENANT,
    )

    assert len(await mails_of(product, first)) == len(await mails_of(product, last)) == 1
    kept = await kafka.hear("sendwell.quarantine", lambda _: True, count=len(poison))
    assert {each.headers["sendwell-reason"]: each.body for each in kept} == poison
    assert {each.headers["sendwell-stream"] for each in kept} == {REQUESTED}
    own = (await product.get("/quarantine", stream=REQUESTED))["data"]
    assert [each["reason"] for each in own] == ["unknown_version"], "the others are nobody's"


async def test_what_is_too_large_even_for_the_quarantines_topic_stops_nobody(
    product: Product, kafka: KafkaClient
) -> None:
    id_, huge = str(uuid4()), b"x" * 5_000_000

    await kafka.publish(REQUESTED, huge, key=TENANT, headers={"organization-id": TENANT})
    await kafka.publish(REQUESTED, message(notificationId=id_), key=TENANT)

    await kafka.hear(
        STATUS, lambda m: (m.json["notificationId"], m.json["status"]) == (id_, "SENT")
    )
    (kept,) = (await product.get("/quarantine"))["data"]
    raw = await product.client.get(f"/api/v1/quarantine/{kept['id']}/raw")
    assert (kept["reason"], raw.content) == ("too_large", huge)
