"""From a request by REST to real HTTP traffic, with every step on record."""

import asyncio
import json
import statistics
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.acceptance.product import Product, running, webhooks
from tests.simulators.troubles import Instead, Reply
from tests.simulators.webhook import WebhookSimulator

pytestmark = pytest.mark.usefixtures("each_database")


@pytest.fixture
async def endpoint() -> AsyncIterator[WebhookSimulator]:
    async with WebhookSimulator() as simulator:
        yield simulator


@pytest.fixture
async def product(tmp_path: Path, endpoint: WebhookSimulator) -> AsyncIterator[Product]:
    environment = webhooks(endpoint.credentials)
    async with running(tmp_path, "--no-sample", environment=environment) as started:
        yield started


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
    endpoint.fail_next(Instead(Reply(404)))
    answer = await product.send(to={"url": endpoint.address}, content="Gone?")
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
    endpoint.fail_next(*[Instead(Reply(404))] * 5)
    for _ in range(5):
        answer = await product.send(to={"url": endpoint.address}, content="Gone?")
        await product.settled(answer.json()["id"], "DEAD")

    began = time.monotonic()
    answer = await product.client.post(
        "/api/v1/dead-letters/replay", json={"channel": "webhook", "rate_per_second": 10}
    )

    assert answer.json()["replayed"] == 5
    await endpoint.until(lambda: len(endpoint.deliveries) == 5)
    assert time.monotonic() - began >= 0.4


async def test_the_same_key_and_body_get_the_first_answer_and_another_body_is_refused(
    product: Product, endpoint: WebhookSimulator
) -> None:
    body = {"to": {"url": endpoint.address}, "content": "Once"}
    headers = {"Idempotency-Key": "order-7"}

    answers = await asyncio.gather(
        *(
            product.client.post("/api/v1/notifications", json=body, headers=headers)
            for _ in range(20)
        )
    )
    other = await product.client.post(
        "/api/v1/notifications", json={**body, "content": "Twice"}, headers=headers
    )

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 19
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    await product.settled(answers[0].json()["id"], "SENT", "DELIVERED")
    assert len(endpoint.calls) == 1


async def test_a_bad_item_of_a_batch_refuses_only_itself(
    product: Product, endpoint: WebhookSimulator
) -> None:
    batch = [
        {"to": {"url": endpoint.address}, "content": "good", "id": "a-1"},
        {"to": {"url": endpoint.address}, "content": "bad", "colour": "red"},
        {"to": {"url": endpoint.address}, "content": "good", "id": "a-1"},
    ]

    answer = await product.client.post("/api/v1/notifications/batch", json=batch)
    lines = "\n".join(json.dumps(item) for item in batch[:1])
    ndjson = await product.client.post(
        "/api/v1/notifications/batch",
        content=lines,
        headers={"content-type": "application/x-ndjson"},
    )

    items = answer.json()["items"]
    assert [item["status"] for item in items] == ["accepted", "refused", "duplicate"]
    assert items[1]["errors"][0]["pointer"] == "/colour"
    assert ndjson.json()["items"][0]["status"] == "duplicate"


async def test_a_batch_of_lines_is_known_by_its_media_type_however_that_is_written(
    product: Product,
) -> None:
    answer = await product.client.post(
        "/api/v1/notifications/batch",
        content=json.dumps({"to": {"email": "ada@example.org"}, "content": "Hello"}),
        headers={"content-type": "Application/X-NDJSON; charset=utf-8"},
    )

    assert [item["status"] for item in answer.json()["items"]] == ["accepted"]


async def test_a_key_with_a_hash_is_the_same_in_header_and_body(product: Product) -> None:
    answer = await product.client.post(
        "/api/v1/notifications",
        json={"to": {"email": "ada@example.org"}, "content": "Hi", "idempotency_key": "order#7"},
        headers={"Idempotency-Key": "order#7"},
    )

    assert answer.status_code == 202


async def test_a_batch_that_comes_again_cut_down_to_one_item_sends_nothing_more(
    product: Product,
) -> None:
    items = [{"to": {"email": "ada@example.org"}, "content": text} for text in ("one", "two")]
    headers = {"Idempotency-Key": "import-7"}

    answers = [
        await product.client.post("/api/v1/notifications/batch", json=batch, headers=headers)
        for batch in (items, items[:1])
    ]

    assert [item["status"] for item in answers[1].json()["items"]] == ["duplicate"]
    assert answers[1].json()["items"][0]["id"] == answers[0].json()["items"][0]["id"]


async def lateness(product: Product, endpoint: WebhookSimulator) -> list[float]:
    """How many seconds after their send times five notifications arrive, due one by one."""
    start = datetime.now(UTC) + timedelta(seconds=2)  # noqa: TID251 - a test of real time

    async def late(due: datetime) -> float:
        answer = await product.send(
            to={"url": endpoint.address}, content="Later", send_at=due.isoformat()
        )
        key = f"{answer.json()['id']}.0.webhook"
        await endpoint.until(lambda: key in endpoint.deliveries, seconds=30)
        return (datetime.now(UTC) - due).total_seconds()  # noqa: TID251 - as above

    dues = [start + number * timedelta(milliseconds=300) for number in range(5)]
    return await asyncio.gather(*map(late, dues))


async def test_send_times_are_kept_within_100_ms(
    product: Product, endpoint: WebhookSimulator
) -> None:
    late = await lateness(product, endpoint)

    assert min(late) >= 0
    assert statistics.median(late) < 0.1


async def test_100_000_far_timers_cost_nothing_and_delay_none(
    product: Product, endpoint: WebhookSimulator
) -> None:
    far = [{"to": {"email": "a@example.org"}, "content": "x", "send_at": "2099-01-01T00:00:00Z"}]
    for _ in range(100):
        answer = await product.client.post("/api/v1/notifications/batch", json=far * 1_000)
        assert answer.json()["accepted"] == 1_000
    async with asyncio.timeout(180):
        while (await product.get("/ledger"))["accepted"] < 100_000:
            await asyncio.sleep(0.1)

    late = await lateness(product, endpoint)

    memory = Path(f"/proc/{product.process.pid}/status").read_text()  # noqa: ASYNC240 - no disk
    (resident,) = [line for line in memory.splitlines() if line.startswith("VmRSS")]
    assert min(late) >= 0
    assert statistics.median(late) < 0.1
    assert int(resident.split()[1]) < 160 * 1024


async def test_what_is_scheduled_can_be_cancelled(
    product: Product, endpoint: WebhookSimulator
) -> None:
    answer = await product.send(
        to={"url": endpoint.address}, content="Never", send_at="2099-01-01T00:00:00Z"
    )
    id_ = answer.json()["id"]
    waiting = await product.settled(id_, "SCHEDULED")
    assert waiting["deliveries"][0]["due_at"]

    cancelled = await product.client.post(f"/api/v1/notifications/{id_}/cancel")
    again = await product.client.post(f"/api/v1/notifications/{id_}/cancel")

    assert (cancelled.status_code, again.status_code) == (200, 409)
    await product.settled(id_, "CANCELLED")
    assert endpoint.calls == []


async def test_what_was_accepted_this_moment_can_be_cancelled(product: Product) -> None:
    answers = []
    for _ in range(30):
        accepted = await product.send(
            to={"email": "ada@example.org"}, content="Never", send_at="2099-01-01T00:00:00Z"
        )
        answers.append(
            await product.client.post(f"/api/v1/notifications/{accepted.json()['id']}/cancel")
        )

    assert [answer.status_code for answer in answers] == [200] * 30


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


async def test_an_expired_notification_is_never_sent(
    product: Product, endpoint: WebhookSimulator
) -> None:
    endpoint.fail_next(Instead(Reply(503, headers={"retry-after": "6"})))

    answer = await product.send(to={"url": endpoint.address}, content="OTP", ttl_seconds=3)

    await product.settled(answer.json()["id"], "EXPIRED")
    assert len(endpoint.calls) == 1


async def test_a_list_of_dead_letters_names_its_next_page(product: Product) -> None:
    for _ in range(2):
        answer = await product.send(user_id="nobody", channel="email", content="Hello?")
        await product.settled(answer.json()["id"], "DEAD")

    page = await product.client.get("/api/v1/dead-letters?limit=1&cause=no_address")
    cursor = page.json()["next_cursor"]

    link = f'</api/v1/dead-letters?limit=1&cause=no_address&cursor={cursor}>; rel="next"'
    assert page.headers["link"] == link


@pytest.mark.parametrize(
    ("bounds", "found"),
    [
        ("from=0001-01-01T00:00:00Z", 1),
        ("to=9999-12-31T23:59:59Z", 1),
        ("from=9999-12-31T23:59:59Z", 0),
        ("to=0001-01-01T00:00:00Z", 0),
    ],
)
async def test_a_list_may_be_asked_for_from_the_first_year_to_the_last(
    product: Product, bounds: str, found: int
) -> None:
    await product.send(to={"email": "ada@example.org"}, content="Hello")

    answer = await product.client.get(f"/api/v1/notifications?{bounds}")

    assert answer.status_code == 200
    assert len(answer.json()["data"]) == found


async def test_lists_are_filtered_and_paged(product: Product, endpoint: WebhookSimulator) -> None:
    for number in range(5):
        await product.send(
            to={"url": endpoint.address}, content=str(number), event_type=f"kind_{number % 2}"
        )
    await endpoint.until(lambda: len(endpoint.deliveries) == 5)

    first = await product.get("/notifications", limit=2, event_type="kind_0")
    rest = await product.get(
        "/notifications", limit=2, event_type="kind_0", cursor=first["next_cursor"]
    )

    assert (len(first["data"]), len(rest["data"]), rest["next_cursor"]) == (2, 1, None)
    assert len({each["id"] for each in first["data"] + rest["data"]}) == 3


async def test_the_priority_table_is_edited_and_holds_at_once(product: Product) -> None:
    table = [{"event_type": "ping*", "priority": "low", "category": "noise"}]

    changed = await product.client.put("/api/v1/rules/priorities", json=table)
    answer = await product.send(to={"email": "a@example.org"}, content="x", event_type="ping_me")

    assert changed.status_code == 200
    found = await product.get(f"/notifications/{answer.json()['id']}")
    assert (found["priority"], found["category"]) == ("low", "noise")


async def test_an_address_that_is_gone_is_not_used_again(
    product: Product, endpoint: WebhookSimulator
) -> None:
    endpoint.is_gone = True
    first = await product.send(to={"url": endpoint.address}, content="Anybody there?")
    await product.settled(first.json()["id"], "DEAD")

    second = await product.send(to={"url": endpoint.address}, content="Hello?")

    await product.settled(second.json()["id"], "SUPPRESSED")
    assert len(endpoint.calls) == 1


async def test_a_tenant_is_told_what_it_may_still_hand_in(product: Product) -> None:
    answer = await product.send(to={"email": "a@example.org"}, content="x")

    assert answer.headers["ratelimit-policy"].startswith('"tenant";q=')
    assert answer.headers["ratelimit"].startswith('"tenant";r=')
