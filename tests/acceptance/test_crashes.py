"""Whatever moment the process dies at: what was accepted arrives, and nothing arrives twice unless
the record says that its result was unknown.
"""

import asyncio
from pathlib import Path

import httpx2
import pytest

from sendwell.domain.delivery_key import DeliveryKey
from sendwell.runtime.failpoints import NAMES
from tests.acceptance.product import Product, webhooks
from tests.simulators.webhook import WebhookSimulator

pytestmark = pytest.mark.usefixtures("each_database")

SENDS = 12
EDGES = [name for name in NAMES if not name.startswith(("receipt", "erase"))]


async def accepted_until_it_dies(product: Product, address: str) -> list[str]:
    """Send until the process is gone; gives what it said 202 to."""
    accepted = []
    for number in range(SENDS):
        try:
            answer = await product.send(to={"url": address}, content="x", id=f"n-{number}")
        except httpx2.TransportError:
            break
        if answer.status_code == 202:
            accepted.append(answer.json()["id"])
    return accepted


async def is_labelled(product: Product, id_: str) -> bool:
    events = (await product.get(f"/notifications/{id_}/timeline"))["events"]
    return any(event.get("code") == "unknown" for event in events)


@pytest.mark.parametrize("nth", [1, 4])
@pytest.mark.parametrize("edge", EDGES)
async def test_dying_at_an_edge_loses_nothing_and_doubles_nothing(
    edge: str, nth: int, tmp_path: Path, endpoint: WebhookSimulator
) -> None:
    environment = webhooks(endpoint.credentials)
    product = Product(tmp_path, "--no-sample", environment=environment)
    await product.start(failpoint=f"{edge}:{nth}")

    accepted = await accepted_until_it_dies(product, endpoint.address)
    code = await product.gone()
    await product.start()

    assert code == -9, f"{edge} was never passed"
    for id_ in accepted:
        await product.settled(id_, "SENT", "DELIVERED")
    assert set(accepted) <= {DeliveryKey.parse(key).notification for key in endpoint.deliveries}
    calls = [call.headers["webhook-id"] for call in endpoint.calls]
    doubled = {key for key in calls if calls.count(key) > 1}
    for key in doubled:
        assert await is_labelled(product, DeliveryKey.parse(key).notification)
    async with asyncio.timeout(15):
        while (ledger := await product.get("/ledger"))["pending"]:  # accepted, but never answered
            await asyncio.sleep(0.05)
    assert ledger["difference"] == 0
    assert await product.stop() == 0


async def test_sigterm_under_load_finishes_what_is_in_flight(
    tmp_path: Path, endpoint: WebhookSimulator
) -> None:
    environment = webhooks(endpoint.credentials)
    product = await Product(tmp_path, "--no-sample", environment=environment).start()
    batch = [{"to": {"url": endpoint.address}, "content": str(n)} for n in range(500)]
    answer = await product.client.post("/api/v1/notifications/batch", json=batch)
    ids = [item["id"] for item in answer.json()["items"]]

    code = await product.stop()

    assert code == 0
    calls = [call.headers["webhook-id"] for call in endpoint.calls]
    assert len(calls) == len(set(calls))
    await product.start()
    await asyncio.gather(
        *(product.settled(id_, "SENT", "DELIVERED", seconds=30) for id_ in ids[::50])
    )
    await endpoint.until(lambda: len(endpoint.deliveries) == len(ids))
    assert endpoint.repeats == 0
    assert await product.stop() == 0
