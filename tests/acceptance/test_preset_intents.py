"""Preset `intents`: its envelope on Kafka, and on a topic exchange of RabbitMQ."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from tests.acceptance.foreign import (
    KafkaClient,
    RabbitClient,
    kafka_client,
    mails_of,
    rabbit_client,
)
from tests.acceptance.poison import poisons
from tests.acceptance.product import Product, running
from tests.services.kafka import Kafka
from tests.services.needs import needs

EXCHANGE, RECEIVED = "notification", "notification.intent.received"
DELIVERED = "notification.email.delivered"


@pytest.fixture
def kafka(kafka_server: Kafka) -> Iterator[KafkaClient]:
    with kafka_client(kafka_server) as client:
        yield client


@asynccontextmanager
async def a_product(data: Path, **servers: str) -> AsyncIterator[Product]:
    environment = {"PRESET": "intents", **servers}
    async with running(data, "--no-sample", environment=environment) as started:
        yield started


@pytest.fixture
async def on_kafka(tmp_path: Path, kafka: KafkaClient) -> AsyncIterator[Product]:
    async with a_product(tmp_path, BROKER_URL=kafka.url) as product:
        yield product


@pytest.fixture
async def on_rabbitmq(
    tmp_path: Path, rabbitmq_url: str, made_postgres_url: str
) -> AsyncIterator[Product]:
    async with a_product(tmp_path, BROKER_URL=rabbitmq_url, DB_URL=made_postgres_url) as product:
        yield product


@pytest.fixture
async def rabbit(on_rabbitmq: Product, rabbitmq_url: str) -> AsyncIterator[RabbitClient]:
    async with rabbit_client(rabbitmq_url) as client:
        yield client


def an_intent(**fields: object) -> bytes:
    """The contract's envelope, all six fields of it, around an intent."""
    id_ = str(uuid4())
    intent = {
        "idempotency_key": id_,
        "correlation_id": f"cart-{id_}",
        "tenant_id": "default",
        "source": "orders",
        "trace_id": uuid4().hex,
        "schema_version": "1.0",
        "id": id_,
        "recipient": {"email": "ada@example.com"},
        "channel_targets": ["email"],
        "content": "Your order is on its way.",
        "payload": {"order": "4711"},
        "metadata": {},
    }
    return json.dumps({**intent, **fields}).encode()


def check_outcome(outcome: bytes, intent: bytes) -> None:
    told, asked = json.loads(outcome), json.loads(intent)
    assert told["intent_id"] == asked["id"]
    same = ("correlation_id", "tenant_id", "trace_id", "schema_version")
    assert [told[name] for name in same] == [asked[name] for name in same]
    assert (told["source"], told["outcome"], told["channel"]) == ("sendwell", "delivered", "email")


class TestOnKafka:
    """On Kafka, with SQLite."""

    pytestmark = needs("kafka")

    async def test_an_intent_is_delivered_and_the_verdict_has_its_own_topic(
        self, on_kafka: Product, kafka: KafkaClient
    ) -> None:
        intent = an_intent()
        id_ = json.loads(intent)["id"]

        await kafka.publish(RECEIVED, intent, intent, key="default")

        (mail,) = await mails_of(on_kafka, id_)
        assert mail["to"] == "ada@example.com"
        (outcome,) = await kafka.hear(DELIVERED, lambda m: m.json["intent_id"] == id_)
        check_outcome(outcome.body, intent)
        (enriched,) = await kafka.hear("notification.intent.enriched", lambda _: True)
        (asked,) = await kafka.hear("notification.email.requested", lambda _: True)
        assert enriched.body == asked.body == intent

    async def test_what_came_by_rest_is_an_intent_that_others_see_and_is_sent_once(
        self, on_kafka: Product, kafka: KafkaClient
    ) -> None:
        answer = await on_kafka.send(to={"email": "ada@example.com"}, content="Hello")
        id_ = answer.json()["id"]
        (copy,) = await kafka.hear(RECEIVED, lambda m: m.json["id"] == id_)
        last = an_intent()

        await kafka.publish(RECEIVED, b"no json", last, key=copy.key)

        assert await mails_of(on_kafka, json.loads(last)["id"])
        assert len(await mails_of(on_kafka, id_)) == 1
        (kept,) = await kafka.hear("sendwell.quarantine", lambda _: True)
        assert kept.body == b"no json"


class TestOnRabbitMq:
    """On RabbitMQ, with PostgreSQL."""

    pytestmark = needs("rabbitmq", "postgres")

    async def test_an_intent_is_delivered_and_the_verdict_has_its_own_routing_key(
        self, on_rabbitmq: Product, rabbit: RabbitClient
    ) -> None:
        intent = an_intent()
        id_ = json.loads(intent)["id"]
        outcomes = await rabbit.bind(EXCHANGE, "notification.*.delivered")

        await rabbit.publish(EXCHANGE, RECEIVED, intent, intent)

        (mail,) = await mails_of(on_rabbitmq, id_)
        assert mail["to"] == "ada@example.com"
        (outcome,) = await rabbit.hear(outcomes, lambda m: m.json["intent_id"] == id_)
        assert outcome.key == DELIVERED
        check_outcome(outcome.body, intent)

    async def test_poison_goes_to_quarantine_byte_for_byte_and_does_not_stop_its_neighbours(
        self, on_rabbitmq: Product, rabbit: RabbitClient
    ) -> None:
        first, last = an_intent(), an_intent()
        poison = {
            **poisons(json.loads(an_intent())),
            "missing_field": an_intent(id=None, idempotency_key=None),
            "unknown_channel": an_intent(channel_targets=["pigeon"]),
            "key_reused": an_intent(
                id=None, idempotency_key=json.loads(first)["idempotency_key"], content="other"
            ),
        }

        await rabbit.publish(EXCHANGE, RECEIVED, first, *poison.values(), last)

        for good in (first, last):
            assert len(await mails_of(on_rabbitmq, json.loads(good)["id"])) == 1
        kept = await rabbit.hear(
            await rabbit.queue("sendwell.quarantine"), lambda _: True, count=len(poison)
        )
        assert {each.headers["sendwell-reason"]: each.body for each in kept} == poison
