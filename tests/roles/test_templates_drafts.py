"""What can become a version, and what data a version takes."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sendwell.domain.errors import Invalid
from sendwell.domain.ids import ChannelName
from sendwell.domain.rendering import TemplateBody
from sendwell.ports.tenants import Caller
from sendwell.roles.templates.service.drafts import Draft
from sendwell.roles.templates.service.schema import DataSchema
from tests.roles.templates_house import (
    ACME,
    BODIES,
    HERE,
    WELCOME,
    Role,
    a_role,
    a_template,
    pointers,
)

HTML = "<p>\n{{ name\n</p>"


@pytest.fixture
async def role(tmp_path: Path) -> AsyncIterator[Role]:
    async with a_role(tmp_path) as role:
        yield role


# --- sources


@pytest.mark.parametrize(
    ("bodies", "where"),
    [
        ({}, "/bodies"),
        ({"email": {}}, "/bodies/email"),
        ({"email": {"en": {}}}, "/bodies/email/en"),
        ({"email": {"en": {"html": HTML}}}, "/bodies/email/en/html"),
        ({"email": {"en": {"subject": "{{ 1 +", "text": "x"}}}, "/bodies/email/en/subject"),
        ({"email": {"en": {"title": "{{ 1 +", "text": "x"}}}, "/bodies/email/en/title"),
        ({"sms": {"en": {"text": "hi", "html": "<b>hi</b>"}}}, "/bodies/sms/en/html"),
        ({"sms": {"en": {"text": "hi"}, "EN": {"text": "hi"}}}, "/bodies/sms"),
        ({"pigeon": {"en": {"text": "coo"}}}, "/bodies/pigeon"),
        ({"EMAIL": {"en": {"text": "hi"}}}, "/bodies/EMAIL"),
        ({"sms": {"de": {"text": "hi"}, "fr": {"text": "hi"}}}, "/default_locale"),
        ({"sms": {"en_US": {"text": "hi"}}}, "/bodies/sms/en_US"),
        ({"sms": {"en": {"text": 1}}}, "/bodies/sms/en/text"),
        ({"sms": {"en": {"footer": "x"}}}, "/bodies/sms/en/footer"),
        ({"sms": {"en": {"text": "x" * 400_001}}}, "/bodies/sms/en/text"),
        ([], "/bodies"),
    ],
)
async def test_a_wrong_body_is_pointed_at_and_nothing_is_stored(
    role: Role, bodies: object, where: str
) -> None:
    answer = await a_template(role, bodies=bodies)

    assert answer.status_code == 400, answer.text
    assert where in pointers(answer)
    assert (await role.acme.get(WELCOME)).status_code == 404


async def test_nobody_else_waits_while_a_draft_is_read(role: Role) -> None:
    body = TemplateBody(subject="Hello", html="{{ name" + "[0]" * 40_000 + " }}")
    draft = Draft({ChannelName("email"): {"en": body}})
    creating = asyncio.create_task(
        role.templates.create(
            Caller(ACME, "author"), "long", name=None, draft=draft, is_published=True
        )
    )

    await asyncio.sleep(0)
    was_done = creating.done()

    with pytest.raises(Invalid, match="names and signs"):
        await creating
    assert not was_done
    assert await role.deeds() == []


async def test_a_wrong_source_is_told_with_its_line(role: Role) -> None:
    answer = await a_template(role, bodies={"email": {"en": {"html": HTML}}})

    (flaw,) = answer.json()["errors"]
    assert "line" in flaw["detail"]


async def test_all_wrong_sources_are_named_at_once(role: Role) -> None:
    wrong = {"en": {"title": "{% if %}", "body": "{{ x"}, "de": {"title": "{{ }}", "body": "x"}}

    answer = await a_template(role, bodies={"push": wrong}, schema={"type": "thing"})

    assert {
        "/bodies/push/en/title",
        "/bodies/push/en/body",
        "/bodies/push/de/title",
        "/schema/type",
    } <= pointers(answer)


@pytest.mark.parametrize(
    ("locales", "default"), [(["de"], "de"), (["de", "en"], "en"), (["de", "en-GB", "en"], "en")]
)
async def test_the_usual_default_locale_is_the_only_one_or_english(
    role: Role, locales: list[str], default: str
) -> None:
    await a_template(role, bodies={"sms": {locale: {"text": "hi"} for locale in locales}})

    version = await role.published()
    assert version is not None
    assert version.default_locale == default


async def test_a_default_locale_may_be_named(role: Role) -> None:
    sms = {locale: {"text": "hi"} for locale in ("de", "en", "fr")}

    await a_template(role, bodies={"sms": sms}, default_locale="fr")

    version = await role.published()
    assert version is not None
    assert version.default_locale == "fr"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("code", "with space"),
        ("code", ""),
        ("code", "x" * 101),
        ("code", 1),
        ("name", "a\r\nb"),
        ("publish", "yes"),
        ("default_locale", "../en"),
        ("schema", []),
        ("colour", "red"),
    ],
)
async def test_a_wrong_field_is_pointed_at(role: Role, field: str, value: object) -> None:
    answer = await role.acme.post(HERE, json={"code": "welcome", "bodies": BODIES, field: value})

    assert answer.status_code == 400
    assert pointers(answer) == {f"/{field}"}


# --- the schema of the data


def doubling(steps: int) -> dict[str, Any]:
    """Each definition asks for the one before it twice."""
    definitions: dict[str, Any] = {"d0": {"type": "string"}}
    for step in range(1, steps):
        reference = {"$ref": f"#/$defs/d{step - 1}"}
        definitions[f"d{step}"] = {"allOf": [reference, reference]}
    return {"$defs": definitions, "$ref": f"#/$defs/d{steps - 1}"}


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for _ in range(levels):
        schema = {"properties": {"x": schema}}
    return schema


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "objekt"},
        {"properties": {"a": {"minimum": "x"}}},
        {"$ref": "https://example.org/schema"},
        {"$ref": "file:///etc/passwd"},
        {"$ref": "#"},
        {"$ref": "#/$defs/nowhere"},
        {"$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}, "$ref": "#/$defs/a"},
        {"$dynamicRef": "#a"},
        {"properties": {"a": {"$id": "https://example.org"}}},
        {"$schema": "http://json-schema.org/draft-04/schema#"},
        {"pattern": "(?=look)around"},
        {"pattern": "(a{1,1000}){1,1000}"},
        doubling(60),
        nested(200),
        nested(400),
    ],
)
async def test_a_schema_that_reaches_out_or_runs_on_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refusal:
        DataSchema(schema)

    assert all(flaw.pointer.startswith("/schema") for flaw in refusal.value.flaws)


async def test_a_schema_that_is_none_is_told_from_a_source_that_is_wrong(role: Role) -> None:
    wrong = {"email": {"en": {"html": HTML}}}

    of_schema = await a_template(role, schema={"type": "objekt"})
    of_both = await a_template(role, schema={"type": "objekt"}, bodies=wrong)
    of_source = await a_template(role, bodies=wrong)

    codes = [answer.json()["code"] for answer in (of_schema, of_both, of_source)]
    assert codes == ["bad_schema", "template_error", "template_error"]
    assert pointers(of_schema) == {"/schema/type"}


@pytest.mark.parametrize(
    "schema",
    [
        {},
        doubling(6),
        {"$schema": "http://json-schema.org/draft-07/schema#", "$id": "https://example.org/x"},
        {"properties": {"$ref": {"type": "string"}, "$id": {"type": "integer"}}},
        {"$defs": {"a~b/c d": {"type": "string"}}, "$ref": "#/$defs/a~0b~1c%20d"},
        {"allOf": [{"type": "object"}], "properties": {"x": {"$ref": "#/allOf/0"}}},
    ],
)
async def test_an_ordinary_schema_is_taken(schema: dict[str, Any]) -> None:
    assert DataSchema(schema).flaws({}) == [] or "$defs" in schema


async def test_what_the_data_lacks_is_missing_and_the_rest_is_pointed_at() -> None:
    schema = DataSchema(
        {
            "required": ["a"],
            "properties": {
                "b": {"type": "integer"},
                "c/d": {"items": {"required": ["~"]}},
            },
        }
    )

    flaws = schema.flaws({"b": "my secret", "c/d": [{}]})

    found = {flaw.pointer: flaw.why.startswith("missing") for flaw in flaws}
    assert found == {"/data/a": True, "/data/b": False, "/data/c~1d/0/~0": True}
    assert "my secret" not in repr(flaws)
