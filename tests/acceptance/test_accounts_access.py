"""Organizations, operators and keys of the installed product, from the first key to the last."""

import json
import re
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from sendwell.domain.permissions import ROLES, SCOPES, Permission, Role, needed
from tests.acceptance.command import sendwell
from tests.acceptance.product import ROOT, Product, running
from tests.simulators.oidc import CLIENT_ID, CLIENT_SECRET, OidcSimulator

PASSWORD = "correct horse battery staple"
OWNER = {"email": "grace@example.org", "name": "Grace Hopper", "password": PASSWORD}
LOGIN = {"organization_id": "acme", "email": OWNER["email"], "password": PASSWORD}
RELAY = json.dumps({"host": "127.0.0.1", "port": 1, "tls": "none", "from": "a@example.org"})


def bearer(credential: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {credential}"}


async def found(product: Product, data: Path) -> str:
    """The organization `acme` with its owner; gives its first key."""
    answer = await product.client.post(
        "/api/v1/tenants",
        headers=bearer((data / "platform-key").read_text().strip()),
        json={"id": "acme", "name": "Acme", "owner": OWNER},
    )
    assert answer.status_code == 201, answer.text
    key: str = answer.json()["api_key"]
    return key


async def a_test_key(product: Product, key: str) -> str:
    answer = await product.client.post(
        "/api/v1/api-keys",
        headers=bearer(key),
        json={"name": "tests", "environment": "test"},
    )
    made: str = answer.json()["key"]
    return made


@pytest_asyncio.fixture
async def product(tmp_path: Path) -> AsyncIterator[Product]:
    async with running(
        tmp_path,
        "--no-sample",
        environment={
            "PROVIDER_CREDENTIALS_SMTP": RELAY,
            "RETRY_MAX_ATTEMPTS": "1",
            "SECRET_KEY": "a secret of 32 characters or more",
        },
    ) as product:
        yield product


SIMULATED: dict[str, dict[str, str]] = {
    "email": {
        "ada@example.org": "SENT",
        "delivered@simulator.sendwell": "DELIVERED",
        "tempfail@simulator.sendwell": "DEAD",
        "permfail@simulator.sendwell": "DEAD",
    },
    "sms": {
        "+436641234567": "SENT",
        "+15005550006": "DELIVERED",
        "+15005550008": "DEAD",
        "+15005550001": "DEAD",
    },
    "push": {
        "token-of-ada": "SENT",
        "token-delivered": "DELIVERED",
        "token-tempfail": "DEAD",
        "token-permfail": "DEAD",
    },
}
"""What becomes of what a test key sends, by channel and address."""


@pytest.mark.parametrize("channel", SIMULATED)
async def test_what_a_test_key_sends_stays_in_the_house(
    product: Product, tmp_path: Path, channel: str
) -> None:
    key = await a_test_key(product, await found(product, tmp_path))
    product.client.headers.update(bearer(key))
    kind = {"email": "email", "sms": "phone", "push": "token"}[channel]
    expected = {address: (status, "mailbox") for address, status in SIMULATED[channel].items()}
    told = {}

    for address in SIMULATED[channel]:
        answer = await product.send(to={kind: address}, content="x", channel=channel)
        id_ = answer.json()["id"]
        settled = await product.settled(id_, "SENT", "DELIVERED", "DEAD", "FAILED")
        (delivery,) = settled["deliveries"]
        told[address] = (delivery["status"], delivery["provider"])

    assert expected == told


async def test_what_was_sent_in_one_environment_is_not_seen_in_the_other(
    product: Product, tmp_path: Path
) -> None:
    live = await found(product, tmp_path)
    test = await a_test_key(product, live)
    sent = await product.client.post(
        "/api/v1/notifications",
        headers=bearer(test),
        json={"to": {"email": "ada@example.org"}, "content": "x"},
    )
    path = f"/api/v1/notifications/{sent.json()['id']}"

    seen = [await product.client.get(path, headers=bearer(key)) for key in (test, live)]

    assert [200, 404] == [each.status_code for each in seen]


async def test_the_platforms_key_is_readable_by_nobody_else_and_made_once(
    product: Product, tmp_path: Path
) -> None:
    file = tmp_path / "platform-key"
    first = file.read_text()
    await product.stop()

    async with running(tmp_path, "--no-sample"):
        second = file.read_text()

    assert first == second
    assert file.stat().st_mode & 0o777 == 0o600
    assert first.strip().encode() not in (tmp_path / "sendwell.db").read_bytes()
    await product.start()


async def test_a_platforms_key_that_was_revoked_is_replaced_at_the_next_start(
    product: Product, tmp_path: Path
) -> None:
    file = tmp_path / "platform-key"
    first = file.read_text().strip()
    revoked = await product.client.delete(
        f"/api/v1/api-keys/{first.split('_')[1]}", headers=bearer(first)
    )
    await product.stop()
    await product.start()
    second = file.read_text().strip()

    answers = [
        await product.client.get("/api/v1/tenants", headers=bearer(key)) for key in (first, second)
    ]

    assert revoked.status_code == 204
    assert [401, 200] == [each.status_code for each in answers]


async def test_who_has_signed_in_stays_so_over_a_restart(product: Product, tmp_path: Path) -> None:
    await found(product, tmp_path)
    session = (await product.client.post("/api/v1/sessions", json=LOGIN)).json()
    await product.stop()
    await product.start()

    answer = await product.client.get(
        "/api/v1/sessions/current", headers=bearer(session["access_token"])
    )

    assert (answer.status_code, answer.json()["role"]) == (200, "owner")


async def test_the_command_finds_a_log_that_was_tampered_with(
    product: Product, tmp_path: Path
) -> None:
    key = await found(product, tmp_path)
    shown = await sendwell("audit", "--key", key, at=product)
    nothing = await sendwell("audit", "--user", "ada", "--key", key, at=product)
    intact = await sendwell("audit", "--verify", "--key", key, at=product)
    await product.stop()
    with sqlite3.connect(tmp_path / "sendwell.db") as database:
        database.execute("UPDATE audit SET actor='nobody' WHERE tenant='acme' AND sequence=1")
    database.close()
    await product.start()

    broken = await sendwell("audit", "--verify", "--key", key, at=product)

    assert "tenant.created" in shown.out
    assert nothing.out.strip() == "Nothing was done to ada."
    assert (intact.code, broken.code) == (0, 1)
    assert "broken at entry 1" in broken.out


async def test_an_operator_signs_in_at_the_provider_that_is_set(tmp_path: Path) -> None:
    async with OidcSimulator(time.time) as provider:
        environment = {
            "OIDC_ISSUER": provider.base_url,
            "OIDC_CLIENT_ID": CLIENT_ID,
            "OIDC_CLIENT_SECRET": CLIENT_SECRET,
        }
        async with running(tmp_path, environment=environment) as product:
            await found(product, tmp_path)
            begin = f"{product.url}/api/v1/sessions/oidc?organization_id=acme"
            async with httpx2.AsyncClient(follow_redirects=True, timeout=30) as browser:
                answer = await browser.get(begin)

    assert answer.status_code == 200, answer.text
    assert answer.json()["operator"]["email"] == OWNER["email"]


async def test_half_a_provider_is_refused_at_the_start(tmp_path: Path) -> None:
    product = Product(tmp_path, environment={"OIDC_ISSUER": "https://login.example.org"})

    with pytest.raises(AssertionError, match="OIDC_CLIENT_ID"):
        await product.start()


def told(cells: list[str]) -> dict[str, Any]:
    scopes, *marks = cells
    return dict.fromkeys(re.findall(r"`([a-z:]+)`", scopes), marks)


def test_the_page_of_keys_tells_what_each_role_may_do() -> None:
    page = (ROOT / "docs" / "how-to" / "keys.md").read_text()
    table = page.partition("| scope |")[2].partition("\n\n")[0].splitlines()[2:]
    rows: dict[str, Any] = {}
    for line in table:
        rows |= told([cell.strip() for cell in line.split("|")[1:-1]])

    columns = [{Role.OWNER, Role.ADMIN}, {Role.EDITOR}, {Role.SUPPORT}, {Role.VIEWER}]
    expected = {
        scope.value: [
            "yes" if all(scope in ROLES[role] for role in roles) else "" for roles in columns
        ]
        for scope in SCOPES
    }
    assert expected == rows


async def test_every_route_of_the_api_says_what_it_needs(product: Product) -> None:
    document = (await product.client.get("/openapi.json")).json()

    unlisted = {
        path
        for path, methods in document["paths"].items()
        for method in methods
        if path.startswith("/api/") and needed(method.upper(), path) is Permission.UNLISTED
    }

    assert unlisted == {"/api/v1/oauth/token"}  # where nobody is known yet


@pytest.mark.parametrize("role", Role)
async def test_no_role_gets_further_than_the_table_says(
    product: Product, tmp_path: Path, role: Role
) -> None:
    client = await signed_in(product, tmp_path, role)
    document = (await product.client.get("/openapi.json")).json()
    wrong = []

    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            permission = needed(method.upper(), path)
            is_open = not path.startswith("/api/") or operation.get("security") == []
            if is_open or permission is None or path.endswith("/stream"):
                continue
            answer = await client.request(method.upper(), filled(path, operation), json={})
            if (answer.status_code != 403) != (permission in ROLES[role]):
                wrong.append((method, path, answer.status_code))

    await client.aclose()
    assert wrong == []


async def signed_in(product: Product, data: Path, role: Role) -> httpx2.AsyncClient:
    """A client of an operator with that role."""
    key = await found(product, data)
    person = {"email": f"{role}@example.org", "name": role, "role": role, "password": PASSWORD}
    await product.client.post("/api/v1/operators", headers=bearer(key), json=person)
    login = {**LOGIN, "email": person["email"]}
    session = (await product.client.post("/api/v1/sessions", json=login)).json()
    return httpx2.AsyncClient(
        base_url=product.url, headers=bearer(session["access_token"]), timeout=30
    )


def filled(path: str, operation: dict[str, Any]) -> str:
    """The path with the examples of its parameters."""
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", str(parameter["example"]))
    return path
