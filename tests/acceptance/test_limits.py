"""What each rate limit does to what is over it, and to everybody else."""

import time
from pathlib import Path

import pytest

from tests.acceptance.product import running, webhooks
from tests.simulators.webhook import WebhookSimulator

pytestmark = pytest.mark.usefixtures("each_database")

EMAIL = {"email": "someone@example.org"}


async def test_a_lane_over_its_limit_holds_up_no_other_lane(tmp_path: Path) -> None:
    async with running(
        tmp_path, "--no-sample", environment={"RATE_LIMIT_LANE_LOW": "1/m"}
    ) as product:
        low = [await product.send(to=EMAIL, content="x", priority="low") for _ in range(3)]
        urgent = await product.send(to=EMAIL, content="x", priority="critical")

        await product.settled(urgent.json()["id"], "SENT")

        waiting = [await product.get(f"/notifications/{a.json()['id']}") for a in low[1:]]
        assert {each["status"] for each in waiting} == {"PENDING"}


async def test_over_a_providers_limit_deliveries_wait_and_none_is_lost(
    tmp_path: Path, endpoint: WebhookSimulator
) -> None:
    environment = {
        **webhooks(endpoint.credentials),
        "RATE_LIMIT_PROVIDER_STANDARD": "10/s burst 1",
    }
    async with running(tmp_path, "--no-sample", environment=environment) as product:
        began = time.monotonic()
        for number in range(6):
            await product.send(to={"url": endpoint.address}, content=str(number))

        await endpoint.until(lambda: len(endpoint.deliveries) == 6)

        assert time.monotonic() - began >= 0.45
        assert (await product.get("/ledger"))["difference"] == 0


@pytest.mark.parametrize(
    ("limit", "state", "rule"),
    [
        ("1/h", "HELD", "rate_limit.person"),
        ("1/h drop", "SUPPRESSED", "rate_limit.person"),
    ],
)
async def test_over_a_persons_limit_a_message_is_held_or_dropped_as_the_policy_says(
    limit: str, state: str, rule: str, tmp_path: Path
) -> None:
    async with running(tmp_path, "--no-sample", environment={"RATE_LIMIT_USER": limit}) as product:
        await product.client.put("/api/v1/users/ada", json={"email": "ada@example.org"})
        first = await product.send(user_id="ada", content="x")
        await product.settled(first.json()["id"], "SENT")

        second = await product.send(user_id="ada", content="y")
        bare = await product.send(to=EMAIL, content="z")

        found = await product.settled(second.json()["id"], state)
        assert found["deliveries"][0]["rule"] == rule
        await product.settled(bare.json()["id"], "SENT")


async def test_preferences_and_quiet_hours_are_obeyed(tmp_path: Path) -> None:
    async with running(tmp_path, "--no-sample") as product:
        await product.client.put(
            "/api/v1/users/ada", json={"email": "ada@example.org", "phone": "+436641234567"}
        )
        always = {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "from": "00:01",
                  "to": "00:00"}  # fmt: skip
        answer = await product.client.put(
            "/api/v1/users/ada/preferences",
            json={
                "order": ["sms", "email"],
                "channels": {"email": {"categories": {"marketing": False}}},
                "quiet_hours": {"windows": [always]},
            },
        )
        assert answer.status_code == 200, answer.text

        quiet = await product.send(user_id="ada", content="x")
        refused = await product.send(
            user_id="ada", content="x", channel="email", category="marketing"
        )

        held = await product.settled(quiet.json()["id"], "HELD", "SENT")
        stopped = await product.settled(refused.json()["id"], "SUPPRESSED")
        assert held["deliveries"][0]["channel"] == "sms"
        assert stopped["deliveries"][0]["rule"] == "consent"
