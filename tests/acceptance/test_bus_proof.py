"""A broker that anybody may write on: each message proves whose it is, and none is too old."""

import json
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from uuid import uuid4

import pytest

from tests.acceptance.foreign import KafkaClient, kafka_client, mails_of
from tests.acceptance.product import Product, running
from tests.services.kafka import Kafka
from tests.services.needs import needs

pytestmark = needs("kafka")

TOPIC = "sendwell.requested"
DAY_MS = 86_400_000


@pytest.fixture
def kafka(kafka_server: Kafka) -> Iterator[KafkaClient]:
    with kafka_client(kafka_server) as client:
        yield client


@pytest.fixture
async def product(tmp_path: Path, kafka: KafkaClient) -> AsyncIterator[Product]:
    environment = {"BROKER_URL": kafka.url, "BUS_AUTH": "jwt"}
    async with running(tmp_path, "--no-sample", environment=environment) as started:
        yield started


def a_request(**fields: object) -> tuple[str, bytes]:
    id_ = str(uuid4())
    request = {"id": id_, "to": {"email": "ada@example.com"}, "content": "Hello"}
    return id_, json.dumps({**request, **fields}).encode()


async def reasons(
    product: Product, kafka: KafkaClient, body: bytes, bears: Mapping[str, str]
) -> str:
    """Why it is in quarantine, as whoever watches that hears it."""
    await kafka.publish(TOPIC, body, key="k", headers=bears)
    (kept,) = await kafka.hear("sendwell.quarantine", lambda m: m.body == body)
    assert not [name for name in kept.headers if name.lower() == "authorization"]
    return kept.headers["sendwell-reason"]


async def test_a_message_is_its_tokens_organizations(product: Product, kafka: KafkaClient) -> None:
    id_, body = a_request()

    await kafka.publish(TOPIC, body, key="k", headers={"Authorization": f"Bearer {product.key}"})

    (mail,) = await mails_of(product, id_)
    assert mail["to"] == "ada@example.com"


@pytest.mark.parametrize(
    ("bears", "fields", "why"),
    [
        ({}, {}, "unproven"),
        ({"authorization": "Basic abc"}, {}, "unproven"),
        ({"authorization": "Bearer sw_live_nonsense"}, {}, "unproven"),
        ({"authorization": "KEY"}, {"organization_id": "another"}, "contradictory_organization"),
    ],
)
async def test_what_proves_nothing_is_kept_without_its_token_and_not_sent(  # noqa: PLR0917
    product: Product,
    kafka: KafkaClient,
    bears: dict[str, str],
    fields: dict[str, str],
    why: str,
) -> None:
    given = {name: value.replace("KEY", f"Bearer {product.key}") for name, value in bears.items()}
    id_, body = a_request(**fields)

    assert await reasons(product, kafka, body, given) == why

    assert (await product.client.get(f"/api/v1/notifications/{id_}")).status_code == 404


async def test_what_waited_while_nobody_read_for_days_is_sent(
    product: Product, kafka: KafkaClient
) -> None:
    id_, body = a_request()
    bears = {"authorization": f"Bearer {product.key}"}
    then = int(time.time() * 1000) - 3 * DAY_MS

    await kafka.publish(TOPIC, body, key="k", headers=bears, at=then)

    assert await mails_of(product, id_)


async def test_what_is_older_than_duplicates_are_remembered_is_not_sent(
    product: Product, kafka: KafkaClient
) -> None:
    _, body = a_request()
    bears = {"authorization": f"Bearer {product.key}"}
    then = int(time.time() * 1000) - 31 * DAY_MS

    await kafka.publish(TOPIC, body, key="k", headers=bears, at=then)

    (kept,) = await kafka.hear("sendwell.quarantine", lambda m: m.body == body)
    assert kept.headers["sendwell-reason"] == "too_old"
