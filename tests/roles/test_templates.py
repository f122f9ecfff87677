"""Templates and their versions by API, and as the flow gets them."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from sendwell.domain.errors import Conflict
from sendwell.domain.ids import ChannelName
from sendwell.domain.rendering import TemplateBody
from sendwell.domain.template import TemplateVersion
from sendwell.ports.tenants import Caller
from sendwell.roles.templates.cache import PublishedCache, VersionCache
from sendwell.roles.templates.service import Draft
from sendwell.roles.templates.store import size_of
from tests.roles.templates_house import (
    ACME,
    BODIES,
    HERE,
    OTHER,
    WELCOME,
    Role,
    a_role,
    a_template,
    a_version,
    pointers,
)


@pytest.fixture
async def role(tmp_path: Path) -> AsyncIterator[Role]:
    async with a_role(tmp_path) as role:
        yield role


# --- the first version


async def test_a_new_template_is_published_at_once(role: Role) -> None:
    schema = {"type": "object"}

    made = await a_template(role, name="Welcome mail", schema=schema)

    version = await role.templates.version(ACME, "welcome", None)
    assert made.status_code == 201
    assert made.headers["location"] == WELCOME
    assert (made.json()["published_version"], made.json()["latest_version"]) == (1, 1)
    assert version is not None
    assert (version.version, version.default_locale, version.schema) == (
        1,
        "en",
        {"type": "object"},
    )
    assert version.bodies[ChannelName("push")]["en"].title == "Welcome"


async def test_a_template_may_begin_as_a_draft(role: Role) -> None:
    made = await a_template(role, publish=False)

    assert made.json()["published_version"] is None
    assert await role.published() is None


async def test_a_template_is_read_as_it_was_made(role: Role) -> None:
    made = await a_template(role)

    got = await role.acme.get(WELCOME)
    version = await role.acme.get(f"{WELCOME}/versions/1")

    assert got.json() == made.json()
    assert got.headers["etag"] == made.headers["etag"]
    assert got.json()["name"] == "welcome"
    assert version.json()["is_published"]
    assert {
        channel: {
            locale: {part: text for part, text in body.items() if text is not None}
            for locale, body in locales.items()
        }
        for channel, locales in version.json()["bodies"].items()
    } == BODIES


async def test_a_code_is_taken_once(role: Role) -> None:
    await a_template(role)

    again = await a_template(role)
    elsewhere = await role.other.post(HERE, json={"code": "welcome", "bodies": BODIES})

    assert (again.status_code, again.json()["code"]) == (409, "template_exists")
    assert elsewhere.status_code == 201


async def test_two_who_make_the_same_template_at_once_make_one(role: Role) -> None:
    caller = Caller(ACME, "editor")
    draft = Draft({ChannelName("sms"): {"en": TemplateBody(text="hi")}})
    templates, store = role.templates, role.templates._store
    first = draft.version("race", 1, templates._renderer)
    await templates.create(caller, "race", name=None, draft=draft, is_published=True)
    template = await templates.template(ACME, "race")

    with pytest.raises(Conflict):
        await store.create(template, first, record=())


# --- further versions


async def test_a_new_version_is_a_draft_until_it_is_published(role: Role) -> None:
    await a_template(role)
    added = await a_version(role, "second")
    still = await role.published()

    published = await role.acme.post(f"{WELCOME}/versions/2/publish")

    now = await role.published()
    assert (added.status_code, added.json()["is_published"]) == (201, False)
    assert added.headers["location"] == f"{WELCOME}/versions/2"
    assert still is not None
    assert still.version == 1
    assert published.json()["published_version"] == 2
    assert now is not None
    assert now.version == 2


async def test_a_version_may_be_published_when_it_is_made(role: Role) -> None:
    await a_template(role)

    added = await a_version(role, "second", publish=True)

    now = await role.published()
    assert added.json()["is_published"]
    assert now is not None
    assert now.version == 2


async def test_publishing_an_older_version_goes_back_to_it(role: Role) -> None:
    await a_template(role)
    await a_version(role, "second", publish=True)

    await role.acme.post(f"{WELCOME}/versions/1/publish")

    now = await role.published()
    assert now is not None
    assert now.version == 1
    assert (await role.acme.get(WELCOME)).json()["latest_version"] == 2


async def test_a_draft_is_sent_when_it_is_named(role: Role) -> None:
    await a_template(role)
    await a_version(role, "second")

    draft = await role.templates.version(ACME, "welcome", 2)

    assert draft is not None
    assert await role.templates.version(ACME, "welcome", 3) is None
    assert await role.templates.version(OTHER, "welcome", 2) is None


async def test_each_change_is_on_the_audit_log_once(role: Role) -> None:
    await a_template(role)
    await a_version(role, "second")
    for _ in range(2):
        await role.acme.post(f"{WELCOME}/versions/2/publish")
    await role.acme.post(f"{WELCOME}/versions/9/publish")
    await a_template(role)

    assert await role.deeds() == [
        ("editor", "template.created", "welcome", 1),
        ("editor", "template.version.added", "welcome", 2),
        ("editor", "template.published", "welcome", 2),
    ]


@pytest.mark.parametrize("path", ["/versions", "/versions/1/publish"])
async def test_what_was_changed_meanwhile_is_not_changed_again(role: Role, path: str) -> None:
    seen = (await a_template(role)).headers["etag"]
    await a_version(role, "second", headers={"if-match": seen}, publish=True)

    late = await role.acme.post(WELCOME + path, json={"bodies": BODIES}, headers={"if-match": seen})

    assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
    assert (await role.acme.get(WELCOME)).json()["published_version"] == 2
    assert len(await role.deeds()) == 2


async def test_of_two_changes_to_the_same_state_one_is_stored(role: Role) -> None:
    await a_template(role)
    before = await role.templates.template(ACME, "welcome")
    await a_version(role, "second")
    after = role.templates._next(before)

    with pytest.raises(Conflict):
        await role.templates._store.change(after, record=())

    assert (await role.acme.get(WELCOME)).json()["latest_version"] == 2


# --- lists


async def test_templates_are_listed_page_by_page(role: Role) -> None:
    codes = [f"code-{number}" for number in range(5)]
    for code in codes:
        await a_template(role, code)

    listed, url = [], f"{HERE}?limit=2"
    while url:
        page = await role.acme.get(url)
        listed += [template["code"] for template in page.json()["data"]]
        url = page.links["next"]["url"] if "link" in page.headers else ""

    assert listed == codes
    assert page.json()["next_cursor"] is None
    assert (await role.other.get(HERE)).json()["data"] == []


async def test_versions_are_listed_newest_first(role: Role) -> None:
    await a_template(role)
    for number in range(4):
        await a_version(role, f"words {number}")

    first = await role.acme.get(f"{WELCOME}/versions?limit=3")
    cursor = first.json()["next_cursor"]
    second = await role.acme.get(f"{WELCOME}/versions?limit=3&cursor={cursor}")

    assert [each["version"] for each in first.json()["data"]] == [5, 4, 3]
    assert [(v["version"], v["is_published"]) for v in second.json()["data"]] == [
        (2, False),
        (1, True),
    ]


@pytest.mark.parametrize("query", ["cursor=x", "cursor=djE6LTE", "limit=0", "limit=201", "limit=x"])
async def test_a_page_that_nobody_gave_is_refused(role: Role, query: str) -> None:
    answer = await role.acme.get(f"{HERE}?{query}")

    assert answer.status_code == 400
    assert pointers(answer) == {f"/query/{query.partition('=')[0]}"}


# --- other tenants, other processes


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.get(WELCOME),
        lambda client: client.get(f"{WELCOME}/versions"),
        lambda client: client.get(f"{WELCOME}/versions/1"),
        lambda client: client.post(f"{WELCOME}/versions", json={"bodies": BODIES}),
        lambda client: client.post(f"{WELCOME}/versions/1/publish"),
        lambda client: client.post(f"{WELCOME}/preview", json={"channel": "email"}),
    ],
)
async def test_another_tenants_template_does_not_exist(
    role: Role, call: Callable[[httpx2.AsyncClient], Any]
) -> None:
    await a_template(role, publish=False)

    answer = await call(role.other)

    assert answer.status_code == 404
    assert "Hello" not in answer.text
    assert (await role.acme.get(WELCOME)).json()["published_version"] is None


async def test_what_another_process_publishes_is_seen_within_five_seconds(role: Role) -> None:
    await a_template(role)
    await a_version(role, "second")
    before = await role.published()
    await role.elsewhere().publish(Caller(ACME, "editor"), "welcome", 2)

    role.clock.passed += 4
    soon = await role.published()
    role.clock.passed += 1.1
    later = await role.published()

    assert before is soon
    assert later is not None
    assert later.version == 2


async def test_what_is_published_while_somebody_reads_is_not_forgotten() -> None:
    cache, key = PublishedCache(), (ACME, "welcome")
    edition = cache.edition

    cache.forget(key)
    cache.keep(key, 1, now=0.0, edition=edition)

    assert cache.get(key, now=0.0) is None


async def test_the_cache_of_versions_has_its_limit() -> None:
    versions = [TemplateVersion("code", number, {}) for number in (1, 2, 3)]
    cache = VersionCache(most_bytes=2 * size_of(versions[0]))
    for version in versions[:2]:
        cache.keep((ACME, "code", version.version), version)
    cache.get((ACME, "code", 1))

    cache.keep((ACME, "code", 3), versions[2])

    kept = [cache.get((ACME, "code", number)) for number in (1, 2, 3)]
    assert kept == [versions[0], None, versions[2]]


async def test_the_sample_is_made_once(role: Role) -> None:
    for _ in range(2):
        await role.templates.ensure_sample(ACME)

    version = await role.published()
    assert version is not None
    assert await role.deeds() == [("sample", "template.created", "welcome", 1)]
    data = {"name": "Ada", "link": "https://example.org"}
    assert role.templates.flaws(version, json.dumps(data).encode(), []) == []
    for channel in version.bodies:
        shown = await role.templates.preview(
            ACME, "welcome", version=None, data=data, channel=channel, locale="de-AT"
        )
        assert shown.locale == "de"
        assert not shown.missing
