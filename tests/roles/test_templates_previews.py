"""What data a version takes, and what it would say."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.adapters.minijinja import MinijinjaRenderer
from sendwell.domain.ids import ChannelName
from sendwell.domain.one_line import may_end_line
from sendwell.domain.rendering import TemplateBody
from sendwell.domain.template import TemplateVersion
from sendwell.roles.templates.service.needs import Needs
from tests.roles.templates_house import (
    HERE,
    WELCOME,
    Role,
    a_role,
    a_template,
    pointers,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "null", "x"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=4,
)
EMAIL, PUSH = ChannelName("email"), ChannelName("push")


@pytest.fixture
async def role(tmp_path: Path) -> AsyncIterator[Role]:
    async with a_role(tmp_path) as role:
        yield role


async def test_a_variable_that_is_not_there_is_missing_for_its_channel(role: Role) -> None:
    await a_template(role)
    version = await role.published()
    assert version is not None

    def missing(data: dict[str, Any], *channels: ChannelName) -> set[str]:
        flaws = role.templates.flaws(version, json.dumps(data).encode(), channels)
        assert all(flaw.why.startswith("missing") for flaw in flaws)
        return {flaw.pointer for flaw in flaws}

    assert missing({}, EMAIL) == {"/data/name"}
    assert missing({}, PUSH) == {"/data/order/total"}
    assert missing({"order": {}, "name": None}) == {"/data/name", "/data/order/total"}
    assert missing({"name": "Ada", "order": {"total": 0}}) == set()
    assert missing({}, ChannelName("sms")) == set()


async def test_a_name_that_is_missing_twice_is_told_once(role: Role) -> None:
    await a_template(role, schema={"required": ["name"], "properties": {"age": {"minimum": 18}}})
    version = await role.published()
    assert version is not None

    flaws = role.templates.flaws(version, b'{"age": 3}', [EMAIL])

    assert [flaw.pointer for flaw in flaws] == ["/data/name", "/data/age"]


@given(st.dictionaries(st.sampled_from(["name", "order", "other"]), JSON))
def test_the_quick_look_never_passes_what_the_close_one_refuses(data: dict[str, Any]) -> None:
    body = TemplateBody(subject="{{ name }}", text="{{ order }}")
    version = TemplateVersion("quick", 1, {EMAIL: {"en": body}})
    needs = Needs(MinijinjaRenderer())
    raw = json.dumps(data).encode()

    flaws = needs.flaws(version, data, [EMAIL])

    assert not (needs.is_met(version, raw, [EMAIL]) and flaws)
    has_doubts = b"null" in raw or may_end_line(raw)
    assert needs.is_met(version, raw, [EMAIL]) or flaws or has_doubts


# --- previews


async def a_preview(role: Role, **wanted: Any) -> Any:
    answer = await role.acme.post(f"{WELCOME}/preview", json={"channel": "email", **wanted})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_preview_is_rendered_as_it_would_be_sent(role: Role) -> None:
    await a_template(role)

    shown = await a_preview(role, locale="de-AT", data={"name": "<Ada>"})

    assert (shown["locale_used"], shown["version"]) == ("de", 1)
    assert shown["parts"]["subject"] == "Willkommen, <Ada>"
    assert shown["parts"]["html"] == "<p>Hallo &lt;Ada&gt;</p>"
    assert "Hallo" in shown["parts"]["text"]
    assert (shown["missing"], shown["errors"]) == ([], [])


@pytest.mark.parametrize(("locale", "due"), [("fr", "Feb 1, 2030"), ("en-GB", "1 Feb 2030")])
async def test_a_preview_writes_dates_in_the_language_of_its_words(
    role: Role, locale: str, due: str
) -> None:
    await a_template(role, bodies={"sms": {"en": {"text": "Due on {{ due|date }}"}}})

    shown = await a_preview(role, channel="sms", locale=locale, data={"due": "2030-02-01"})

    assert (shown["locale_used"], shown["parts"]["text"]) == ("en", f"Due on {due}")


async def test_a_preview_names_what_is_missing_and_renders_the_rest(role: Role) -> None:
    await a_template(role)

    shown = await a_preview(role, channel="push")

    assert shown["parts"] == {"title": "Welcome"}
    assert shown["missing"] == ["order.total"]
    assert [error["pointer"] for error in shown["errors"]] == ["/data/order/total"]


async def test_a_preview_says_which_part_can_not_be_made_of_the_data(role: Role) -> None:
    words = {"subject": "Invoice {{ number }}", "html": "<p>{{ total|money('EUR') }}</p>"}
    await a_template(role, bodies={"email": {"en": words}})

    shown = await a_preview(role, channel="email", data={"number": 7, "total": "abc"})

    assert shown["parts"] == {"subject": "Invoice 7"}
    assert {error["pointer"] for error in shown["errors"]} == {"/data"}
    assert any(error["detail"].startswith("html: ") for error in shown["errors"])


async def test_a_preview_says_what_the_schema_refuses(role: Role) -> None:
    await a_template(role, schema={"properties": {"name": {"maxLength": 2}}})

    shown = await a_preview(role, data={"name": "Ada"})

    assert shown["parts"]["subject"] == "Welcome, Ada"
    assert [error["pointer"] for error in shown["errors"]] == ["/data/name"]


async def test_a_preview_is_of_the_published_version_else_of_the_latest(role: Role) -> None:
    await a_template(role, publish=False)
    sms = {"bodies": {"sms": {"en": {"text": "second"}}}}
    await role.acme.post(f"{WELCOME}/versions", json=sms)

    latest = await a_preview(role, channel="sms")
    named = await a_preview(role, version=1, data={"name": "Ada"})
    await role.acme.post(f"{WELCOME}/versions/1/publish")
    published = await a_preview(role, data={"name": "Ada"})

    assert [each["version"] for each in (latest, named, published)] == [2, 1, 1]


@pytest.mark.parametrize(
    ("wanted", "where"),
    [
        ({"channel": "sms"}, "/channel"),
        ({"channel": "pigeon"}, "/channel"),
        ({}, "/channel"),
        ({"channel": "email", "version": 0}, "/version"),
        ({"channel": "email", "data": []}, "/data"),
        ({"channel": "email", "locale": 1}, "/locale"),
    ],
)
async def test_a_preview_that_can_not_be_is_refused(
    role: Role, wanted: dict[str, object], where: str
) -> None:
    await a_template(role)

    answer = await role.acme.post(f"{WELCOME}/preview", json=wanted)

    assert answer.status_code == 400
    assert pointers(answer) == {where}


async def test_a_preview_of_what_is_not_there_is_not_found(role: Role) -> None:
    await a_template(role)

    unknown = await role.acme.post(f"{HERE}/nothing/preview", json={"channel": "email"})
    never = await role.acme.post(f"{WELCOME}/preview", json={"channel": "email", "version": 9})

    assert (unknown.status_code, never.status_code) == (404, 404)
