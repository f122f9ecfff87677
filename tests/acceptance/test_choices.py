"""What people choose is obeyed by the flow, and the timeline says which choice decided."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sendwell.settings import ROLES
from tests.acceptance.product import Product, running
from tests.acceptance.test_services import installed
from tests.services.needs import needs
from tests.services.postgres import Postgres

ADA, BOB = "/api/v1/users/ada", "/api/v1/users/bob"


@pytest.fixture
async def product(tmp_path: Path) -> AsyncIterator[Product]:
    async with running(tmp_path, "--no-sample") as product:
        for user in ("ada", "bob"):
            person = {"email": f"{user}@example.org", "phone": "+436641234567"}
            await put(product, f"/api/v1/users/{user}", person)
        yield product


async def put(product: Product, path: str, value: Any) -> Any:
    answer = await product.client.put(path, json=value)
    assert answer.is_success, answer.text
    return answer


async def sent(product: Product, *states: str, **request: Any) -> Any:
    """What has become of a message, once it is in one of these states."""
    to = {} if "to" in request else {"user_id": "ada"}
    answer = await product.send(**{**to, "content": "Hello", "channels": ["email"], **request})
    assert answer.status_code == 202, answer.text
    return await product.settled(answer.json()["id"], *(states or ("SENT", "DELIVERED")))


async def why(product: Product, found: Any) -> tuple[str, str]:
    """The rule that suppressed it, and its words."""
    timeline = await product.get(f"/notifications/{found['id']}/timeline")
    (event,) = [each for each in timeline["events"] if each["event"] == "SUPPRESSED"]
    return event["rule"], event["text"]


async def test_an_opt_in_topic_reaches_only_those_who_have_subscribed(product: Product) -> None:
    await put(product, "/api/v1/topics/news", {"name": "News", "mode": "opt_in"})

    before = await sent(product, "SUPPRESSED", topic="news/sport")
    await put(product, f"{ADA}/subscriptions/news", {})
    after = await sent(product, topic="news/sport")

    assert after["topic"] == "news/sport"
    assert ("consent", "The topic news goes to those who have subscribed; the person has not.") == (
        await why(product, before)
    )


async def test_a_tenants_default_stops_who_has_not_chosen_otherwise(product: Product) -> None:
    await put(product, "/api/v1/rules/preferences", {"categories": {"marketing": False}})

    stopped = await sent(product, "SUPPRESSED", category="marketing")
    await put(product, f"{ADA}/preferences", {"categories": {"marketing": True}})
    await sent(product, category="marketing")

    rule, text = await why(product, stopped)
    assert rule == "consent"
    assert text.startswith("By the tenant's defaults no marketing messages")


async def test_a_choice_reaches_what_is_queued_already(product: Product) -> None:
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3))
    queued = await sent(product, "SCHEDULED", topic="news", send_at=soon)

    await put(product, f"{ADA}/preferences", {"topics": {"news": False}})

    found = await product.settled(queued["id"], "SUPPRESSED", "SENT")
    assert ("consent", "The person does not want news by email.") == await why(product, found)


async def test_a_topic_as_recipient_reaches_all_who_have_subscribed(product: Product) -> None:
    await put(product, f"{ADA}/subscriptions/news", {})
    await put(product, f"{BOB}/subscriptions/news/sport", {})

    found = await sent(product, to={"topic": "news/sport"})

    assert (found["topic"], found["recipients"]) == ("news/sport", 2)


@pytest.mark.parametrize(
    ("to", "pointer"),
    [
        ({"topic": "news"}, "/to/topic"),
        ({"topic": "News"}, "/to/topic"),
        ({"topic": "news", "email": "ada@example.org"}, "/to/topic"),
        ([{"topic": "news"}], "/to/0/topic"),
    ],
)
async def test_a_topic_that_can_not_be_told_is_refused(
    product: Product, to: Any, pointer: str
) -> None:
    answer = await product.send(to=to, content="Hello")

    assert answer.status_code == 400
    assert [pointer] == [flaw["pointer"] for flaw in answer.json()["errors"]]


@pytest.mark.parametrize("server", [pytest.param("postgres_server", marks=needs("postgres"))])
async def test_topics_are_known_where_the_people_are_another_service(
    server: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    postgres: Postgres = request.getfixturevalue(server)
    elsewhere = {"gateway": [role for role in ROLES if role != "users"], "users": ["users"]}
    mailbox = {"CHANNEL_ENABLE_LIST": "email", "ROUTE_EMAIL": "mailbox"}
    with postgres.database() as bus:
        async with installed(tmp_path, {"BROKER_URL": bus, **mailbox}, elsewhere) as installation:
            for user in ("ada", "bob"):
                await installation.put(f"/users/{user}", email=f"{user}@example.org")
            await installation.put("/topics/news", name="News", mode="opt_in")

            stopped = await installation.send(
                user_id="ada", channel="email", content="Hello", topic="news"
            )
            await installation.settled(stopped, "SUPPRESSED")
            answer = await installation.client.put("/api/v1/users/bob/subscriptions/news", json={})
            assert answer.status_code == 204
            told = await installation.send(to={"topic": "news"}, channel="email", content="Hello")

            found = await installation.settled(told, "SENT", "DELIVERED", "DEAD", "SUPPRESSED")
            assert (found["topic"], found["recipients"]) == ("news", 1)
