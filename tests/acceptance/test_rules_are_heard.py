"""What a tenant decides in one process holds in all others within 5 s, also for what is queued."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.product import Product, running
from tests.acceptance.test_people_are_heard import sent_at
from tests.acceptance.test_services import Installation, Roles, installed
from tests.services.made import MadePostgres
from tests.services.needs import needs

pytestmark = needs("postgres")
SOON_SECONDS = 5
APART: Roles = {
    "accounts": ["accounts", "templates", "receipts", "inbox", "mailbox"],
    "gateway": ["gateway", "users", "orchestrator", "delivery", "tracker"],
}


@pytest.fixture
async def processes(
    tmp_path: Path, made_postgres_url: str
) -> AsyncIterator[tuple[Product, Product]]:
    environment = {"DB_URL": made_postgres_url}
    async with (
        running(tmp_path, "--no-sample", environment=environment) as one,
        running(tmp_path, "--no-sample", environment=environment) as other,
    ):
        yield one, other


async def outcome(product: Product, *states: str) -> Any:
    """What becomes of a message to Ada that this process takes in."""
    answer = await product.send(user_id="ada", channels=["email"], content="Hello")
    assert answer.status_code == 202, answer.text
    return await product.settled(answer.json()["id"], *states)


async def rule(product: Product, section: str, **value: Any) -> None:
    answer = await product.client.put(f"/api/v1/rules/{section}", json=value)
    assert answer.is_success, answer.text


async def until_it_is_refused(send: Any) -> None:
    """Send until there is a 429, which must be soon."""
    deadline = time.monotonic() + SOON_SECONDS
    while (await send()).status_code != 429:
        assert time.monotonic() < deadline, "the quota is not known"
        await asyncio.sleep(0.1)


async def test_a_budget_set_in_one_process_decides_what_another_has_queued(
    processes: tuple[Product, Product],
) -> None:
    one, other = processes
    await one.client.put("/api/v1/users/ada", json={"email": "ada@example.com"})
    await rule(one, "quota", notifications="2/h")
    await until_it_is_refused(lambda: other.send(user_id="ada", content="x", channels=["sms"]))
    await one.client.delete("/api/v1/rules/quota")
    await rule(one, "budget", per_day=1)
    await outcome(one, "SENT")
    held = await outcome(one, "HELD")

    await rule(other, "budget", per_day=100)

    began = time.time()
    found = await one.settled(held["id"], "SENT", seconds=60)
    assert [each["status"] for each in found["deliveries"]] == ["SENT"]
    assert await sent_at(one.get, held["id"]) - began < SOON_SECONDS


async def held_at(services: Installation) -> Any:
    """The newest notification that is held, once there is one: it goes by a bus."""
    async with asyncio.timeout(60):
        while not (page := await services.get("/notifications?status=HELD"))["data"]:
            await asyncio.sleep(0.05)
    return page["data"][0]


async def test_a_service_obeys_what_the_accounts_service_was_told(
    tmp_path: Path, made_postgres: MadePostgres
) -> None:
    with (
        made_postgres.database() as accounts,
        made_postgres.database() as others,
        made_postgres.server.database() as bus,
    ):
        environment = {
            **{f"{role.upper()}_DB_URL": accounts for role in APART["accounts"]},
            **{f"{role.upper()}_DB_URL": others for role in APART["gateway"]},
            "BROKER_URL": bus,
            **{f"ROUTE_{name}": "mailbox" for name in ("EMAIL", "SMS", "PUSH", "WEBHOOK")},
        }
        async with installed(tmp_path, environment, APART) as services:
            await services.put("/users/ada", email="ada@example.org")
            await services.put("/rules/budget", per_day=1)
            await services.put("/rules/quota", notifications="2/h")

            request = {"user_id": "ada", "content": "Hello", "channel": "email"}
            await until_it_is_refused(
                lambda: services.client.post("/api/v1/notifications", json=request)
            )
            answer = await services.client.delete("/api/v1/rules/quota")
            assert answer.is_success, answer.text
            held = await held_at(services)
            assert held["deliveries"][0]["rule"] == "budget"

            await services.put("/rules/budget", per_day=1_000)

            began = time.time()
            await services.settled(held["id"], "SENT")
            assert await sent_at(services.get, held["id"]) - began < SOON_SECONDS
