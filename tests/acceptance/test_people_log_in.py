"""People log in, alone with what is their own: in one process and where roles are services."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from sendwell.domain.permissions import person_may
from tests.acceptance.product import Product, running
from tests.acceptance.surface import Operation
from tests.acceptance.test_services import Installation, Roles, installed
from tests.services.needs import needs
from tests.services.postgres import Postgres
from tests.simulators.twilio import TwilioSimulator

PASSWORD = "correct horse battery staple"
LOGIN = "/api/v1/people/login"
NUMBER = "+436641234567"
HOOKS = "https://hooks.example.org"
INBOUND = "/webhooks/twilio/default/inbound"
BESIDE = {"/api/v1/people/logout", "/metrics", "/livez", "/readyz", "/health"}
"""What ends the test, and what everybody may see."""
APART: Roles = {
    "accounts": ["accounts"],
    "users": ["users"],
    "inbox": ["inbox", "mailbox"],
    "receipts": ["receipts"],
    "gateway": ["gateway", "orchestrator", "templates", "tracker"],
}


@pytest.fixture
async def product(tmp_path: Path, each_database: str) -> AsyncIterator[Product]:
    del each_database
    async with running(tmp_path, "--no-sample") as product:
        for user in ("ada", "bob"):
            await product.client.put(f"/api/v1/users/{user}", json={"email": f"{user}@example.org"})
            await product.client.put(f"/api/v1/users/{user}/password", json={"password": PASSWORD})
        yield product


async def tries(product: Product, password: str = PASSWORD, **who: str) -> httpx2.Response:
    whole = {"organization_id": "default", **(who or {"user_id": "ada"}), "password": password}
    async with httpx2.AsyncClient(base_url=product.url, timeout=30) as client:
        return await client.post(LOGIN, json=whole)


async def logged_in(product: Product, **who: str) -> httpx2.AsyncClient:
    answer = await tries(product, **who)
    assert answer.status_code == 200, answer.text
    token = answer.json()["access_token"]
    return httpx2.AsyncClient(
        base_url=product.url, headers={"Authorization": f"Bearer {token}"}, timeout=30
    )


async def test_a_person_logs_in_and_out(product: Product) -> None:
    async with await logged_in(product, email="ada@example.org") as ada:
        own = await ada.get("/api/v1/users/ada")
        others = await ada.get("/api/v1/users/bob")
        out = await ada.post("/api/v1/people/logout")
        after = await ada.get("/api/v1/users/ada")

    assert (own.status_code, own.json()["user_id"]) == (200, "ada")
    assert [403, 204, 401] == [each.status_code for each in (others, out, after)]


async def test_no_route_tells_a_person_more_than_the_table_says(product: Product) -> None:
    document: Any = (await product.client.get("/openapi.json")).json()
    wrong = []

    async with await logged_in(product) as ada:
        for path, methods in document["paths"].items():
            for method, described in methods.items():
                operation = Operation.of(path, method, described)
                if operation.is_open or operation.is_stream or path in BESIDE:
                    continue
                for user in ("ada", "bob"):
                    filled = path_for(operation, user)
                    answer = await ada.request(operation.method, filled, json={})
                    may = person_may(operation.method, filled, "ada")
                    if (answer.status_code == 403) is may:
                        wrong.append((str(operation), user, answer.status_code))

    assert wrong == []


def path_for(operation: Operation, user: str) -> str:
    """The path about that person."""
    return operation.filled(
        {each: user for each in operation.id_paths if each.endswith("{user_id}")}
    )


async def test_a_guesser_waits_and_the_owner_does_not(product: Product) -> None:
    """Both come from here: so the owner has logged in from here before."""
    async with await logged_in(product, user_id="bob"):
        guesses = await asyncio.gather(*(tries(product, "wrong password") for _ in range(12)))
        owner = await tries(product, user_id="bob")

    assert {each.status_code for each in guesses} == {401, 429}
    assert owner.status_code == 200


async def test_a_persons_token_is_no_key_to_send_with(product: Product) -> None:
    async with await logged_in(product) as ada:
        answer = await ada.post(
            "/api/v1/notifications", json={"user_id": "ada", "content": "Hello"}
        )

    assert answer.status_code == 403


@pytest.mark.parametrize("bus", [pytest.param("postgres_server", marks=needs("postgres"))])
async def test_people_are_known_where_roles_are_services(
    bus: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    server: Postgres = request.getfixturevalue(bus)
    async with TwilioSimulator() as twilio:
        with server.database() as url:
            environment = {
                "BROKER_URL": url,
                "PROVIDER_CREDENTIALS_TWILIO": json.dumps(twilio.credentials),
                "PUBLIC_URL": HOOKS,
            }
            async with installed(tmp_path, environment, APART) as installation:
                await _log_in_at_services(installation)
                await _stop_at_services(installation, twilio)
                assert (await installation.get("/suppressions?channel=sms"))["data"] == []


async def _log_in_at_services(installation: Installation) -> None:
    gateway = installation.services["gateway"].url
    await installation.put("/users/ada", phone=NUMBER)
    await installation.put("/users/ada/password", password=PASSWORD)
    whole = {"organization_id": "default", "user_id": "ada", "password": PASSWORD}
    async with httpx2.AsyncClient(base_url=gateway, timeout=30) as client:
        wrong = await client.post(LOGIN, json={**whole, "password": "wrong password"})
        token = (await client.post(LOGIN, json=whole)).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        own = await client.get("/api/v1/users/ada")
        inbox = await client.get("/api/v1/users/ada/inbox")
        others = [await client.get(f"/api/v1/users/bob{rest}") for rest in ("", "/inbox")]
        sent = await client.post("/api/v1/notifications", json={"user_id": "ada"})
        out = await client.post("/api/v1/people/logout")
        after = await client.get("/api/v1/users/ada")

    assert [401, 200, 200] == [each.status_code for each in (wrong, own, inbox)], inbox.text
    assert [403, 403, 403] == [each.status_code for each in (*others, sent)]
    assert [204, 401] == [out.status_code, after.status_code]


async def _stop_at_services(installation: Installation, twilio: TwilioSimulator) -> None:
    hook = twilio.inbound("Stop please", url=f"{HOOKS}{INBOUND}", sender=NUMBER)

    taken = await installation.client.post(INBOUND, content=hook.body, headers=dict(hook.headers))

    assert taken.status_code == 204, taken.text
    (listed,) = (await installation.get("/suppressions?channel=sms"))["data"]
    assert (NUMBER, "stop_word") == (listed["address"], listed["source"])
    url = "https://example.org/hooks/a%20b?x=1&y=%25"
    entry = {"channel": "webhook", "address": url}
    await installation.client.post("/api/v1/suppressions", json={"suppressions": [entry]})
    for rest in (f"sms/{NUMBER}", f"webhook/{quote(url, safe='')}"):
        answer = await installation.client.delete(f"/api/v1/suppressions/{rest}")
        assert answer.status_code == 204, answer.text
