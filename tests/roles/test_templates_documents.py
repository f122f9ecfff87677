"""What the templates role takes and documents."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.roles.templates_house import (
    ACME,
    BODIES,
    HERE,
    WELCOME,
    Role,
    a_role,
)


@pytest.fixture
async def role(tmp_path: Path) -> AsyncIterator[Role]:
    async with a_role(tmp_path) as role:
        yield role


TEXTS = st.text(max_size=12) | st.sampled_from(
    [
        "\ud800",
        "\x00",
        "a\r\nb",
        "en",
        "de-AT",
        "email",
        "{{ name }}",
        "{% for x in y %}",
        "{{",
        "#/x",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
PARTS = st.sampled_from(["subject", "text", "html", "title", "body"])
SOURCES = st.dictionaries(PARTS | TEXTS, TEXTS | VALUES, max_size=3)
CHANNELS = st.sampled_from(["email", "sms", "push", "in_app", "webhook"])
SOME_BODIES = st.dictionaries(CHANNELS, st.dictionaries(st.sampled_from(["en", "de"]), SOURCES))
KEYWORDS = st.sampled_from(
    [
        "$ref",
        "$id",
        "$schema",
        "$defs",
        "type",
        "properties",
        "items",
        "pattern",
        "required",
        "enum",
    ]
)
SCHEMAS = st.recursive(VALUES, lambda inner: st.dictionaries(KEYWORDS, inner, max_size=4))


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    template=st.fixed_dictionaries(
        {},
        optional={
            "code": st.sampled_from(["welcome", "other"]) | VALUES,
            "bodies": SOME_BODIES | VALUES,
            "schema": SCHEMAS,
            "default_locale": TEXTS | VALUES,
            "publish": st.booleans() | VALUES,
        },
    ),
    preview=st.fixed_dictionaries(
        {},
        optional={
            "channel": CHANNELS | VALUES,
            "data": st.dictionaries(TEXTS | st.just("name"), VALUES, max_size=3) | VALUES,
            "locale": TEXTS,
            "version": st.integers() | VALUES,
        },
    ),
    other=VALUES,
)
async def test_no_json_makes_the_server_fail(
    role: Role, template: object, preview: object, other: object
) -> None:
    bodies = [
        (HERE, template),
        (f"{WELCOME}/versions", template),
        (f"{WELCOME}/preview", preview),
        (HERE, other),
        (f"{WELCOME}/versions/1/publish", other),
    ]

    answers = [
        await role.acme.post(
            path, content=json.dumps(body), headers={"content-type": "application/json"}
        )
        for path, body in bodies
    ]

    for answer in answers:
        assert answer.status_code < 500, answer.text
        json.loads(answer.content)


# --- what is documented


def test_every_operation_is_documented(role: Role) -> None:
    operations = {
        operation["operationId"]: operation
        for path in role.app.openapi()["paths"].values()
        for operation in path.values()
    }

    assert len(operations) == 8
    for operation in operations.values():
        assert operation["tags"] == ["templates"]
        assert operation["summary"]
        assert operation["description"]
        assert {"400", "401", "default"} <= operation["responses"].keys()
        assert "422" not in operation["responses"]


async def test_the_tenant_is_the_callers(role: Role) -> None:
    await role.other.post(HERE, json={"code": "theirs", "bodies": BODIES})

    assert await role.templates.version(ACME, "theirs", None) is None
