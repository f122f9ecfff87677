"""An outage of all providers of a channel: what is urgent goes on by the next one."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.product import Product, running
from tests.simulators.troubles import failing
from tests.simulators.twilio import TwilioSimulator

pytestmark = pytest.mark.usefixtures("each_database")

TO = {"phone": "+436641234567", "email": "ada@example.org"}
CODE: dict[str, Any] = {
    "to": TO,
    "content": "Your code: 123456",
    "event_type": "otp",
    "channels": ["sms", "email"],
    "routing": "fallback",
}


async def test_a_login_code_goes_by_mail_while_no_sms_goes_out(tmp_path: Path) -> None:
    async with TwilioSimulator() as twilio:
        environment = {"PROVIDER_CREDENTIALS_TWILIO": json.dumps(twilio.credentials)}
        async with running(tmp_path, "--no-sample", environment=environment) as product:
            await bring_down(twilio, product)
            asked = len(twilio.calls)

            order = await product.send(to=TO, content="Your order", channel="sms")
            late = (await product.send(**CODE)).json()["id"]

            found = await product.settled(late, "SENT")
            assert {
                each["channel"]: (each["status"], each["attempts"]) for each in found["deliveries"]
            } == {"sms": ("DEAD", 0), "email": ("SENT", 1)}
            told = (await product.get(f"/notifications/{late}/timeline"))["events"]
            assert [(each["event"], each.get("code")) for each in told][:4] == [
                ("CREATED", None),
                ("PLANNED", None),
                ("FAILED", "channel_down"),
                ("DEAD", "channel_down"),
            ]
            (letter,) = (await product.get("/dead-letters", code="channel_down", limit=1))["data"]
            assert (letter["notification_id"], letter["cause"]) == (late, "provider_outage")
            waiting = await product.get(f"/notifications/{order.json()['id']}")
            assert waiting["status"] == "PENDING"
            assert len(twilio.calls) == asked


async def bring_down(twilio: TwilioSimulator, product: Product) -> None:
    """Until nobody asks it any more; what was asked meanwhile has gone by mail."""
    twilio.fail_next(*[failing()] * 50)
    answers = [await product.send(**CODE) for _ in range(5)]
    for answer in answers:
        await product.settled(answer.json()["id"], "SENT")
