"""Topics and subscriptions by API: one truth with the preferences."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sendwell.ports.database import Database
from sendwell.roles.users.store import topics as topic_rows
from sendwell.roles.users.tables import PERSON
from tests.roles.users_house import ACME, ADA, BOB, HERE, Role, a_role, pointers

TOPICS = "/api/v1/topics"
SPORT = {"name": "Sport", "description": "Results.", "mode": "opt_in"}


@pytest.fixture
async def role(tmp_path: Path, users_database: Database) -> AsyncIterator[Role]:
    async with a_role(tmp_path, users_database) as role:
        for user in (ADA, BOB):
            await role.acme.put(f"/api/v1/users/{user}", json={"email": "someone@example.org"})
        yield role


async def subscribe(role: Role, topic: str, user: str = "ada", **more: Any) -> None:
    answer = await role.acme.put(f"/api/v1/users/{user}/subscriptions/{topic}", json=more)
    assert answer.status_code == 204, answer.text


async def subscribers(role: Role, topic: str, **query: Any) -> list[str]:
    answer = await role.acme.get(f"{TOPICS}/{topic}/subscribers", params=query)
    assert answer.status_code == 200, answer.text
    return [each["user_id"] for each in answer.json()["data"]]


async def test_a_topic_is_read_as_it_was_put(role: Role) -> None:
    put = await role.acme.put(f"{TOPICS}/news/sport", json=SPORT)

    got = await role.acme.get(f"{TOPICS}/news/sport")

    assert (put.status_code, got.status_code) == (201, 200)
    assert put.json() == got.json()
    assert {**SPORT, "topic": "news/sport"}.items() <= got.json().items()


async def test_a_topic_is_replaced_as_a_whole(role: Role) -> None:
    await role.acme.put(f"{TOPICS}/news", json=SPORT)

    again = await role.acme.put(f"{TOPICS}/news", json={"name": "News"})

    assert again.status_code == 200
    assert {"description": "", "mode": "opt_out"}.items() <= again.json().items()
    assert await role.users.topics_of(ACME) == {"news": False}


async def test_another_tenants_topic_does_not_exist(role: Role) -> None:
    await role.acme.put(f"{TOPICS}/news", json=SPORT)
    await subscribe(role, "news")

    got = await role.other.get(f"{TOPICS}/news")
    deleted = await role.other.delete(f"{TOPICS}/news")
    listed = await role.other.get(f"{TOPICS}/news/subscribers")

    assert (got.status_code, deleted.status_code) == (404, 404)
    assert listed.json()["data"] == (await role.other.get(TOPICS)).json()["data"] == []
    assert (await role.acme.get(f"{TOPICS}/news")).status_code == 200


async def test_topics_are_listed_by_key_page_by_page(role: Role) -> None:
    for key in ("offers", "news/sport", "news"):
        await role.acme.put(f"{TOPICS}/{key}", json=SPORT)

    first = (await role.acme.get(TOPICS, params={"limit": 2})).json()
    second = await role.acme.get(TOPICS, params={"limit": 2, "cursor": first["next_cursor"]})

    assert ["news", "news/sport"] == [each["topic"] for each in first["data"]]
    assert ["offers"] == [each["topic"] for each in second.json()["data"]]
    assert second.json()["next_cursor"] is None


@pytest.mark.parametrize("cursor", ["nonsense", "djE6NQ", "djFuOg", "_w"])
async def test_a_cursor_of_somebody_elses_making_is_refused(role: Role, cursor: str) -> None:
    answer = await role.acme.get(TOPICS, params={"cursor": cursor})

    assert answer.status_code == 400
    assert {"/query/cursor"} == pointers(answer)


@pytest.mark.parametrize("key", ["News", "a//b", "-", "news/subscribers", "x" * 256])
async def test_what_is_no_key_is_refused(role: Role, key: str) -> None:
    answer = await role.acme.put(f"{TOPICS}/{key}", json=SPORT)

    assert answer.status_code in {400, 405}


async def test_there_is_a_most_of_topics(role: Role, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topic_rows, "MOST_TOPICS", 1)
    await role.acme.put(f"{TOPICS}/news", json=SPORT)

    again = await role.acme.put(f"{TOPICS}/news", json=SPORT)
    more = await role.acme.put(f"{TOPICS}/offers", json=SPORT)

    assert again.status_code == 200
    assert (more.status_code, more.json()["code"]) == (409, "too_many_topics")


async def test_a_subscription_is_one_of_the_persons_preferences(role: Role) -> None:
    await subscribe(role, "news/sport", channels={"sms": False})

    chosen = (await role.acme.get(f"{HERE}/preferences")).json()
    listed = (await role.acme.get(f"{HERE}/subscriptions")).json()["data"]

    assert {"news/sport": {"enabled": True, "channels": {"sms": False}}} == chosen["topics"]
    assert [("news/sport", {"sms": False})] == [(e["topic"], e["channels"]) for e in listed]
    assert listed[0]["since"].endswith("Z")


async def test_a_subscription_names_only_channels_that_there_are(role: Role) -> None:
    wrong = {"channels": {"mail": False, "sms": False}}

    answer = await role.acme.put(f"{HERE}/subscriptions/news", json=wrong)

    assert answer.status_code == 400
    assert {"/channels/mail"} == pointers(answer)
    assert (await role.acme.get(f"{HERE}/subscriptions")).json()["data"] == []


async def test_a_topic_switched_on_in_the_preferences_is_a_subscription(role: Role) -> None:
    await role.acme.put(f"{HERE}/preferences", json={"topics": {"news": True, "offers": False}})

    listed = (await role.acme.get(f"{HERE}/subscriptions")).json()["data"]

    assert ["news"] == [each["topic"] for each in listed]
    assert await subscribers(role, "news") == ["ada"]
    assert await subscribers(role, "offers") == []


async def test_preferences_that_are_replaced_take_subscriptions_along(role: Role) -> None:
    await subscribe(role, "news")

    await role.acme.put(f"{HERE}/preferences", json={"topics": {"offers": True}})

    assert await subscribers(role, "news") == []
    assert await subscribers(role, "offers") == ["ada"]


async def test_who_subscribes_to_a_topic_gets_those_below_unless_they_say_no(role: Role) -> None:
    await subscribe(role, "news")
    await subscribe(role, "news", "bob")

    gone = await role.acme.delete("/api/v1/users/bob/subscriptions/news/sport")

    assert gone.status_code == 204
    assert await subscribers(role, "news/politics") == ["ada", "bob"]
    assert await subscribers(role, "news/sport/football") == ["ada"]


async def test_who_unsubscribes_from_a_topic_gets_none_of_those_below(role: Role) -> None:
    await subscribe(role, "news")
    await subscribe(role, "news/sport")
    await subscribe(role, "offers")

    gone = await role.acme.delete(f"{HERE}/subscriptions/news")

    listed = (await role.acme.get(f"{HERE}/subscriptions")).json()["data"]
    record = (await role.acme.get(f"{HERE}/consents")).json()["data"]
    assert gone.status_code == 204
    assert ["offers"] == [each["topic"] for each in listed]
    assert await subscribers(role, "news/sport") == []
    assert {"news", "news/sport"} == {each["topic"] for each in record if not each["given"]}


async def test_who_said_no_elsewhere_to_a_topic_gets_none_of_those_below(role: Role) -> None:
    await subscribe(role, "news/sport", channels={"email": True})

    said = {"given": False, "topic": "news", "source": "paper"}
    answer = await role.acme.post(f"{HERE}/consents", json=said)

    assert answer.json()["applied"] is True
    assert await subscribers(role, "news/sport") == []


async def test_an_older_no_to_a_topic_leaves_what_was_subscribed_to_below_it_since(
    role: Role,
) -> None:
    await subscribe(role, "news/sport")

    said = {"given": False, "topic": "news", "at": "2026-01-02T03:04:05Z", "source": "paper"}
    answer = await role.acme.post(f"{HERE}/consents", json=said)

    chosen = (await role.acme.get(f"{HERE}/preferences")).json()["topics"]
    assert answer.json()["applied"] is True
    assert (chosen["news"]["enabled"], chosen["news/sport"]["enabled"]) == (False, True)
    assert await subscribers(role, "news/sport") == ["ada"]
    assert await subscribers(role, "news") == []


async def test_subscribers_are_listed_page_by_page(role: Role) -> None:
    users = [f"user-{number}" for number in range(5)]
    for user in users:
        await role.acme.put(f"/api/v1/users/{user}", json={})
        await subscribe(role, "news", user)
    await role.acme.delete("/api/v1/users/user-2/subscriptions/news/sport")

    found, cursor = [], None
    for _ in users:
        answer = await role.acme.get(
            f"{TOPICS}/news/sport/subscribers", params={"limit": 2, "cursor": cursor or ""}
        )
        found += [each["user_id"] for each in answer.json()["data"]]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            break

    assert ["user-0", "user-1", "user-3", "user-4"] == found
    assert cursor is None


async def test_whom_to_tell_is_answered_across_pages_up_to_a_most(role: Role) -> None:
    await subscribe(role, "news")
    await subscribe(role, "news", "bob")

    assert await role.users.subscribers(ACME, "news/sport", most=5) == [ADA, BOB]
    assert await role.users.subscribers(ACME, "news/sport", most=1) == [ADA]


async def test_a_deleted_person_has_no_subscriptions(role: Role) -> None:
    await subscribe(role, "news")

    await role.acme.delete(HERE)

    assert await subscribers(role, "news") == []
    assert (await role.acme.get(f"{HERE}/subscriptions")).status_code == 404


async def test_preferences_stored_before_there_were_topics_say_what_they_said(role: Role) -> None:
    then = (
        '{"categories":{"tips":false},"channels":{"email":{"categories":{"ads":false},'
        '"enabled":true},"sms":{"categories":{},"enabled":false}},"enabled":true,"order":[],'
        '"quiet_hours":null}'
    )
    await role.database.execute(PERSON.update().values(preferences=then))
    role.clock.passed += 5.1

    read = await role.acme.get(f"{HERE}/preferences")
    again = await role.acme.put(
        f"{HERE}/preferences", json=read.json(), headers={"if-match": read.headers["etag"]}
    )

    chosen = (await role.users.people(ACME, [ADA]))[ADA].preferences
    assert again.status_code == 200
    assert again.json() == read.json()
    assert chosen.opted_out == {("*", "tips"), ("email", "ads"), ("sms", "*")}
    assert chosen.opted_in == set()
    assert (await role.acme.get(f"{HERE}/consents")).json()["data"] == []


async def test_who_does_not_exist_can_not_subscribe(role: Role) -> None:
    put = await role.acme.put("/api/v1/users/nobody/subscriptions/news", json={})
    deleted = await role.acme.delete("/api/v1/users/nobody/subscriptions/news")

    assert (put.status_code, deleted.status_code) == (404, 404)


async def test_a_deleted_topic_keeps_its_subscribers(role: Role) -> None:
    await role.acme.put(f"{TOPICS}/news", json=SPORT)
    await subscribe(role, "news")

    deleted = await role.acme.delete(f"{TOPICS}/news")

    assert deleted.status_code == 204
    assert (await role.acme.get(f"{TOPICS}/news")).status_code == 404
    assert await role.users.topics_of(ACME) == {}
    assert await subscribers(role, "news") == ["ada"]


async def test_topics_are_remembered_for_some_seconds_and_then_read_again(role: Role) -> None:
    elsewhere = role.elsewhere()
    before = await elsewhere.topics_of(ACME)
    await role.acme.put(f"{TOPICS}/news", json=SPORT)

    remembered = await elsewhere.topics_of(ACME)
    role.clock.passed += 5.1
    later = await elsewhere.topics_of(ACME)

    assert before == remembered == {}
    assert later == await role.users.topics_of(ACME) == {"news": True}
