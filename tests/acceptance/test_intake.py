"""Keys and batches: nothing is taken twice, and a bad item harms no other."""

import asyncio
import json

import pytest

from tests.acceptance.product import Product
from tests.simulators.webhook import WebhookSimulator

pytestmark = pytest.mark.usefixtures("each_database")


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


async def test_the_same_key_and_body_get_the_first_answer_although_the_template_needs_more_now(
    product: Product,
) -> None:
    def saying(words: str) -> dict[str, object]:
        return {"bodies": {"email": {"en": {"subject": "Hi", "text": words}}}, "publish": True}

    body = {"to": {"email": "ada@example.org"}, "template": "hi", "data": {"name": "Ada"}}
    headers = {"Idempotency-Key": "order-7"}
    one = {"code": "hi", **saying("{{ name }}")}
    await product.client.post("/api/v1/templates", json=one)
    first = await product.client.post("/api/v1/notifications", json=body, headers=headers)
    two = saying("{{ name }}, {{ code }}")
    await product.client.post("/api/v1/templates/hi/versions", json=two)

    again, new = [
        await product.client.post("/api/v1/notifications", json=body, headers=each)
        for each in (headers, {"Idempotency-Key": "order-8"})
    ]

    assert (first.status_code, again.status_code, new.status_code) == (202, 202, 422)
    assert again.json()["id"] == first.json()["id"]
    assert again.headers["idempotency-replayed"] == "true"
    assert new.json()["errors"][0]["pointer"] == "/data/code"


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


@pytest.mark.parametrize(
    "kind",
    [
        "Application/X-NDJSON; charset=utf-8",
        "application/ndjson",
        "application/jsonl ;charset=utf-8",
    ],
)
async def test_a_batch_of_lines_is_known_by_its_media_type_however_that_is_written(
    product: Product, kind: str
) -> None:
    answer = await product.client.post(
        "/api/v1/notifications/batch",
        content=json.dumps({"to": {"email": "ada@example.org"}, "content": "Hello"}),
        headers={"content-type": kind},
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
