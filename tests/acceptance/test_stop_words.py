"""Who answers STOP gets no more, and what the tenant suppressed is not sent to: also if queued."""

import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.acceptance.command import sendwell
from tests.acceptance.product import Product, running
from tests.simulators.twilio import TwilioSimulator

HOOKS = "https://hooks.example.org"
INBOUND = "/webhooks/twilio/default/inbound"
NUMBER = "+436641234567"


@pytest.fixture
async def twilio() -> AsyncIterator[TwilioSimulator]:
    async with TwilioSimulator() as simulator:
        yield simulator


@pytest.fixture
async def product(
    tmp_path: Path, twilio: TwilioSimulator, each_database: str
) -> AsyncIterator[Product]:
    del each_database
    environment = {
        "PROVIDER_CREDENTIALS_TWILIO": json.dumps(twilio.credentials),
        "PUBLIC_URL": HOOKS,
        "RATE_LIMIT_LANE_LOW": "20/m burst 1",
    }
    async with running(tmp_path, "--no-sample", environment=environment) as product:
        await product.client.put("/api/v1/users/ada", json={"phone": NUMBER})
        yield product


async def writes_back(product: Product, twilio: TwilioSimulator, text: str) -> None:
    hook = twilio.inbound(text, url=f"{HOOKS}{INBOUND}", sender=NUMBER)
    answer = await product.client.post(INBOUND, content=hook.body, headers=dict(hook.headers))
    assert answer.status_code == 204, answer.text


async def sends(product: Product, **more: str) -> str:
    answer = await product.send(user_id="ada", channel="sms", content="Hello", **more)
    id_: str = answer.json()["id"]
    return id_


def soon(seconds: float) -> str:
    return datetime.fromtimestamp(time.time() + seconds, UTC).isoformat()


async def test_stop_ends_what_is_scheduled_and_start_lets_it_go_on(
    product: Product, twilio: TwilioSimulator
) -> None:
    first = await sends(product)
    await product.settled(first, "SENT")
    scheduled = await sends(product, send_at=soon(2))

    await writes_back(product, twilio, "please stop texting me")

    await product.settled(scheduled, "SUPPRESSED")
    events = (await product.get(f"/notifications/{scheduled}/timeline"))["events"]
    assert "stop word" in str(events[-1])
    assert len(twilio.messages) == 1
    (fact, *_) = (await product.get("/users/ada/consents"))["data"]
    assert ("stop_word", "sms") == (fact["source"], fact["channel"])

    await writes_back(product, twilio, "START")

    await product.settled(await sends(product), "SENT")


async def test_stop_ends_what_waits_in_the_queue_also_to_a_bare_number(
    product: Product, twilio: TwilioSimulator
) -> None:
    await product.settled(await sends(product, priority="low"), "SENT")
    queued = await sends(product, priority="low")
    bare = await product.send(to={"phone": NUMBER}, content="x", channel="sms", send_at=soon(2))

    await writes_back(product, twilio, "STOP")

    await product.settled(bare.json()["id"], "SUPPRESSED")
    await product.settled(queued, "SUPPRESSED")
    assert len(twilio.messages) == 1


async def test_what_may_be_a_wish_to_stop_is_there_for_somebody_to_read(
    product: Product, twilio: TwilioSimulator
) -> None:
    await writes_back(product, twilio, "why did you stop?")

    (kept,) = (await product.get("/quarantine"))["data"]

    assert "doubtful_reply" == kept["reason"]
    await product.settled(await sends(product), "SENT")


async def test_what_is_suppressed_by_command_is_not_sent_to_until_it_is_removed(
    product: Product, twilio: TwilioSimulator
) -> None:
    environment = {"SENDWELL_API_KEY": product.key}
    added = await sendwell(
        "suppressions", "add", "sms", "-", "--reason", "asked by letter",
        at=product, stdin=f"{NUMBER}\n+436640000000\n".encode(), environment=environment,
    )  # fmt: skip
    listed = await sendwell(
        "suppressions", "list", "--address", NUMBER, at=product, environment=environment
    )
    await product.settled(await sends(product), "SUPPRESSED")

    removed = await sendwell(
        "suppressions", "remove", "sms", NUMBER, at=product, environment=environment
    )
    again = await sendwell(
        "suppressions", "remove", "sms", NUMBER, at=product, environment=environment
    )

    assert "2 suppressed." in added.out, added.errors
    assert "asked by letter" in listed.out
    assert (removed.code, again.code) == (0, 1)
    assert "not on the list" in again.errors
    await product.settled(await sends(product), "SENT")
    assert len(twilio.messages) == 1
