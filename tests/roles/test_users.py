"""People, preferences and push tokens by API."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from sendwell.domain.consent import Matter, Preferences, objection
from sendwell.ports.database import Database
from tests.roles.users_house import (
    ACME,
    ADA,
    ADDRESS,
    HERE,
    PERSON,
    Role,
    a_role,
    a_token,
    pointers,
    the_person,
)


@pytest.fixture
async def role(tmp_path: Path, users_database: Database) -> AsyncIterator[Role]:
    async with a_role(tmp_path, users_database) as role:
        yield role


async def test_a_person_is_read_as_it_was_put(role: Role) -> None:
    put = await role.acme.put(HERE, json=PERSON)

    got = await role.acme.get(HERE)

    assert (put.status_code, got.status_code) == (201, 200)
    assert put.json() == got.json()
    assert {**PERSON, "user_id": "ada", "tokens": []}.items() <= got.json().items()
    assert got.json()["created_at"].endswith("Z")


async def test_putting_twice_replaces_everything_but_preferences_and_tokens(role: Role) -> None:
    await role.acme.put(HERE, json=PERSON)
    await a_token(role, "token-of-ada")
    await role.acme.put(f"{HERE}/preferences", json={"order": ["sms"]})

    again = await role.acme.put(HERE, json={"name": "Countess"})

    assert again.status_code == 200
    assert tuple(again.json()[k] for k in ("name", "email", "attributes")) == ("Countess", None, {})
    assert len(again.json()["tokens"]) == 1
    assert (await role.acme.get(f"{HERE}/preferences")).json()["order"] == ["sms"]


async def test_a_deleted_person_is_gone_with_tokens_and_preferences(role: Role) -> None:
    await role.acme.put(HERE, json=PERSON)
    await a_token(role, "token-of-ada")

    deleted = await role.acme.delete(HERE)

    assert (deleted.status_code, deleted.content) == (204, b"")
    assert (await role.acme.delete(HERE)).status_code == 404
    assert (await role.acme.get(HERE)).status_code == 404
    assert (await role.acme.get(f"{HERE}/preferences")).status_code == 404
    assert await the_person(role.users) is None
    await role.acme.put(HERE, json={})
    assert (await role.acme.get(HERE)).json()["tokens"] == []


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.get(HERE),
        lambda client: client.delete(HERE),
        lambda client: client.get(f"{HERE}/preferences"),
        lambda client: client.put(f"{HERE}/preferences", json={}),
        lambda client: client.post(f"{HERE}/tokens", json={"token": "stolen"}),
        lambda client: client.delete(f"{HERE}/tokens/1"),
    ],
)
async def test_another_tenants_person_does_not_exist(
    role: Role, call: Callable[[httpx2.AsyncClient], Any]
) -> None:
    await role.acme.put(HERE, json=PERSON)
    await a_token(role, "token-of-ada")

    answer = await call(role.other)

    assert answer.status_code == 404
    assert ADDRESS not in answer.text
    assert len((await role.acme.get(HERE)).json()["tokens"]) == 1


async def test_without_a_key_nothing_is_answered(role: Role) -> None:
    answer = await role.acme.put(HERE, json=PERSON, headers={"authorization": "Bearer nobody"})

    assert answer.status_code == 401
    assert await the_person(role.users) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "Ada <ada@example.org>"),
        ("email", "ada@example.org\r\nBcc: eve@example.org"),
        ("email", 7),
        ("phone", "0664 1234567"),
        ("url", "ftp://example.org"),
        ("name", "Ada\nLovelace"),
        ("name", "x" * 256),
        ("name", True),
        ("locale", "de_AT"),
        ("locale", ""),
        ("timezone", "Mars/Olympus"),
        ("timezone", "../../etc/passwd"),
        ("attributes", []),
        ("attributes", {"x": "y" * 16_384}),
        ("attributes", {"x": [[[[[[[[[[]]]]]]]]]]}),
        ("password", "secret"),
    ],
)
async def test_a_wrong_field_is_pointed_at_and_nothing_is_stored(
    role: Role, field: str, value: object
) -> None:
    answer = await role.acme.put(HERE, json={**PERSON, field: value})

    assert answer.status_code == 400
    assert {f"/{field}"} == pointers(answer)
    assert await the_person(role.users) is None


async def test_every_wrong_field_is_named_at_once(role: Role) -> None:
    answer = await role.acme.put(HERE, json={"email": "x", "phone": "x", "colour": 1})

    assert {"/email", "/phone", "/colour"} == pointers(answer)


@pytest.mark.parametrize(
    "user", ["a%20b", "%0a", "a%00", "%ff", "x" * 256, "a%25", "%3f", "a%5cb", "a%c2%a0b"]
)
async def test_an_id_with_other_characters_is_refused(role: Role, user: str) -> None:
    answer = await role.acme.put(f"/api/v1/users/{user}", json={})

    assert answer.status_code == 400
    assert {"/path/user_id"} == pointers(answer)


@pytest.mark.parametrize("user", ["José", "анна", "auth0|7", 'say"so";'])
async def test_whom_a_notification_may_name_has_all_that_a_person_has(
    role: Role, user: str
) -> None:
    here = f"/api/v1/users/{quote(user)}"
    token = {"token": "fMEP0vJqS0:APA91bHqXfyWY2z8rT", "platform": "web"}

    stored = await role.acme.put(here, json={"email": "ada@example.org"})
    added = await role.acme.post(f"{here}/tokens", json=token)
    chosen = await role.acme.put(f"{here}/preferences", json={"categories": {"ads": False}})
    shown = await role.acme.get(f"{here}/consents")
    removed = await role.acme.delete(added.headers["location"])
    erased = await role.acme.post(f"{here}/erasure")

    assert {"user_id": user}.items() <= stored.json().items()
    assert [False] == [each["given"] for each in shown.json()["data"]]
    assert [201, 201, 200, 204, 202] == [
        each.status_code for each in (stored, added, chosen, removed, erased)
    ]


async def test_a_new_person_has_chosen_nothing(role: Role) -> None:
    await role.acme.put(HERE, json=PERSON)

    answer = await role.acme.get(f"{HERE}/preferences")

    person = await the_person(role.users)
    assert {"enabled": True, "order": [], "quiet_hours": None}.items() <= answer.json().items()
    assert person is not None
    assert Preferences() == person.preferences


async def test_preferences_hold_for_the_next_look(role: Role) -> None:
    await role.acme.put(HERE, json=PERSON)
    await the_person(role.users)
    chosen = {
        "channels": {"email": {"categories": {"marketing": False}}},
        "order": ["push", "email"],
        "quiet_hours": {"windows": [{"days": ["mon"], "from": "22:00", "to": "07:00"}]},
    }

    answer = await role.acme.put(f"{HERE}/preferences", json=chosen)

    person = await the_person(role.users)
    assert answer.status_code == 200
    assert answer.json() == (await role.acme.get(f"{HERE}/preferences")).json()
    assert person is not None
    assert objection(Matter("email", "marketing"), person.preferences)
    assert person.preferences.order == ("push", "email")
    assert person.preferences.quiet_hours is not None


@pytest.mark.parametrize(
    ("body", "begins"),
    [
        ({"locale": "de_AT"}, "/locale: A locale is written like en or de-AT."),
        ([], "The body: "),
    ],
)
async def test_the_refusal_says_what_is_wrong_and_where(
    role: Role, body: object, begins: str
) -> None:
    answer = await role.acme.put(HERE, json=body)

    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(begins)


async def test_wrong_preferences_are_pointed_at(role: Role) -> None:
    await role.acme.put(HERE, json=PERSON)
    wrong = {"channels": {"email": {"enabled": 1}}, "quiet_hours": {"timezone": "Mars"}, "x": 1}

    answer = await role.acme.put(f"{HERE}/preferences", json=wrong)

    assert answer.status_code == 400
    assert {"/channels/email/enabled", "/quiet_hours/timezone", "/x"} == pointers(answer)


async def test_preferences_name_only_channels_that_there_are(role: Role) -> None:
    await role.acme.put(HERE, json=PERSON)
    wrong = {
        "channels": {"mail": {"enabled": False}, "sms": {"enabled": False}},
        "topics": {"news/sport": {"channels": {"emial": False, "push": False}}},
        "order": ["email", "fax"],
    }

    answer = await role.acme.put(f"{HERE}/preferences", json=wrong)

    flaws = {"/channels/mail", "/topics/news~1sport/channels/emial", "/order/1"}
    assert (answer.status_code, pointers(answer)) == (400, flaws)
    assert (await role.acme.get(f"{HERE}/preferences")).json()["order"] == []


async def test_a_channel_that_is_stored_can_be_put_back_though_there_is_none(role: Role) -> None:
    await role.acme.put(HERE, json=PERSON)
    await role.users.preferences.choose(ACME, ADA, value={"channels": {"mail": {"enabled": False}}})
    read = await role.acme.get(f"{HERE}/preferences")
    changed = {**read.json(), "categories": {"marketing": False}}

    put = await role.acme.put(
        f"{HERE}/preferences", json=changed, headers={"if-match": read.headers["etag"]}
    )
    more = await role.acme.put(f"{HERE}/preferences", json={**changed, "order": ["fax"]})

    assert (put.status_code, put.json()) == (200, changed)
    assert (more.status_code, pointers(more)) == (400, {"/order/0"})


async def test_preferences_that_were_changed_meanwhile_are_not_replaced(role: Role) -> None:
    await role.acme.put(HERE, json=PERSON)
    seen = (await role.acme.get(f"{HERE}/preferences")).headers["etag"]
    await role.acme.put(f"{HERE}/preferences", json={"enabled": False}, headers={"if-match": seen})

    late = await role.acme.put(
        f"{HERE}/preferences", json={"order": ["sms"]}, headers={"if-match": seen}
    )

    kept = await role.acme.get(f"{HERE}/preferences")
    assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
    assert (kept.json()["enabled"], kept.json()["order"]) == (False, [])


@pytest.mark.parametrize("form", ["{}", '"x", {}', "*", " {} "])
async def test_a_matching_tag_lets_preferences_be_replaced(role: Role, form: str) -> None:
    await role.acme.put(HERE, json=PERSON)
    tag = (await role.acme.get(f"{HERE}/preferences")).headers["etag"]

    answer = await role.acme.put(
        f"{HERE}/preferences", json={"order": ["sms"]}, headers={"if-match": form.format(tag)}
    )

    assert answer.status_code == 200
    assert answer.headers["etag"] not in {"", tag}


async def test_a_weak_tag_never_matches(role: Role) -> None:
    await role.acme.put(HERE, json=PERSON)
    tag = (await role.acme.get(f"{HERE}/preferences")).headers["etag"]

    answer = await role.acme.put(f"{HERE}/preferences", json={}, headers={"if-match": f"W/{tag}"})

    assert answer.json()["code"] == "precondition_failed"
