"""Webhooks to an endpoint that is being mended."""

from pathlib import Path
from typing import Any

from tests.acceptance.product import Product, running, webhooks
from tests.simulators.troubles import Instead, Reply
from tests.simulators.webhook import WebhookSimulator

_FAILURES_THAT_OPEN_A_BREAKER = 5


async def sent(product: Product, endpoint: WebhookSimulator, *states: str) -> Any:
    answer = await product.send(to={"url": endpoint.address}, content="Hello")
    return await product.settled(answer.json()["id"], *states, seconds=30)


async def test_an_endpoint_that_does_not_know_its_path_for_a_moment_gets_it_in_the_end(
    tmp_path: Path, endpoint: WebhookSimulator
) -> None:
    environment = webhooks(endpoint.credentials)
    endpoint.fail_next(Instead(Reply(404)))

    async with running(tmp_path, "--no-sample", environment=environment) as product:
        found = await sent(product, endpoint, "DELIVERED")

    assert found["deliveries"][0]["attempts"] == 2


async def test_what_an_endpoint_refuses_until_the_end_holds_up_no_other_and_can_be_replayed(
    tmp_path: Path, endpoint: WebhookSimulator
) -> None:
    environment = {**webhooks(endpoint.credentials), "RETRY_MAX_ATTEMPTS": "1"}
    endpoint.fail_next(*[Instead(Reply(401))] * _FAILURES_THAT_OPEN_A_BREAKER)

    async with running(tmp_path, "--no-sample", environment=environment) as product:
        for _ in range(_FAILURES_THAT_OPEN_A_BREAKER):
            await sent(product, endpoint, "DEAD")
        letters = (await product.get("/dead-letters"))["data"]
        await sent(product, endpoint, "DELIVERED")
        await product.client.post("/api/v1/dead-letters/replay", json={"channel": "webhook"})
        await endpoint.until(lambda: len(endpoint.deliveries) == 1 + len(letters))

    assert {each["cause"] for each in letters} == {"attempts_exhausted"}
    assert all("Mend the endpoint, then replay" in each["hint"] for each in letters)
