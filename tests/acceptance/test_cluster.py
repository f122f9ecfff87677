"""Several processes on one PostgreSQL: each does its own work, and that of the dead."""

import asyncio
import signal
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.command import sendwell
from tests.acceptance.product import Product, running, webhooks
from tests.acceptance.service_alone import alone
from tests.services import postgres
from tests.services.needs import needs
from tests.simulators.webhook import WebhookSimulator

pytestmark = needs("postgres")
LEASE_SECONDS = 3
LOST_LEASE = 75


@pytest.fixture
def environment(endpoint: WebhookSimulator, postgres_url: str) -> dict[str, str]:
    return {
        **webhooks(endpoint.credentials),
        "DB_URL": postgres_url,
        "LEASE_SECONDS": str(LEASE_SECONDS),
    }


async def accepted(product: Product, count: int, **request: object) -> list[str]:
    items = [{"content": str(number), **request} for number in range(count)]
    answer = await product.client.post("/api/v1/notifications/batch", json=items)
    return [item["id"] for item in answer.json()["items"]]


async def test_two_processes_share_the_work_and_know_the_same(
    tmp_path: Path, endpoint: WebhookSimulator, environment: dict[str, str]
) -> None:
    async with (
        running(tmp_path, "--no-sample", environment=environment) as one,
        running(tmp_path, "--no-sample", environment=environment) as two,
    ):
        ids = await accepted(one, 100, to={"url": endpoint.address})
        ids += await accepted(two, 100, to={"url": endpoint.address})
        for number, id_ in enumerate(ids):
            await (two if number < 100 else one).settled(id_, "SENT", "DELIVERED")
        ledgers = [await each.get("/ledger") for each in (one, two)]

    assert [(ledger["accepted"], ledger["adds_up"]) for ledger in ledgers] == [(200, True)] * 2
    assert sorted(endpoint.deliveries) == sorted(f"{id_}.0.webhook" for id_ in ids)
    assert endpoint.repeats == 0


async def test_what_a_killed_process_leaves_is_done_by_the_other(
    tmp_path: Path, endpoint: WebhookSimulator, environment: dict[str, str]
) -> None:
    async with running(tmp_path, "--no-sample", environment=environment) as other:
        dying = await Product(tmp_path, "--no-sample", environment=environment).start()
        soon = await accepted(dying, 50, to={"url": endpoint.address})
        later = await accepted(dying, 5, to={"url": endpoint.address}, send_at=in_seconds(6))
        await dying.kill()

        for id_ in soon + later:
            await other.settled(id_, "SENT", "DELIVERED", seconds=30)
        assert (await other.get("/ledger"))["adds_up"]

    assert sorted(endpoint.deliveries) == sorted(f"{id_}.0.webhook" for id_ in soon + later)


async def test_a_process_that_was_paused_past_its_lease_does_nothing_any_more(
    tmp_path: Path, endpoint: WebhookSimulator, environment: dict[str, str]
) -> None:
    async with running(tmp_path, "--no-sample", environment=environment) as other:
        paused = await Product(tmp_path, "--no-sample", environment=environment).start()
        due = await accepted(paused, 20, to={"url": endpoint.address}, send_at=in_seconds(2))
        paused.process.send_signal(signal.SIGSTOP)

        for id_ in due:
            await other.settled(id_, "SENT", "DELIVERED", seconds=30)
        paused.process.send_signal(signal.SIGCONT)

        assert await paused.gone() == LOST_LEASE
        assert (await other.get("/ledger"))["adds_up"]
    assert (len(endpoint.deliveries), endpoint.repeats) == (20, 0)


async def test_what_all_roles_have_left_is_told_beside_some_and_gone_on_with_by_all(
    tmp_path: Path, endpoint: WebhookSimulator, environment: dict[str, str]
) -> None:
    async with running(tmp_path, "--no-sample", environment=environment) as whole:
        (id_,) = await accepted(whole, 1, to={"url": endpoint.address}, send_at=in_seconds(3600))
        await whole.settled(id_, "SCHEDULED")

    async with alone(tmp_path, "accounts", environment) as (service, _):
        (beside,) = await left(tmp_path, environment)
        async with asyncio.timeout(60):
            while "cluster.left_behind" not in service.complaints():
                await asyncio.sleep(0.1)
    async with running(tmp_path, "--no-sample", environment=environment) as whole:
        meanwhile = await left(tmp_path, environment)
        cancelled = await whole.client.post(f"/api/v1/notifications/{id_}/cancel")
        await whole.settled(id_, "CANCELLED")

    assert (beside["level"], "`sendwell run all`" in beside["advice"]) == ("wrong", True)
    assert (meanwhile, cancelled.is_success) == ([], True)
    assert await left(tmp_path, environment) == []


async def left(folder: Path, environment: dict[str, str]) -> list[Any]:
    """What the doctor says of work that processes have left."""
    told = await sendwell("doctor", "--data", str(folder), "--json", environment=environment)
    return [each for each in told.json["findings"] if each["text"].startswith("Work is left by")]


async def test_a_process_whose_database_is_away_is_not_ready_until_it_is_back(
    tmp_path: Path,
) -> None:
    with postgres.running() as server, server.database() as url:
        environment = {"DB_URL": url, "LEASE_SECONDS": str(LEASE_SECONDS)}
        async with running(tmp_path, "--no-sample", environment=environment) as product:
            server.stop()
            away = await said(product, 503)
            server.start()
            back = await said(product, 200)

    assert away == {"status": "not ready", "stopped": ["database"]}
    assert back == {"status": "ok", "stopped": []}


async def said(product: Product, code: int) -> Any:
    """What /readyz says, once it answers with that code."""
    async with asyncio.timeout(30):
        while (answer := await product.client.get("/readyz")).status_code != code:
            await asyncio.sleep(0.1)
    return answer.json()


def in_seconds(seconds: float) -> str:
    return datetime.fromtimestamp(time.time() + seconds, UTC).isoformat()
