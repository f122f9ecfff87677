"""Accounts and users, each a service alone: its own process, database and OpenAPI document."""

import asyncio
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.acceptance.belongings import PASSWORD
from tests.acceptance.service_alone import alone
from tests.acceptance.surface import surface
from tests.services.needs import needs

DATABASES = [
    "sqlite",
    pytest.param("postgresql", marks=needs("postgres")),
    pytest.param("mariadb", marks=needs("mariadb")),
]
_ALWAYS = {"/livez", "/readyz", "/health", "/metrics"}
OWNER = {"email": "grace@example.org", "name": "Grace Hopper", "password": PASSWORD}
LOGIN = {"organization_id": "acme", "email": OWNER["email"], "password": PASSWORD}


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty one; none for SQLite, which is what there is without."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            yield ""
            return
        name = {"postgresql": "made_postgres", "mariadb": "mariadb_server"}[request.param]
        yield stack.enter_context(request.getfixturevalue(name).database())


def bearer(credential: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {credential}"}


async def shown(client: httpx2.AsyncClient) -> set[str]:
    """The first step of every path of the service's own document."""
    paths = {each.path for each in await surface(client)}
    return {"/".join(path.split("/")[:4]) for path in paths - _ALWAYS}


@pytest.mark.parametrize("database", DATABASES, indirect=True)
async def test_accounts_alone(database: str, tmp_path: Path) -> None:
    environment = {"ACCOUNTS_DB_URL": database}
    async with alone(tmp_path, "accounts", environment) as (service, client):
        platform = bearer((service.data / "platform-key").read_text().strip())
        made = await client.post(
            "/api/v1/tenants",
            headers=platform,
            json={"id": "acme", "name": "Acmé", "owner": OWNER},
        )
        assert made.status_code == 201, made.text
        owner = bearer(made.json()["api_key"])

        await keys_are_rotated_and_revoked(client, owner)
        session = await operators_come_and_go(client)
        rules = [{"event_type": "alarm", "priority": "high"}]
        put = await client.put("/api/v1/rules/priorities", headers=owner, json=rules)
        assert put.status_code == 200, put.text
        twin = await client.post(
            "/api/v1/tenants", headers=platform, json={"id": "acme", "name": "Again"}
        )
        assert twin.status_code == 409

        log = (await client.get("/api/v1/audit/verification", headers=owner)).json()
        assert (log["intact"], log["entries"]) == (True, len(await log_of(client, owner)))
        assert await shown(client) == {
            "/api/v1/api-keys",
            "/api/v1/audit",
            "/api/v1/oauth",
            "/api/v1/operators",
            "/api/v1/rules",
            "/api/v1/sessions",
            "/api/v1/tenants",
        }

    async with alone(tmp_path, "accounts", environment) as (_, client):
        current = await client.get("/api/v1/sessions/current", headers=bearer(session))
        again = await client.get("/api/v1/audit/verification", headers=owner)
        assert (current.status_code, again.json()["intact"]) == (200, True)


async def keys_are_rotated_and_revoked(
    client: httpx2.AsyncClient, owner: Mapping[str, str]
) -> None:
    asked = {"name": "shop", "scopes": ["people:read", "keys:read"]}
    first = (await client.post("/api/v1/api-keys", headers=owner, json=asked)).json()
    path = f"/api/v1/api-keys/{first['id']}"
    second = (await client.post(f"{path}/rotate", headers=owner, json={"overlap_hours": 1})).json()
    both = [await status(client, each["key"]) for each in (first, second)]

    assert (await client.delete(path, headers=owner)).status_code == 204

    assert both == [200, 200]
    assert [401, 200] == [await status(client, each["key"]) for each in (first, second)]


async def status(client: httpx2.AsyncClient, key: str) -> int:
    return (await client.get("/api/v1/api-keys", headers=bearer(key))).status_code


async def operators_come_and_go(client: httpx2.AsyncClient) -> str:
    """An editor whose role changes is signed out; gives the token of the owner who is not."""
    owner = (await client.post("/api/v1/sessions", json=LOGIN)).json()
    headers = bearer(owner["access_token"])
    editor = {"email": "alan@example.org", "name": "Alan", "role": "editor", "password": PASSWORD}
    made = await client.post("/api/v1/operators", headers=headers, json=editor)
    twin = await client.post("/api/v1/operators", headers=headers, json=editor)
    wrong = await client.post("/api/v1/sessions", json={**LOGIN, "password": "wrong"})
    login = {**LOGIN, "email": editor["email"]}
    signed_in = (await client.post("/api/v1/sessions", json=login)).json()
    refreshed = await client.post(
        "/api/v1/sessions/refresh", json={"refresh_token": signed_in["refresh_token"]}
    )
    token = bearer(refreshed.json()["access_token"])
    before = await client.get("/api/v1/sessions/current", headers=token)

    path = f"/api/v1/operators/{made.json()['id']}"
    changed = await client.patch(path, headers=headers, json={"role": "viewer"})

    after = await client.get("/api/v1/sessions/current", headers=token)
    told = [each.status_code for each in (made, twin, wrong, before, changed, after)]
    assert told == [201, 409, 401, 200, 200, 401]
    given: str = owner["access_token"]
    return given


async def log_of(client: httpx2.AsyncClient, owner: Mapping[str, str]) -> list[Any]:
    """The whole log, page by page."""
    entries: list[Any] = []
    query = {"limit": "5"}
    while True:
        page = (await client.get("/api/v1/audit", headers=owner, params=query)).json()
        entries += page["data"]
        if page["next_cursor"] is None:
            return entries
        query["cursor"] = page["next_cursor"]


async def test_what_is_done_in_another_service_is_on_record_once(tmp_path: Path) -> None:
    async with alone(tmp_path, "accounts", {}) as (accounts, client):
        key = bearer((accounts.data / "api-key").read_text().strip())
        environment = {"ACCOUNTS_URL": accounts.url}
        async with alone(tmp_path, "templates", environment) as (_, templates):
            await a_template(templates, key, "while-it-is-there")
            await recorded(client, key, "while-it-is-there")

            await accounts.kill()
            await a_template(templates, key, "while-it-is-away")
            await accounts.start()
            await accounts.is_ready(client)
            log = await recorded(client, key, "while-it-is-away")

        intact = await client.get("/api/v1/audit/verification", headers=key)
    made = [each["subject"] for each in log if each["action"] == "template.created"]
    assert sorted(made) == ["while-it-is-away", "while-it-is-there"]
    assert intact.json()["intact"]


async def a_template(client: httpx2.AsyncClient, key: Mapping[str, str], code: str) -> None:
    body = {"code": code, "name": code, "bodies": {"sms": {"en": {"text": "x"}}}}
    answer = await client.post("/api/v1/templates", headers=key, json=body)
    assert answer.status_code == 201, answer.text


async def recorded(client: httpx2.AsyncClient, key: Mapping[str, str], subject: str) -> list[Any]:
    """The log, as soon as it tells of that."""
    async with asyncio.timeout(30):
        while True:
            log = await log_of(client, key)
            if subject in {each["subject"] for each in log}:
                return log
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("database", DATABASES, indirect=True)
async def test_users_alone(database: str, tmp_path: Path) -> None:
    async with alone(tmp_path, "accounts", {}) as (accounts, _):
        key = bearer((accounts.data / "api-key").read_text().strip())
        environment = {"USERS_DB_URL": database, "ACCOUNTS_URL": accounts.url}
        async with alone(tmp_path, "users", environment) as (_, client):
            client.headers.update(key)

            await people_are_kept(client)

            paths = await shown(client)
            assert "/api/v1/users" in paths
            assert not {each for each in paths if not re.match(_OF_USERS, each)}
        async with alone(tmp_path, "users", environment) as (_, client):
            again = await client.get("/api/v1/users/ada", headers=key)
            assert again.json()["name"] == "Ada Lovelace"


_OF_USERS = r"/api/v1/(users|imports|topics|suppressions|people|erasures)\b"


async def people_are_kept(client: httpx2.AsyncClient) -> None:
    person = {"email": "ada@example.org", "name": "Ada Lovelace", "timezone": "Europe/Vienna"}
    choices = {
        "channels": {"email": {"categories": {"marketing": False}}},
        "quiet_hours": {"windows": [{"from": "22:00", "to": "07:00"}]},
    }
    token = {"token": "token-of-ada", "platform": "ios"}
    nobody = await client.get("/api/v1/users/ada")
    made = await client.put("/api/v1/users/ada", json=person)
    again = await client.put("/api/v1/users/ada", json=person)
    pushed = await client.post("/api/v1/users/ada/tokens", json=token)
    chosen = await client.put("/api/v1/users/ada/preferences", json=choices)
    found = await client.get("/api/v1/users/ada")
    gone = await client.put("/api/v1/users/bob", json={"email": "bob@example.org"})
    deleted = await client.delete("/api/v1/users/bob")
    missing = await client.get("/api/v1/users/bob")

    answers = (nobody, made, again, pushed, chosen, found, gone, deleted, missing)
    assert [404, 201, 200, 201, 200, 200, 201, 204, 404] == [
        each.status_code for each in answers
    ], [each.text for each in answers]
    assert found.json()["timezone"] == "Europe/Vienna"
    (window,) = chosen.json()["quiet_hours"]["windows"]
    assert (window["from"], window["to"]) == ("22:00", "07:00")
