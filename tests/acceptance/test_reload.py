"""Configuration that changes while the product runs: taken as a whole, or refused as a whole."""

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.product import Product, running, webhooks
from tests.simulators.webhook import WebhookSimulator


def lines(product: Product, event: str) -> list[dict[str, Any]]:
    found = [line for line in product.errors.splitlines() if b'"event":"' in line]
    return [each for each in map(json.loads, found) if each["event"] == event]


async def reloaded(product: Product) -> None:
    """SIGHUP; the next log line about the configuration says what came of it."""
    before = product.errors.count(b'"event":"configuration.')
    product.process.send_signal(signal.SIGHUP)
    async with asyncio.timeout(10):
        while product.errors.count(b'"event":"configuration.') == before:
            await asyncio.sleep(0.02)


async def said(product: Product, event: str) -> None:
    """It is in the log."""
    async with asyncio.timeout(30):
        while not lines(product, event):
            await asyncio.sleep(0.02)


async def test_a_new_rate_holds_for_what_is_already_waiting(
    tmp_path: Path, endpoint: WebhookSimulator
) -> None:
    file = tmp_path / "sendwell.toml"
    file.write_text('RATE_LIMIT_CHANNEL_WEBHOOK = "1/h"\n')
    environment = {**webhooks(endpoint.credentials), "SENDWELL_CONFIG": str(file)}
    async with running(tmp_path / "data", "--no-sample", environment=environment) as product:
        for number in range(3):
            await product.send(to={"url": endpoint.address}, content=str(number))
        await endpoint.until(lambda: len(endpoint.deliveries) == 1)

        file.write_text('RATE_LIMIT_CHANNEL_WEBHOOK = "1000/s"\n')
        await reloaded(product)

        await endpoint.until(lambda: len(endpoint.deliveries) == 3)
        (change,) = lines(product, "configuration.changed")
    assert "RATE_LIMIT_CHANNEL_WEBHOOK" in json.dumps(change)


async def test_another_limit_of_a_person_holds_for_what_the_old_one_holds(tmp_path: Path) -> None:
    file = tmp_path / "sendwell.toml"
    file.write_text('RATE_LIMIT_USER = "1/d"\n')
    environment = {"SENDWELL_CONFIG": str(file)}
    async with running(tmp_path / "data", "--no-sample") as product:
        await product.client.put("/api/v1/users/ada", json={"email": "ada@example.org"})
    # A person who has just changed would be asked about again anyhow.
    async with running(tmp_path / "data", "--no-sample", environment=environment) as product:
        sent = [await product.send(user_id="ada", content=str(number)) for number in range(3)]
        ids = [answer.json()["id"] for answer in sent]
        for id_ in ids:
            await product.settled(id_, "SENT", "HELD")

        file.write_text("")
        await reloaded(product)

        found = [await product.settled(id_, "SENT", seconds=30) for id_ in ids]

    assert [each["status"] for each in found] == ["SENT"] * 3


@pytest.mark.parametrize(
    "wrong",
    [
        'RATE_LIMIT_CHANNEL_WEBHOOK = "often"\n',
        'RATE_LIMIT_CHANELL_WEBHOOK = "1/s"\n',
        'ROUTE_EMAIL = "nobody"\n',
        'PRESET = "tenant"\n',
    ],
)
async def test_a_wrong_configuration_changes_nothing_and_is_told(
    tmp_path: Path, endpoint: WebhookSimulator, wrong: str
) -> None:
    file = tmp_path / "sendwell.toml"
    file.write_text("")
    environment = {**webhooks(endpoint.credentials), "SENDWELL_CONFIG": str(file)}
    async with running(tmp_path / "data", "--no-sample", environment=environment) as product:
        file.write_text(wrong)
        await reloaded(product)

        answer = await product.send(to={"url": endpoint.address}, content="Still here")
        await product.settled(answer.json()["id"], "SENT", "DELIVERED")
        (refusal,) = lines(product, "configuration.refused")
    assert wrong.split(" ", maxsplit=1)[0].split("_", maxsplit=1)[0] in json.dumps(refusal)


async def test_a_limit_of_an_account_that_is_not_there_is_told_at_the_start_and_at_a_reload(
    tmp_path: Path, endpoint: WebhookSimulator
) -> None:
    file = tmp_path / "sendwell.toml"
    file.write_text('RATE_LIMIT_PROVIDER_STANDART = "1/h"\n')
    environment = {**webhooks(endpoint.credentials), "SENDWELL_CONFIG": str(file)}
    async with running(tmp_path / "data", "--no-sample", environment=environment) as product:
        await said(product, "configuration.without_effect")
        file.write_text('RATE_LIMIT_PROVIDER_STANDARDS = "1/h"\n')
        product.process.send_signal(signal.SIGHUP)
        await said(product, "configuration.changed")
        told = lines(product, "configuration.without_effect")

    assert [["RATE_LIMIT_PROVIDER_STANDART"], ["RATE_LIMIT_PROVIDER_STANDARDS"]] == [
        each["variables"] for each in told
    ]
