"""The tables of the presets' contracts, as views: filled through the product, read with the queries
that the services of each contract would ask."""

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from tests.acceptance.product import Product, running, webhooks
from tests.services.needs import needs
from tests.simulators.troubles import Instead, Reply
from tests.simulators.webhook import WebhookSimulator

pytestmark = needs("postgres")
ORGANIZATION = "default"
COLUMNS = {
    "tenant.notifications": (
        "id organization_id event_type channel recipient payload status provider"
        " provider_message_id retry_count max_retries error_code error_message created_at"
        " updated_at sent_at"
    ),
    "tenant.notification_events": "id notification_id organization_id event details created_at",
    "direct.users": (
        "id name email password_hash push_token email_enabled push_enabled created_at updated_at"
        " organization_id"
    ),
    "direct.templates": (
        "id code name subject body notification_type language created_at updated_at organization_id"
    ),
    "direct.notifications": (
        "id user_id notification_type template_code status priority metadata error created_at"
        " updated_at organization_id"
    ),
}
"""As the contracts write them; `organization_id` behind those of `direct` is ours."""


@pytest.fixture
async def product(
    tmp_path: Path, endpoint: WebhookSimulator, postgres_url: str
) -> AsyncIterator[Product]:
    environment = {**webhooks(endpoint.credentials), "DB_URL": postgres_url}
    async with running(tmp_path, "--no-sample", environment=environment) as started:
        yield started


@pytest.fixture
async def sql(product: Product, postgres_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection that acts for the organization."""
    assert product.key
    connection = await asyncpg.connect(postgres_url)
    await connection.execute(f"SET sendwell.tenant = '{ORGANIZATION}'")
    yield connection
    await connection.close()


async def test_the_columns_are_those_of_the_contracts(sql: asyncpg.Connection) -> None:
    found = {}
    for view in COLUMNS:
        question = await sql.prepare(f"SELECT * FROM {view}")  # noqa: S608 - from the table above
        found[view] = [each.name for each in question.get_attributes()]

    assert found == {view: columns.split() for view, columns in COLUMNS.items()}


async def test_preset_tenant_finds_a_sent_notification_by_organization_and_status(
    product: Product, sql: asyncpg.Connection, endpoint: WebhookSimulator
) -> None:
    answer = await product.send(
        to={"url": endpoint.address},
        event_type="USER_REGISTERED",
        content="Hello",
        data={"name": "John"},
    )
    told = await product.settled(answer.json()["id"], "SENT", "DELIVERED")

    (row,) = await sql.fetch(
        "SELECT * FROM tenant.notifications WHERE organization_id = $1 AND status = 'SENT'"
        " ORDER BY created_at DESC",
        ORGANIZATION,
    )

    assert (row["id"], row["event_type"], row["channel"]) == (
        told["id"],
        "USER_REGISTERED",
        "WEBHOOK",
    )
    assert (row["recipient"], row["payload"]) == (endpoint.address, '{"name": "John"}')
    assert (row["provider"], row["retry_count"], row["error_code"]) == ("standard", 0, None)
    assert row["created_at"] <= row["sent_at"] <= row["updated_at"]


async def test_preset_tenant_tells_every_move_of_a_notification_as_the_timeline_does(
    product: Product, sql: asyncpg.Connection, endpoint: WebhookSimulator
) -> None:
    endpoint.fail_next(Instead(Reply(503)), Instead(Reply(413)))
    answer = await product.send(to={"url": endpoint.address}, content="Twice")
    await product.settled(id_ := answer.json()["id"], "DEAD")
    told = (await product.get(f"/notifications/{id_}/timeline"))["events"]

    events = await sql.fetch(
        "SELECT * FROM tenant.notification_events WHERE notification_id = $1 ORDER BY created_at",
        id_,
    )
    (failed,) = await sql.fetch(
        "SELECT * FROM tenant.notifications WHERE status IN ('FAILED','RETRYING')"
        " AND retry_count > 0"
    )

    assert sorted(each["event"] for each in told) == sorted(each["event"] for each in events)
    assert len({each["id"] for each in events}) == len(events)
    assert events[0]["event"] == "CREATED"
    assert (failed["id"], failed["sent_at"]) == (id_, None)
    assert failed["error_code"] == told[-1]["code"]


async def test_an_open_delivery_is_a_row_of_its_own_beside_an_ended_one(
    product: Product, sql: asyncpg.Connection, endpoint: WebhookSimulator
) -> None:
    request = {"to": {"url": endpoint.address, "user_id": "u-1"}, "content": "Two"}
    answer = await product.send(**request, channels=["webhook", "in_app"], send_at=tomorrow())
    await product.settled(id_ := answer.json()["id"], "SCHEDULED")

    rows = await sql.fetch(
        "SELECT channel, status, recipient FROM tenant.notifications WHERE id = $1 ORDER BY 1", id_
    )

    assert [tuple(row) for row in rows] == [
        ("IN_APP", "FAILED", "u-1"),
        ("WEBHOOK", "PENDING", endpoint.address),
    ]


def tomorrow() -> str:
    return datetime.fromtimestamp(time.time() + 86_400, UTC).isoformat()


async def test_preset_direct_finds_users_templates_and_notifications(
    product: Product, sql: asyncpg.Connection
) -> None:
    await product.client.put("/api/v1/users/u-7", json={"name": "Ada", "email": "ada@example.org"})
    await product.client.post("/api/v1/users/u-7/tokens", json={"token": "t-1", "platform": "web"})
    await product.client.put(
        "/api/v1/users/u-7/preferences", json={"channels": {"push": {"enabled": False}}}
    )
    made = await product.client.post(
        "/api/v1/templates",
        json={
            "code": "hi",
            "name": "Hi",
            "publish": True,
            "bodies": {"email": {"en": {"subject": "Hi", "text": "Hi {{ name }}"}}},
        },
    )
    assert made.status_code == 201, made.text
    answer = await product.send(
        user_id="u-7",
        channels=["in_app"],
        content="Hello",
        priority="high",
        metadata={"order": 7},
    )
    told = await product.settled(answer.json()["id"], "SENT", "DELIVERED")

    user = await sql.fetchrow("SELECT * FROM direct.users WHERE id = 'u-7'")
    sent = await sql.fetchrow("SELECT * FROM direct.notifications WHERE user_id = 'u-7'")
    template = await sql.fetchrow("SELECT * FROM direct.templates WHERE code = 'hi'")

    assert (user["name"], user["email"], user["push_token"]) == ("Ada", "ada@example.org", "t-1")
    assert (user["email_enabled"], user["push_enabled"]) == (True, False)
    assert (sent["id"], sent["status"], sent["priority"]) == (told["id"], told["status"], 1)
    assert (sent["notification_type"], sent["metadata"]) == ("in_app", '{"order": 7}')
    assert (template["subject"], template["notification_type"]) == ("Hi", "email")
    assert (template["body"], template["language"]) == ("Hi {{ name }}", "en")


async def test_preset_direct_derives_the_status_as_the_api_does(
    product: Product, sql: asyncpg.Connection, endpoint: WebhookSimulator
) -> None:
    for name in ("u-1", "u-2"):
        await product.client.put(f"/api/v1/users/{name}", json={"name": name})
    endpoint.fail_next(Instead(Reply(413)))
    both = [{"url": endpoint.address, "user_id": name} for name in ("u-1", "u-2")]
    answer = await product.send(
        to=both, channels=["webhook", "in_app"], routing="fallback", content="x"
    )
    fallen_back = await product.settled(answer.json()["id"], "SENT", "DELIVERED")
    endpoint.fail_next(Instead(Reply(413)))
    answer = await product.send(to={"url": endpoint.address}, channels=["webhook"], content="x")
    dead = await product.settled(answer.json()["id"], "DEAD")
    (letter,) = await sql.fetch(
        "SELECT id FROM plain.dead_letter_queue WHERE notification_id = $1", dead["id"]
    )

    seen_dead = await status_in(sql, dead["id"])
    await product.client.post(f"/api/v1/dead-letters/{letter['id']}/replay")
    replayed = await product.settled(dead["id"], "SENT", "DELIVERED")

    assert {"webhook", "in_app"} == {each["channel"] for each in fallen_back["deliveries"]}
    assert fallen_back["status"] == await status_in(sql, fallen_back["id"])
    assert (seen_dead, replayed["status"]) == ("DEAD", await status_in(sql, dead["id"]))


async def status_in(sql: asyncpg.Connection, id_: str) -> str:
    return str(await sql.fetchval("SELECT status FROM direct.notifications WHERE id = $1", id_))


async def test_preset_plain_finds_deliveries_their_history_and_dead_letters(
    product: Product, sql: asyncpg.Connection, endpoint: WebhookSimulator
) -> None:
    endpoint.fail_next(Instead(Reply(413)))
    answer = await product.send(to={"url": endpoint.address}, content="Gone", priority="low")
    await product.settled(id_ := answer.json()["id"], "DEAD")
    delivery = f"{id_}.0.webhook"

    (request,) = await sql.fetch("SELECT id, priority FROM plain.notifications")
    (sent,) = await sql.fetch("SELECT id, status FROM plain.notification_deliveries")
    moves = await sql.fetch(
        "SELECT status FROM plain.delivery_status_history WHERE delivery_id = $1"
        " ORDER BY created_at",
        delivery,
    )
    (letter,) = await sql.fetch("SELECT delivery_id, attempts FROM plain.dead_letter_queue")

    assert tuple(request) == (id_, "low")
    assert tuple(sent) == (delivery, "DEAD")
    assert {move["status"] for move in moves} == {"PLANNED", "SEND_ATTEMPT", "FAILED", "DEAD"}
    assert tuple(letter) == (delivery, 1)


async def test_nobody_sees_rows_of_another_organization(
    product: Product, sql: asyncpg.Connection
) -> None:
    await product.send(to={"email": "someone@example.org"}, content="Ours", channels=["in_app"])
    views = (
        *COLUMNS, "plain.notifications", "plain.notification_deliveries",
        "plain.delivery_status_history", "plain.notification_templates", "plain.dead_letter_queue",
    )  # fmt: skip

    await sql.execute("SET sendwell.tenant = 'other'")
    seen = {view: len(await sql.fetch(f"TABLE {view}")) for view in views}
    await sql.execute("RESET sendwell.tenant")
    seen_by_nobody = await sql.fetchval("SELECT count(*) FROM plain.notifications")

    assert seen == dict.fromkeys(views, 0)
    assert seen_by_nobody == 0
