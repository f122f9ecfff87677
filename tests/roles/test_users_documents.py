"""What the users role takes, what it documents, and where it keeps what is personal."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from sendwell.ports.database import Database
from sendwell.roles.users.tables import METADATA
from tests.roles.users_house import (
    ACME,
    ADDRESS,
    EMAIL,
    HERE,
    PERSON,
    Role,
    a_role,
    a_token,
)


@pytest.fixture
async def role(tmp_path: Path, users_database: Database) -> AsyncIterator[Role]:
    async with a_role(tmp_path, users_database) as role:
        yield role


@pytest.mark.parametrize(
    "body",
    [
        b'{"attributes": {"x": "\\ud800"}}',
        b'{"attributes": {"\\udfff": 1}}',
        b'{"attributes": {"x": "\\u0000"}}',
        b'{"attributes": {"x": NaN}}',
        b'{"attributes": {"x": 1e999}}',
        b'{"name": "\\ud800"}',
        b'{"\\ud800": 1}',
        b'{"attributes": ' + b'{"x":' * 990 + b"1" + b"}" * 991,
        b'{"attributes": ' + b"[" * 50_000,
        '{"name": "Ada"}'.encode("utf-16"),
        b'{"name": "\xff"}',
        b"[]",
        b"null",
        b"",
        b'{"name": "Ada"',
    ],
)
async def test_json_that_nobody_can_store_is_refused(role: Role, body: bytes) -> None:
    answer = await role.acme.put(HERE, content=body, headers={"content-type": "application/json"})

    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_backslash_before_u0000_is_no_nul(role: Role) -> None:
    attributes = {"pattern": "\\u0000"}

    await role.acme.put(HERE, json={"attributes": attributes})

    assert attributes == (await role.acme.get(HERE)).json()["attributes"]


async def test_a_body_that_is_too_large_is_refused(role: Role) -> None:
    answer = await role.acme.put(HERE, json={"name": "x" * 70_000})

    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"


async def test_addresses_stand_in_the_envelope_only(role: Role) -> None:
    await role.acme.put(HERE, json=PERSON)
    await a_token(role, "token-of-ada")
    await role.users.suppress(ACME, EMAIL, address=ADDRESS, reason="bounced", at=1)

    rows = [
        row._mapping
        for table in METADATA.sorted_tables
        for row in await role.database.rows(select(table))
    ]

    assert len(rows) == 6
    outside = repr([{k: v for k, v in row.items() if k != "body"} for row in rows])
    assert not any(secret in outside for secret in (ADDRESS, "+43664", "Lovelace", "token-of"))


def test_every_operation_is_documented(role: Role) -> None:
    operations = {
        operation["operationId"]: operation
        for path in role.app.openapi()["paths"].values()
        for operation in path.values()
    }

    assert {
        "put_user", "get_user", "delete_user", "get_preferences", "put_preferences",
        "add_push_token", "delete_push_token", "list_contacts", "verify_contact",
        "list_subscriptions", "subscribe", "unsubscribe", "list_consents", "record_consent",
        "list_topics", "put_topic", "get_topic", "delete_topic", "list_subscribers",
    } <= operations.keys()  # fmt: skip
    for operation in operations.values():
        assert operation["tags"]
        assert operation["summary"]
        assert operation["description"]
        assert {"400", "401", "default"} <= operation["responses"].keys()
        assert "422" not in operation["responses"]


TEXTS = st.text(st.characters(), max_size=12) | st.sampled_from(
    ["\ud800", "\x00", "a\r\nb", "ada@example.org", "+436641234567", "de-AT", "UTC", "22:00", "mon"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
FIELDS = (
    "email", "country", "phone", "url", "name", "locale", "timezone", "attributes", "token",
    "platform", "given", "channel", "category", "topic", "at", "source", "wording", "verified",
    "how", "description", "mode",
)  # fmt: skip
CHOICES = (
    "enabled", "categories", "channels", "topics", "order", "quiet_hours", "timezone", "windows",
    "news",
)  # fmt: skip


def documents(fields: tuple[str, ...]) -> st.SearchStrategy[Any]:
    named = st.dictionaries(st.sampled_from(fields) | TEXTS, VALUES, max_size=5)
    nested = st.dictionaries(st.sampled_from(fields), named | st.lists(named, max_size=2))
    return VALUES | named | nested


@settings(
    max_examples=75,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(person=documents(FIELDS), choices=documents(CHOICES), token=documents(FIELDS))
async def test_no_json_makes_the_server_fail(
    role: Role, person: object, choices: object, token: object
) -> None:
    json_type = {"content-type": "application/json"}
    bodies = [
        ("PUT", HERE, person),
        ("PUT", f"{HERE}/preferences", choices),
        ("POST", f"{HERE}/tokens", token),
        ("POST", f"{HERE}/consents", token),
        ("POST", f"{HERE}/contacts/email/verification", token),
        ("PUT", f"{HERE}/subscriptions/news", choices),
        ("PUT", "/api/v1/topics/news", person),
    ]

    answers = [
        await role.acme.request(method, path, content=json.dumps(body), headers=json_type)
        for method, path, body in bodies
    ]

    assert all(answer.status_code < 500 for answer in answers)
    for answer in answers:
        assert answer.status_code == 204 or json.loads(answer.content)
