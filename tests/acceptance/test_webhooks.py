"""Webhooks to an endpoint that is being mended, and to the one that the page shows."""

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.acceptance.product import ROOT, Product, running, webhooks
from tests.services.ports import free_ports
from tests.simulators.troubles import Cut, Instead, Reply
from tests.simulators.webhook import SECRET, WebhookSimulator

_FAILURES_THAT_OPEN_A_BREAKER = 5
_PAGE = ROOT / "docs" / "how-to" / "send-webhooks.md"
_PYTHON = re.compile(r"^```python\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)


@asynccontextmanager
async def receiver(port: int) -> AsyncIterator[asyncio.StreamReader]:
    """What the page shows, on that port; gives what it prints."""
    (code,) = (found["code"] for found in _PYTHON.finditer(_PAGE.read_text()))
    assert "8099" in code
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-u", "-c", code.replace("8099", str(port)),
        env={**os.environ, "WEBHOOK_SECRET": SECRET}, stdout=PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(30):
            while not await is_listening(port):
                await asyncio.sleep(0.05)
        assert process.stdout is not None
        yield process.stdout
    finally:
        process.kill()
        await process.wait()


async def is_listening(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


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


async def test_an_endpoint_that_says_200_and_breaks_off_is_called_once(
    tmp_path: Path, endpoint: WebhookSimulator
) -> None:
    environment = webhooks(endpoint.credentials)
    endpoint.fail_next(Cut(Reply(200, b"working on")))

    async with running(tmp_path, "--no-sample", environment=environment) as product:
        found = await sent(product, endpoint, "DELIVERED")

    assert (found["deliveries"][0]["attempts"], len(endpoint.calls)) == (1, 1)


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


async def test_the_receiver_that_the_page_shows_takes_what_is_ours_and_nothing_else(
    tmp_path: Path,
) -> None:
    (port,) = free_ports(1)
    to = {"url": f"http://127.0.0.1:{port}/"}
    environment = {**webhooks({"secrets": [SECRET]}), "RETRY_MAX_ATTEMPTS": "1"}
    others = {**environment, **webhooks({"secrets": [f"whsec_{'a' * 32}"]})}

    async with receiver(port) as printed:
        ends = []
        for name, each in (("ours", environment), ("others", others)):
            async with running(tmp_path / name, "--no-sample", environment=each) as product:
                answer = await product.send(to=to, event_type="order_shipped", content="Soon")
                found = await product.settled(answer.json()["id"], "DELIVERED", "DEAD", seconds=30)
            error = found["deliveries"][0]["error"]
            ends.append((found["status"], error and error["code"]))
        line = (await printed.readline()).decode()

    assert ends == [("DELIVERED", None), ("DEAD", "http_401")]
    assert line == "order_shipped {'text': 'Soon', 'subject': 'Soon'}\n"
