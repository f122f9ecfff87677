"""All of Sendwell behind PgBouncer in transaction mode; only LISTEN goes past it."""

from pathlib import Path

import pytest

from tests.acceptance.product import running, webhooks
from tests.services.needs import needs
from tests.services.pgbouncer import PgBouncer
from tests.simulators.webhook import WebhookSimulator

pytestmark = needs("postgres", "pgbouncer")
COUNT = 200


@pytest.fixture
def environment(
    endpoint: WebhookSimulator, pgbouncer_server: PgBouncer, postgres_url: str
) -> dict[str, str]:
    return {
        **webhooks(endpoint.credentials),
        "DB_URL": f"{pgbouncer_server.through(postgres_url)}?pooled=true",
        "DB_LISTEN_URL": postgres_url,
    }


async def test_two_processes_behind_it_send_everything_once(
    tmp_path: Path, endpoint: WebhookSimulator, environment: dict[str, str]
) -> None:
    async with (
        running(tmp_path, "--no-sample", environment=environment) as one,
        running(tmp_path, "--no-sample", environment=environment) as two,
    ):
        items = [{"content": str(n), "to": {"url": endpoint.address}} for n in range(COUNT)]
        ids = []
        for product in (one, two):
            answer = await product.client.post("/api/v1/notifications/batch", json=items)
            ids += [item["id"] for item in answer.json()["items"]]
        for id_ in ids:
            await one.settled(id_, "SENT", "DELIVERED", seconds=30)
        ledger = await two.get("/ledger")

    assert (ledger["accepted"], ledger["adds_up"]) == (2 * COUNT, True)
    assert sorted(endpoint.deliveries) == sorted(f"{id_}.0.webhook" for id_ in ids)
    assert endpoint.repeats == 0


async def test_sessions_that_it_drops_lose_and_double_nothing(
    tmp_path: Path,
    endpoint: WebhookSimulator,
    environment: dict[str, str],
    pgbouncer_server: PgBouncer,
) -> None:
    async with running(tmp_path, "--no-sample", environment=environment) as product:
        first = await product.send(content="before", to={"url": endpoint.address})
        await product.settled(first.json()["id"], "SENT", "DELIVERED")
        pgbouncer_server.kill()
        pgbouncer_server.start()

        second = await product.send(content="after", to={"url": endpoint.address})
        await product.settled(second.json()["id"], "SENT", "DELIVERED")
        assert (await product.get("/ledger"))["adds_up"]

    assert (len(endpoint.deliveries), endpoint.repeats) == (2, 0)
