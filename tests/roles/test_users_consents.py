"""Consent is a record of facts: each change adds to it and nothing takes away from it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sendwell.ports.database import Database
from sendwell.runtime.server.paging import cursor_of
from tests.roles.users_house import HERE, PERSON, Role, a_role, pointers

CONSENTS = f"{HERE}/consents"


@pytest.fixture
async def role(tmp_path: Path, users_database: Database) -> AsyncIterator[Role]:
    async with a_role(tmp_path, users_database) as role:
        await role.acme.put(HERE, json=PERSON)
        yield role


async def facts(role: Role) -> list[tuple[Any, ...]]:
    found = (await role.acme.get(CONSENTS)).json()["data"]
    return [(e["given"], e["channel"], e["category"], e["topic"]) for e in found]


async def test_each_change_of_preferences_is_put_on_record(role: Role) -> None:
    await role.acme.put(f"{HERE}/preferences", json={"categories": {"ads": False}})
    await role.acme.put(f"{HERE}/preferences", json={"channels": {"sms": {"enabled": False}}})

    (newest, *_) = (await role.acme.get(CONSENTS)).json()["data"]

    assert [
        (True, None, "ads", None),
        (False, "sms", None, None),
        (False, None, "ads", None),
    ] == await facts(role)
    assert (newest["source"], newest["actor"]) == ("api", "test")


async def test_who_leaves_agrees_to_nothing_by_it(role: Role) -> None:
    await role.acme.put(f"{HERE}/subscriptions/news/sport", json={"channels": {"sms": False}})
    subscribed = await facts(role)
    await role.acme.delete(f"{HERE}/subscriptions/news/sport")
    await role.acme.put(f"{HERE}/preferences", json={"channels": {"sms": {"enabled": False}}})
    await role.acme.put(f"{HERE}/preferences", json={"enabled": False})

    said = (await facts(role))[: -len(subscribed)]

    assert (False, None, None, "news/sport") in said
    assert (False, None, None, None) == said[0]
    assert [fact for fact in said if fact[0] and fact[1] == "sms"] == []


@pytest.mark.parametrize("about", [{}, {"topic": "news"}])
async def test_an_older_no_to_a_part_still_counts_beside_a_no_to_all(
    role: Role, about: dict[str, Any]
) -> None:
    by_sms = {"given": False, "channel": "sms", "at": "2026-01-02T03:04:05Z", **about}
    await role.acme.post(CONSENTS, json={"given": False, **about})

    answer = await role.acme.post(CONSENTS, json=by_sms)
    await role.acme.post(CONSENTS, json={"given": True, **about})

    chosen = (await role.acme.get(f"{HERE}/preferences")).json()
    switched = chosen["topics"]["news"] if about else chosen
    assert answer.json()["applied"] is True
    assert switched["enabled"] is True
    assert switched["channels"]["sms"] in ({"enabled": False, "categories": {}}, False)


async def test_what_changes_nothing_is_not_on_record(role: Role) -> None:
    for _ in range(2):
        await role.acme.put(f"{HERE}/preferences", json={"categories": {"ads": False}})

    assert [(False, None, "ads", None)] == await facts(role)


async def test_a_subscription_keeps_the_words_that_were_agreed_to(role: Role) -> None:
    words = {"wording": "Yes, send me results.", "evidence": "form 7"}

    await role.acme.put(f"{HERE}/subscriptions/news/sport", json=words)
    await role.acme.delete(f"{HERE}/subscriptions/news/sport")

    taken, given = (await role.acme.get(CONSENTS)).json()["data"]
    assert (taken["given"], taken["topic"], taken["wording"]) == (False, "news/sport", None)
    assert (given["given"], given["topic"]) == (True, "news/sport")
    assert words.items() <= given.items()


async def test_what_was_said_elsewhere_becomes_a_choice(role: Role) -> None:
    said = {
        "given": True,
        "category": "ads",
        "channel": "email",
        "at": "2026-01-02T03:04:05Z",
        "source": "paper",
        "wording": "I agree.",
        "evidence": "form 7",
    }

    answer = await role.acme.post(CONSENTS, json=said)

    chosen = (await role.acme.get(f"{HERE}/preferences")).json()
    assert answer.status_code == 201
    assert answer.json()["applied"] is True
    assert said.items() <= {**answer.json()["consent"], "at": said["at"]}.items()
    assert answer.json()["consent"]["at"].startswith("2026-01-02T03:04:05")
    assert {"email": {"categories": {"ads": True}}} == chosen["channels"]
    assert [(True, "email", "ads", None)] == await facts(role)


async def test_what_was_said_before_an_opt_out_does_not_undo_it(role: Role) -> None:
    await role.acme.delete(f"{HERE}/subscriptions/news")
    old = {"given": True, "topic": "news/sport", "at": "2020-01-01T00:00:00Z"}

    answer = await role.acme.post(CONSENTS, json=old)

    chosen = (await role.acme.get(f"{HERE}/preferences")).json()
    assert answer.json()["applied"] is False
    assert {"news": {"enabled": False}} == chosen["topics"]
    assert len(await facts(role)) == 2


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"given": True, "category": "ads", "topic": "news"}, "/topic"),
        ({"given": True, "topic": "News"}, "/topic"),
        ({"given": True, "at": "2999-01-01T00:00:00Z"}, "/at"),
        ({"given": True, "at": "yesterday"}, "/at"),
        ({"given": True, "channel": "*"}, "/channel"),
        ({"given": True, "channel": "mail"}, "/channel"),
        ({"given": True, "actor": "me"}, "/actor"),
        ({}, "/given"),
    ],
)
async def test_what_can_not_go_on_record_is_pointed_at(
    role: Role, wrong: dict[str, Any], pointer: str
) -> None:
    answer = await role.acme.post(CONSENTS, json=wrong)

    assert answer.status_code == 400
    assert {pointer} == pointers(answer)
    assert await facts(role) == []


async def test_the_record_stays_when_the_person_is_deleted_and_goes_on_behind(role: Role) -> None:
    await role.acme.put(f"{HERE}/subscriptions/news", json={})

    await role.acme.delete(HERE)
    await role.acme.put(HERE, json=PERSON)
    await role.acme.put(f"{HERE}/subscriptions/offers", json={})

    assert [(True, None, None, "offers"), (True, None, None, "news")] == await facts(role)


async def test_there_is_no_way_to_change_the_record(role: Role) -> None:
    await role.acme.put(f"{HERE}/subscriptions/news", json={})

    answers = [
        await role.acme.request(method, path, json={"given": False})
        for method in ("PUT", "PATCH", "DELETE")
        for path in (CONSENTS, f"{CONSENTS}/1")
    ]

    assert {answer.status_code for answer in answers} <= {404, 405}
    assert len(await facts(role)) == 1


async def test_the_record_is_read_page_by_page(role: Role) -> None:
    for topic in ("a", "b", "c"):
        await role.acme.put(f"{HERE}/subscriptions/{topic}", json={})

    first = (await role.acme.get(CONSENTS, params={"limit": 2})).json()
    second = await role.acme.get(CONSENTS, params={"limit": 2, "cursor": first["next_cursor"]})

    assert ["c", "b"] == [each["topic"] for each in first["data"]]
    assert ["a"] == [each["topic"] for each in second.json()["data"]]
    assert second.json()["next_cursor"] is None


async def test_a_cursor_of_a_longer_list_is_none_of_consents(role: Role) -> None:
    answer = await role.acme.get(CONSENTS, params={"cursor": cursor_of(2**62)})

    assert answer.status_code == 400
    assert {"/query/cursor"} == pointers(answer)


async def test_another_tenant_sees_and_writes_nothing_of_it(role: Role) -> None:
    await role.acme.put(f"{HERE}/subscriptions/news", json={})

    seen = await role.other.get(CONSENTS)
    written = await role.other.post(CONSENTS, json={"given": False})

    assert seen.status_code == 404
    assert written.status_code == 404
    assert len(await facts(role)) == 1
