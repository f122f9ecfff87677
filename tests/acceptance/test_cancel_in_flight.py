"""A cancelling names what is on its way, and that goes no further."""

import asyncio
import json
import time
from asyncio import StreamWriter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.product import Product, running
from tests.simulators.server import Call
from tests.simulators.troubles import Instead, Reply, Trouble, failing
from tests.simulators.twilio import TwilioSimulator

FILTERED = Instead(
    Reply(400, b'{"code": 21610, "message": "Opted out"}', {"content-type": "application/json"})
)


class SlowTwilio(TwilioSimulator):
    """Answers when a test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.is_asked, self.may_answer = asyncio.Event(), asyncio.Event()

    async def _meet(self, call: Call, writer: StreamWriter) -> None:
        self.is_asked.set()
        await self.may_answer.wait()
        await super()._meet(call, writer)


@pytest.fixture
async def twilio() -> AsyncIterator[SlowTwilio]:
    async with SlowTwilio() as simulator:
        yield simulator
        simulator.may_answer.set()


def environment_of(twilio: SlowTwilio) -> dict[str, str]:
    return {"PROVIDER_CREDENTIALS_TWILIO": json.dumps(twilio.credentials)}


async def cancelled_in_flight(product: Product, twilio: SlowTwilio) -> Any:
    """To one person it goes out now, to the other it would ten hours later."""
    answer = await product.send(
        id="order-7",
        to=[
            {"phone": "+436641234567", "email": "ada@example.org", "timezone": "UTC"},
            {"phone": "+436641234568", "email": "eve@example.org", "timezone": "Pacific/Honolulu"},
        ],
        content="It is on its way",
        channels=["sms", "email"],
        routing="fallback",
        send_at=datetime.fromtimestamp(time.time(), UTC).strftime("%Y-%m-%dT%H:%M"),
        timezone="recipient",
    )
    assert answer.status_code == 202, answer.text
    await asyncio.wait_for(twilio.is_asked.wait(), 10)
    cancelled = await product.client.post("/api/v1/notifications/order-7/cancel")
    assert cancelled.status_code == 200, cancelled.text
    return cancelled.json()


@pytest.mark.parametrize(("answer", "end"), [(FILTERED, "DEAD"), (failing(), "CANCELLED")])
async def test_what_is_in_flight_is_named_and_not_tried_again_nor_sent_by_another_channel(
    tmp_path: Path, twilio: SlowTwilio, answer: Trouble, end: str
) -> None:
    twilio.fail_next(answer)
    environment = environment_of(twilio)
    async with running(tmp_path, "--no-sample", environment=environment) as product:
        cancelled = await cancelled_in_flight(product, twilio)
        twilio.may_answer.set()

        assert cancelled == {"id": "order-7", "cancelled": ["1.sms"], "in_flight": ["0.sms"]}
        found = await product.settled("order-7", end)
        assert {each["id"]: each["status"] for each in found["deliveries"]} == {
            "0.sms": end,
            "1.sms": "CANCELLED",
        }
        assert len(twilio.calls) == 1


@pytest.mark.parametrize(("answer", "end"), [(FILTERED, "DEAD"), (failing(), "CANCELLED")])
async def test_one_to_one_person_is_named_and_goes_no_further_either(
    tmp_path: Path, twilio: SlowTwilio, answer: Trouble, end: str
) -> None:
    twilio.fail_next(answer)
    environment = environment_of(twilio)
    async with running(tmp_path, "--no-sample", environment=environment) as product:
        accepted = await product.send(
            id="order-8",
            to={"phone": "+436641234567", "email": "ada@example.org"},
            content="It is on its way",
            channels=["sms", "email"],
            routing="fallback",
        )
        assert accepted.status_code == 202, accepted.text
        await asyncio.wait_for(twilio.is_asked.wait(), 60)

        cancelled = await product.client.post("/api/v1/notifications/order-8/cancel")
        twilio.may_answer.set()

        assert cancelled.json() == {"id": "order-8", "cancelled": [], "in_flight": ["0.sms"]}
        found = await product.settled("order-8", end)
        assert [(each["id"], each["status"]) for each in found["deliveries"]] == [("0.sms", end)]
        again = await product.client.post("/api/v1/notifications/order-8/cancel")
        assert (again.status_code, again.json()["detail"]) == (
            409,
            "Nothing is left to cancel: it is at its end.",
        )


async def test_a_process_that_goes_on_after_a_crash_knows_it_too(
    tmp_path: Path, twilio: SlowTwilio
) -> None:
    environment = environment_of(twilio)
    product = await Product(tmp_path, "--no-sample", environment=environment).start()
    await cancelled_in_flight(product, twilio)
    await product.kill()

    async with running(tmp_path, "--no-sample", environment=environment) as product:
        found = await product.settled("order-7", "DEAD")

        assert {each["id"]: each["status"] for each in found["deliveries"]} == {
            "0.sms": "DEAD",
            "1.sms": "CANCELLED",
        }
