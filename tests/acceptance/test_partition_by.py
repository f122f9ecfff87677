"""`PARTITION_BY=user`: what an organization sends is shared out, and stays in order."""

from collections import defaultdict
from pathlib import Path

from tests.acceptance.foreign import Heard, kafka_client
from tests.acceptance.product import running, webhooks
from tests.services.kafka import Kafka
from tests.services.needs import needs
from tests.simulators.troubles import Instead, Reply
from tests.simulators.webhook import WebhookSimulator

pytestmark = needs("kafka")
PEOPLE = [f"user-{number}" for number in range(4)]
MOVES = ["FAILED", "RETRYING", "SENT"]


def is_told(heard: Heard) -> bool:
    return heard.json["state"] in MOVES


async def test_each_persons_deliveries_have_a_key_of_their_own_and_are_told_in_order(
    tmp_path: Path, kafka_server: Kafka, endpoint: WebhookSimulator
) -> None:
    with kafka_client(kafka_server) as kafka:
        environment = {
            **webhooks(endpoint.credentials),
            "PRESET": "tenant",
            "PARTITION_BY": "user",
            "BROKER_URL": kafka.url,
        }
        async with running(tmp_path, "--no-sample", environment=environment) as product:
            endpoint.fail_next(*(Instead(Reply(503)) for _ in PEOPLE))
            for person in PEOPLE:
                contact = {"url": endpoint.address}
                await product.client.put(f"/api/v1/users/{person}", json=contact)
                await product.send(user_id=person, content="x", channel="webhook")
            told = await kafka.hear("notification.status", is_told, count=len(PEOPLE) * len(MOVES))
            tasks = await kafka.hear("notification.send", lambda _: True, count=len(PEOPLE))

    moves = defaultdict[str, list[str]](list)
    for each in told:
        moves[each.key].append(each.json["state"])
    everybody = {f"default/{person}" for person in PEOPLE}
    assert {each.key for each in tasks} == everybody
    assert dict(moves) == dict.fromkeys(everybody, MOVES)
