"""A tenant's own rules: changed by API, obeyed by the flow, told on the timeline."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.product import Product, running, webhooks
from tests.acceptance.test_people_are_heard import hours
from tests.simulators.troubles import Instead, Reply
from tests.simulators.webhook import WebhookSimulator

ADA = {"email": "ada@example.org", "phone": "+436641234567", "timezone": "Australia/Lord_Howe"}


@pytest.fixture
async def product(tmp_path: Path) -> AsyncIterator[Product]:
    async with running(tmp_path, "--no-sample") as product:
        answer = await product.client.put("/api/v1/users/ada", json=ADA)
        assert answer.is_success, answer.text
        yield product


async def rule(product: Product, section: str, value: Any) -> None:
    answer = await product.client.put(f"/api/v1/rules/{section}", json=value)
    assert answer.status_code == 200, answer.text


async def sent(product: Product, *states: str, **request: Any) -> Any:
    """What has become of a message to Ada, once it is in one of these states."""
    given = {"user_id": "ada", "content": "Hello", **request}
    answer = await product.send(**{name: value for name, value in given.items() if value})
    assert answer.status_code == 202, answer.text
    return await product.settled(answer.json()["id"], *(states or ("SENT", "DELIVERED")))


async def told(product: Product, found: Any, event: str) -> Any:
    """The last event of that name on the timeline: what waits may be asked again, and wait on."""
    timeline = await product.get(f"/notifications/{found['id']}/timeline")
    *_, last = (each for each in timeline["events"] if each["event"] == event)
    return last


async def test_over_the_budget_a_message_waits_for_the_persons_next_day(product: Product) -> None:
    await rule(product, "budget", {"per_day": 2})
    await sent(product, channels=["email"])
    await sent(product, channels=["sms"], category="marketing")

    third = await sent(product, "HELD", channels=["email"])

    held = await told(product, third, "HELD")
    assert held["rule"] == "budget"
    assert held["due_at"] > held["at"]


async def test_over_a_budget_that_drops_a_message_is_suppressed(product: Product) -> None:
    await rule(product, "budget", {"per_day": 1, "over": "drop"})
    await sent(product, channels=["email"])

    second = await sent(product, "SUPPRESSED", channels=["sms"])

    assert (await told(product, second, "SUPPRESSED"))["rule"] == "budget"


async def test_what_is_critical_passes_the_budget_and_takes_nothing_from_it(
    product: Product,
) -> None:
    await rule(product, "budget", {"per_day": 1, "over": "drop"})
    row = {"event_type": "security*", "priority": "high", "critical": True}
    await rule(product, "priorities", [row])

    for _ in range(2):
        await sent(product, event_type="security_alert", channels=["email"])
    first = await sent(product, event_type="news", channels=["email"])
    second = await sent(product, "SUPPRESSED", event_type="news", channels=["email"])

    assert (first["status"], second["deliveries"][0]["rule"]) == ("SENT", "budget")


async def test_what_is_critical_comes_in_quiet_hours_and_against_an_opt_out(
    product: Product,
) -> None:
    row = {"event_type": "alarm*", "priority": "high", "category": "security", "critical": True}
    await rule(product, "priorities", [row])
    chosen = {**hours([{"from": "00:01", "to": "00:00"}]), "categories": {"security": False}}
    answer = await product.client.put("/api/v1/users/ada/preferences", json=chosen)
    assert answer.is_success, answer.text

    await sent(product, event_type="alarm_on", channels=["email"])
    await sent(product, "SUPPRESSED", event_type="news", channels=["email"], category="security")
    await sent(product, "HELD", event_type="news", channels=["email"])


async def test_what_a_budget_holds_goes_out_when_the_budget_is_raised(product: Product) -> None:
    await rule(product, "budget", {"per_day": 1})
    await sent(product, channels=["email"])
    held = await sent(product, "HELD", channels=["email"])

    await rule(product, "budget", {"per_day": 2})

    found = await product.settled(held["id"], "SENT", seconds=5)
    assert [each["status"] for each in found["deliveries"]] == ["SENT"]


async def test_what_is_held_goes_out_when_it_is_declared_critical(product: Product) -> None:
    await rule(product, "budget", {"per_day": 1})
    await sent(product, channels=["email"])
    held = await sent(product, "HELD", channels=["email"], event_type="alarm_on")

    await rule(
        product, "priorities", [{"event_type": "alarm*", "priority": "high", "critical": True}]
    )

    found = await product.settled(held["id"], "SENT", seconds=5)
    assert [each["status"] for each in found["deliveries"]] == ["SENT"]


async def test_a_retry_takes_nothing_from_the_budget(tmp_path: Path) -> None:
    async with (
        WebhookSimulator() as endpoint,
        running(tmp_path, "--no-sample", environment=webhooks(endpoint.credentials)) as product,
    ):
        await product.client.put("/api/v1/users/ada", json=ADA)
        await rule(product, "budget", {"per_day": 2, "over": "drop"})
        there = {"user_id": None, "to": {"user_id": "ada", "url": endpoint.address}}
        endpoint.fail_next(Instead(Reply(503)))

        for _ in range(2):
            await sent(product, channels=["webhook"], **there)

        assert len(endpoint.calls) == 3
        await sent(product, "SUPPRESSED", channels=["webhook"], **there)


async def test_over_a_limit_of_its_own_that_drops_a_tenants_message_is_suppressed(
    product: Product,
) -> None:
    await rule(product, "limits", {"channels": {"sms": "1/h drop"}})
    await sent(product, channels=["sms"])

    second = await sent(product, "SUPPRESSED", channels=["sms"])
    other = await sent(product, channels=["email"])

    assert (await told(product, second, "SUPPRESSED"))["rule"] == "limits.channels.sms"
    assert other["deliveries"][0]["rule"] is None


async def test_what_a_limit_of_its_own_holds_up_goes_out_when_it_is_lifted(
    product: Product,
) -> None:
    await rule(product, "limits", {"tenant": "1/h"})
    await sent(product, channels=["sms"])
    waiting = await sent(product, "PENDING", channels=["sms"])

    answer = await product.client.delete("/api/v1/rules/limits")

    assert answer.json() == {"tenant": None, "channels": {}}
    await product.settled(waiting["id"], "SENT", seconds=5)


async def test_a_route_of_its_own_picks_the_provider(tmp_path: Path) -> None:
    async with WebhookSimulator() as first, WebhookSimulator() as second:
        accounts = {
            f"PROVIDER_CREDENTIALS_STANDARD__{name}": json.dumps(each.credentials)
            for name, each in (("FIRST", first), ("SECOND", second))
        }
        environment = {
            **webhooks(first.credentials),
            **accounts,
            "ROUTE_WEBHOOK": "standard__first",
        }
        async with running(tmp_path, "--no-sample", environment=environment) as product:
            to = {"url": first.address}
            usual = await sent(product, user_id=None, to=to)

            await rule(product, "routing", {"webhook": "standard__second"})
            own = await sent(product, user_id=None, to=to)

            refused = await product.client.put(
                "/api/v1/rules/routing", json={"webhook": "standard__second,nobody:2"}
            )

    assert usual["deliveries"][0]["provider"] == "standard__first"
    assert own["deliveries"][0]["provider"] == "standard__second"
    assert refused.status_code == 400
    assert [each["pointer"] for each in refused.json()["errors"]] == ["/webhook"]


async def test_a_tenants_quota_is_told_and_kept(product: Product) -> None:
    await rule(product, "quota", {"notifications": "2/h"})

    answers = [await product.send(user_id="ada", content="Hello") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"tenant";q=2;w=3600'}
    assert answers[1].headers["ratelimit"].startswith('"tenant";r=0;t=')
    assert int(answers[2].headers["retry-after"]) > 1_700


async def test_a_change_is_on_the_audit_log_with_who_made_it(product: Product) -> None:
    await rule(product, "budget", {"per_day": 3})
    await product.client.delete("/api/v1/rules/budget")

    entries = (await product.get("/audit"))["data"]

    assert [entry["action"] for entry in entries[:2]] == [
        "rules.budget.reset",
        "rules.budget.replaced",
    ]
    assert entries[1]["details"] == {"budget": '{"per_day":3}'}
    assert entries[1]["actor"]
