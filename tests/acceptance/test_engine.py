"""From a request by REST to real HTTP traffic, with every step on record."""

import time

import pytest

from tests.acceptance.product import Product
from tests.simulators.troubles import Instead, Reply
from tests.simulators.webhook import WebhookSimulator

pytestmark = pytest.mark.usefixtures("each_database")


async def test_a_notification_arrives_and_every_step_is_on_record(
    product: Product, endpoint: WebhookSimulator
) -> None:
    answer = await product.send(
        to={"url": endpoint.address}, event_type="order_shipped", content="On its way"
    )

    assert answer.status_code == 202
    id_ = answer.json()["id"]
    found = await product.settled(id_, "SENT", "DELIVERED")
    assert list(endpoint.deliveries) == [f"{id_}.0.webhook"]
    assert [(d["channel"], d["provider"], d["attempts"]) for d in found["deliveries"]] == [
        ("webhook", "standard", 1)
    ]
    events = (await product.get(f"/notifications/{id_}/timeline"))["events"]
    names = [event["event"] for event in events]
    assert names[:4] == ["CREATED", "PLANNED", "SEND_ATTEMPT", "SENT"]
    assert (await product.get("/ledger"))["adds_up"]


async def test_an_answer_is_readable_right_after_its_202(product: Product) -> None:
    for _ in range(20):
        answer = await product.send(to={"email": "someone@example.org"}, content="Hello")

        found = await product.get(f"/notifications/{answer.json()['id']}")

        assert found["id"] == answer.json()["id"]


async def test_a_temporary_failure_is_tried_again_with_the_same_key(
    product: Product, endpoint: WebhookSimulator
) -> None:
    endpoint.fail_next(Instead(Reply(503)), Instead(Reply(429, headers={"retry-after": "1"})))

    answer = await product.send(to={"url": endpoint.address}, content="Again")

    found = await product.settled(answer.json()["id"], "SENT", "DELIVERED", seconds=30)
    keys = {call.headers["webhook-id"] for call in endpoint.calls}
    assert (len(endpoint.calls), len(keys), found["deliveries"][0]["attempts"]) == (3, 1, 3)
    events = (await product.get(f"/notifications/{found['id']}/timeline"))["events"]
    names = [event["event"] for event in events]
    assert names.count("SEND_ATTEMPT") == 3
    assert names.count("FAILED") == names.count("RETRIED") == 2


async def test_a_permanent_failure_becomes_a_dead_letter_and_is_replayed_once(
    product: Product, endpoint: WebhookSimulator
) -> None:
    endpoint.fail_next(Instead(Reply(413)))
    answer = await product.send(to={"url": endpoint.address}, content="Too much?")
    await product.settled(answer.json()["id"], "DEAD")
    (letter,) = (await product.get("/dead-letters"))["data"]

    replayed = await product.client.post(f"/api/v1/dead-letters/{letter['id']}/replay")
    again = await product.client.post(f"/api/v1/dead-letters/{letter['id']}/replay")

    assert letter["hint"]
    assert (replayed.status_code, again.status_code) == (202, 409)
    await endpoint.until(lambda: len(endpoint.deliveries) == 1)
    assert next(iter(endpoint.deliveries)).endswith(".0.webhook.r1")


async def test_dead_letters_are_replayed_at_a_rate(
    product: Product, endpoint: WebhookSimulator
) -> None:
    endpoint.fail_next(*[Instead(Reply(413))] * 5)
    for _ in range(5):
        answer = await product.send(to={"url": endpoint.address}, content="Too much?")
        await product.settled(answer.json()["id"], "DEAD")

    began = time.monotonic()
    answer = await product.client.post(
        "/api/v1/dead-letters/replay", json={"channel": "webhook", "rate_per_second": 10}
    )

    assert answer.json()["replayed"] == 5
    await endpoint.until(lambda: len(endpoint.deliveries) == 5)
    assert time.monotonic() - began >= 0.4


async def test_an_unknown_person_ends_visibly_without_address(product: Product) -> None:
    answer = await product.send(user_id="nobody", content="Hello?")

    found = await product.settled(answer.json()["id"], "DEAD")

    assert found["deliveries"][0]["error"]["code"] == "no_address"
    (letter,) = (await product.get("/dead-letters", cause="no_address"))["data"]
    assert letter["notification_id"] == found["id"]


async def test_a_failing_channel_falls_back_to_the_next(
    product: Product, endpoint: WebhookSimulator
) -> None:
    endpoint.is_gone = True

    answer = await product.send(
        to={"url": endpoint.address, "email": "someone@example.org"},
        content="By some way",
        channels=["webhook", "email"],
        routing="fallback",
    )

    found = await product.settled(answer.json()["id"], "SENT")
    assert {d["channel"]: d["status"] for d in found["deliveries"]} == {
        "webhook": "DEAD",
        "email": "SENT",
    }


async def test_a_page_without_a_text_is_told_in_plain_words_as_well(product: Product) -> None:
    page = '<h1>Order 7</h1><p>Has <a href="https://example.org/7">left</a> our house.</p>'

    answer = await product.send(to={"email": "ada@example.org"}, content={"html": page})

    await product.settled(answer.json()["id"], "SENT")
    (message,) = (await product.get("/mailbox/messages", to="ada@example.org"))["data"]
    assert message["content"]["html"] == page
    assert message["content"]["text"] == "Order 7\n\nHas left (https://example.org/7) our house."
    raw = (await product.get(f"/mailbox/messages/{message['id']}"))["raw"]
    assert "multipart/alternative" in raw


async def test_a_very_long_page_goes_out_as_it_is(product: Product) -> None:
    page = "<p>" + "long " * 14_000 + "</p>"

    answer = await product.send(to={"email": "ada@example.org"}, content={"html": page})

    await product.settled(answer.json()["id"], "SENT")
    (message,) = (await product.get("/mailbox/messages", to="ada@example.org"))["data"]
    assert message["content"] == {"subject": "Notification", "html": page}
