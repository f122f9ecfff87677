import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.adapters.system import SystemClock
from sendwell.domain.consent import Preferences
from sendwell.domain.ids import ChannelName, TenantId, UserId
from sendwell.domain.person import Person
from sendwell.domain.policy import Policy
from sendwell.roles.accounts import tables as accounts_tables
from sendwell.roles.accounts.keys import new_key
from sendwell.roles.accounts.service import Accounts
from sendwell.roles.accounts.store import AccountStore
from sendwell.roles.users import tables
from sendwell.roles.users.api import routes
from sendwell.roles.users.cache import PeopleCache
from sendwell.roles.users.service import Users
from sendwell.roles.users.service.suppressions import Suppressions
from sendwell.roles.users.store import UserStore
from sendwell.runtime.server.app import build_app
from sendwell.runtime.server.callers import Callers

ACME, OTHER = TenantId("acme"), TenantId("other")
ADA, BOB = UserId("ada"), UserId("bob")
EMAIL, PUSH, SMS = ChannelName("email"), ChannelName("push"), ChannelName("sms")
ADDRESS = "Ada@example.org"
PERSON = {
    "email": ADDRESS,
    "phone": "+436641234567",
    "url": "https://example.org/hooks/ada",
    "name": "Ada Lovelace",
    "locale": "de-AT",
    "timezone": "Europe/Vienna",
    "attributes": {"plan": "pro", "seats": [1, 2.5, None, {"é": "\n"}]},
}
HERE = "/api/v1/users/ada"


class PatientClock(SystemClock):
    """The machine's clock, for which time can be made to pass."""

    passed = 0.0

    def now(self) -> int:
        return super().now() + int(self.passed * 1e6)

    def elapsed(self) -> float:
        return super().elapsed() + self.passed


@dataclass
class Role:
    """The role on an embedded database, as two tenants see it."""

    database: SqliteDatabase
    clock: PatientClock
    users: Users
    app: Any
    acme: httpx2.AsyncClient
    other: httpx2.AsyncClient

    def elsewhere(self) -> Users:
        """The same role in another process."""
        return Users(UserStore(self.database), clock=self.clock)


@pytest.fixture
async def role(tmp_path: Path) -> AsyncIterator[Role]:
    database, clock = SqliteDatabase(tmp_path / "users.sqlite"), PatientClock()
    for metadata in (tables.METADATA, accounts_tables.METADATA):
        metadata.create_all(database.engine)
    users = Users(UserStore(database), clock=clock)
    accounts = Accounts(AccountStore(database), defaults=Policy(), clock=clock)
    app = build_app(Callers(accounts), [], [routes(users)])
    acme, other = [await _client(accounts, app, tenant) for tenant in (ACME, OTHER)]
    yield Role(database, clock, users, app, acme, other)
    await acme.aclose()
    await other.aclose()
    await database.close()


async def _client(accounts: Accounts, app: Any, tenant: TenantId) -> httpx2.AsyncClient:
    key = new_key()
    await accounts.ensure_tenant(tenant, tenant, is_sandboxed=False)
    await accounts.ensure_key(tenant, key, name="test")
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app),
        base_url="http://sendwell.test",
        headers={"authorization": f"Bearer {key.text}"},
    )


async def a_token(role: Role, token: str, user: str = "ada", **more: str) -> dict[str, Any]:
    answer = await role.acme.post(f"/api/v1/users/{user}/tokens", json={"token": token, **more})
    assert answer.status_code in {200, 201}, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def the_person(users: Users, user: UserId = ADA) -> Person | None:
    return (await users.people(ACME, [user])).get(user)


def pointers(answer: httpx2.Response) -> set[str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return {flaw["pointer"] for flaw in answer.json()["errors"]}


# --- a person by API


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


@pytest.mark.parametrize("user", ["a%20b", "%0a", "a%00", "%ff", "x" * 256, "é"])
async def test_an_id_with_other_characters_is_refused(role: Role, user: str) -> None:
    answer = await role.acme.put(f"/api/v1/users/{user}", json={})

    assert answer.status_code == 400
    assert {"/path/user_id"} == pointers(answer)


# --- preferences


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
    assert not person.preferences.allows("email", "marketing")
    assert person.preferences.order == ("push", "email")
    assert person.preferences.quiet_hours is not None


async def test_wrong_preferences_are_pointed_at(role: Role) -> None:
    await role.acme.put(HERE, json=PERSON)
    wrong = {"channels": {"email": {"enabled": 1}}, "quiet_hours": {"timezone": "Mars"}, "x": 1}

    answer = await role.acme.put(f"{HERE}/preferences", json=wrong)

    assert answer.status_code == 400
    assert {"/channels/email/enabled", "/quiet_hours/timezone", "/x"} == pointers(answer)


async def test_preferences_that_were_changed_meanwhile_are_not_replaced(role: Role) -> None:
    await role.acme.put(HERE, json=PERSON)
    seen = (await role.acme.get(f"{HERE}/preferences")).headers["etag"]
    await role.acme.put(f"{HERE}/preferences", json={"enabled": False}, headers={"if-match": seen})

    late = await role.acme.put(
        f"{HERE}/preferences", json={"order": ["sms"]}, headers={"if-match": seen}
    )

    kept = await role.acme.get(f"{HERE}/preferences")
    assert late.json()["code"] == "precondition_failed"
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


# --- push tokens


async def test_a_token_keeps_its_number_and_shows_only_its_beginning(role: Role) -> None:
    await role.acme.put(HERE, json=PERSON)
    first = await role.acme.post(f"{HERE}/tokens", json={"token": "abcdefghijklmnop"})

    again = await role.acme.post(
        f"{HERE}/tokens", json={"token": "abcdefghijklmnop", "platform": "ios"}
    )

    tokens = (await role.acme.get(HERE)).json()["tokens"]
    assert (first.status_code, again.status_code) == (201, 200)
    assert [(t["number"], t["token"], t["platform"]) for t in tokens] == [(1, "abcdef…", "ios")]
    assert f"{HERE}/tokens/1" == first.headers["location"]


async def test_a_short_token_is_not_shown_whole(role: Role) -> None:
    await role.acme.put(HERE, json=PERSON)

    assert (await a_token(role, "abcd"))["token"] == "ab…"


async def test_a_deleted_tokens_number_is_not_used_again(role: Role) -> None:
    await role.acme.put(HERE, json=PERSON)
    await a_token(role, "first-token")

    deleted = await role.acme.delete(f"{HERE}/tokens/1")

    person = await the_person(role.users)
    assert deleted.status_code == 204
    assert person is not None
    assert PUSH not in person.addresses
    assert (await role.acme.delete(f"{HERE}/tokens/1")).status_code == 404
    assert (await a_token(role, "first-token"))["number"] == 2


async def test_a_token_belongs_to_the_person_who_came_last(role: Role) -> None:
    for user in ("ada", "bob"):
        await role.acme.put(f"/api/v1/users/{user}", json={})
    await a_token(role, "of-one-phone", "ada")
    await role.users.people(ACME, [ADA, BOB])

    await a_token(role, "of-one-phone", "bob")

    people = await role.users.people(ACME, [ADA, BOB])
    assert PUSH not in people[ADA].addresses
    assert people[BOB].addresses[PUSH] == {1: "of-one-phone"}


async def test_two_tenants_may_have_the_same_token(role: Role) -> None:
    for client in (role.acme, role.other):
        await client.put(HERE, json={})
        await client.post(f"{HERE}/tokens", json={"token": "of-one-phone"})

    for client in (role.acme, role.other):
        assert len((await client.get(HERE)).json()["tokens"]) == 1


async def test_of_very_many_tokens_the_one_seen_longest_ago_goes(role: Role) -> None:
    await role.acme.put(HERE, json={})
    for number in range(50):
        await a_token(role, f"token-{number}")
    await a_token(role, "token-0")

    await a_token(role, "token-50")

    person = await the_person(role.users)
    assert person is not None
    assert {1, *range(3, 52)} == person.addresses[PUSH].keys()


@pytest.mark.parametrize("token", ["", "with space", "a\nb", "x" * 4097, None, 1])
async def test_a_wrong_token_is_refused(role: Role, token: object) -> None:
    await role.acme.put(HERE, json={})

    answer = await role.acme.post(f"{HERE}/tokens", json={"token": token})

    assert answer.status_code == 400
    assert {"/token"} == pointers(answer)


@pytest.mark.parametrize("number", ["0", "-1", "x", "99999999999999999999"])
async def test_a_number_that_no_token_can_have_is_refused(role: Role, number: str) -> None:
    assert (await role.acme.delete(f"{HERE}/tokens/{number}")).status_code == 400


# --- the directory


async def test_the_directory_knows_every_address(role: Role) -> None:
    await role.acme.put(HERE, json=PERSON)
    await a_token(role, "first-token")
    await a_token(role, "second-token")

    people = await role.users.people(ACME, [ADA, UserId("nobody")])

    assert {ADA} == people.keys()
    assert people[ADA].addresses == {
        "email": {0: ADDRESS},
        "sms": {0: "+436641234567"},
        "webhook": {0: "https://example.org/hooks/ada"},
        "push": {1: "first-token", 2: "second-token"},
        "in_app": {0: "ada"},
    }
    assert (people[ADA].locale, people[ADA].timezone) == ("de-AT", "Europe/Vienna")


async def test_many_people_are_known_at_once(role: Role) -> None:
    ids = [UserId(f"user-{number}") for number in range(2_500)]
    for user in ids[::100]:
        await role.acme.put(f"/api/v1/users/{user}", json={"email": f"{user}@example.org"})

    people = await role.users.people(ACME, ids)

    assert set(ids[::100]) == people.keys()


async def test_what_another_process_stored_is_seen_within_five_seconds(role: Role) -> None:
    await role.acme.put(HERE, json=PERSON)
    before = await the_person(role.users)
    await role.elsewhere().choose(ACME, ADA, value={"enabled": False})

    role.clock.passed += 4
    soon = await the_person(role.users)
    role.clock.passed += 1.1
    later = await the_person(role.users)

    assert before is soon
    assert later is not None
    assert not later.preferences.allows("email", "any")


async def test_a_person_who_was_not_there_is_seen_once_stored(role: Role) -> None:
    assert await the_person(role.users) is None

    await role.acme.put(HERE, json=PERSON)

    assert await the_person(role.users) is not None


async def test_a_reader_who_was_overtaken_by_a_writer_leaves_nothing_behind() -> None:
    cache, old = PeopleCache(), Person(ADA)

    with cache.reading(ACME, [ADA, BOB], now=0.0) as found:
        found[ADA] = found[BOB] = old
        cache.forget(ACME, ADA)

    assert ({BOB: old}, [ADA]) == cache.look_up(ACME, [ADA, BOB], now=1.0)


async def test_the_cache_keeps_those_used_last() -> None:
    cache, carl = PeopleCache(most=2), UserId("carl")
    with cache.reading(ACME, [ADA, BOB], now=0.0):
        pass
    cache.look_up(ACME, [ADA], now=0.0)

    with cache.reading(ACME, [carl], now=0.0):
        pass

    assert cache.look_up(ACME, [ADA, BOB, carl], now=0.0)[1] == [BOB]


# --- suppressions


async def suppressed(users: Users, *addresses: tuple[ChannelName, str]) -> dict[Any, str]:
    return dict(await users.suppressed(ACME, addresses))


async def test_a_suppressed_address_is_told_with_its_reason(role: Role) -> None:
    assert await suppressed(role.users, (EMAIL, ADDRESS)) == {}

    await role.users.suppress(ACME, EMAIL, address=ADDRESS, reason="bounced", at=1)

    found = await suppressed(role.users, (EMAIL, ADDRESS), (SMS, ADDRESS), (EMAIL, "b@c.org"))
    assert found == {(EMAIL, ADDRESS): "bounced"}
    assert await role.users.suppressed(OTHER, [(EMAIL, ADDRESS)]) == {}


async def test_letter_case_does_not_hide_a_suppressed_mail_address(role: Role) -> None:
    await role.users.suppress(ACME, EMAIL, address="ADA@example.org", reason="complaint", at=1)

    assert await suppressed(role.users, (EMAIL, ADDRESS)) == {(EMAIL, ADDRESS): "complaint"}


async def test_a_suppression_can_be_lifted_and_made_again(role: Role) -> None:
    await role.users.suppress(ACME, SMS, address="+43", reason="stop", at=1)

    await role.users.unsuppress(ACME, SMS, address="+43")

    assert await suppressed(role.users, (SMS, "+43")) == {}
    await role.users.suppress(ACME, SMS, address="+43", reason="again", at=2)
    assert await suppressed(role.users, (SMS, "+43")) == {(SMS, "+43"): "again"}
    assert await suppressed(role.elsewhere(), (SMS, "+43")) == {(SMS, "+43"): "again"}


async def test_lifting_what_was_never_suppressed_stores_nothing(role: Role) -> None:
    await role.users.unsuppress(ACME, SMS, address="+43")

    assert await suppressed(role.elsewhere(), (SMS, "+43")) == {}


async def test_suppressions_of_another_process_are_seen_within_five_seconds(role: Role) -> None:
    elsewhere = role.elsewhere()
    await role.users.suppress(ACME, SMS, address="+1", reason="stop", at=1)
    await suppressed(role.users, (SMS, "+1"))
    await elsewhere.suppress(ACME, SMS, address="+2", reason="stop", at=1)
    await elsewhere.unsuppress(ACME, SMS, address="+1")

    role.clock.passed += 5.1

    assert await suppressed(role.users, (SMS, "+1"), (SMS, "+2")) == {(SMS, "+2"): "stop"}


async def test_a_clock_that_is_put_back_hides_no_suppression(role: Role) -> None:
    elsewhere = role.elsewhere()
    role.clock.passed += 7200
    await role.users.suppress(ACME, SMS, address="+1", reason="stop", at=1)
    await suppressed(role.users, (SMS, "+1"))

    role.clock.now = lambda: SystemClock().now()  # type: ignore[method-assign]
    await elsewhere.suppress(ACME, SMS, address="+2", reason="stop", at=1)
    role.clock.passed += 5.1

    assert len(await suppressed(role.users, (SMS, "+1"), (SMS, "+2"))) == 2


async def test_a_suppressed_token_is_taken_from_its_person(role: Role) -> None:
    await role.acme.put(HERE, json={})
    await a_token(role, "dead-token")
    await a_token(role, "live-token")
    await the_person(role.users)

    await role.users.suppress(ACME, PUSH, address="dead-token", reason="unregistered", at=1)

    person = await the_person(role.users)
    assert person is not None
    assert person.addresses[PUSH] == {2: "live-token"}
    assert await suppressed(role.users, (PUSH, "dead-token")) == {
        (PUSH, "dead-token"): "unregistered"
    }


async def test_a_token_that_comes_back_is_good_again(role: Role) -> None:
    await role.acme.put(HERE, json={})
    await role.users.suppress(ACME, PUSH, address="a-token", reason="unregistered", at=1)
    assert await suppressed(role.users, (PUSH, "a-token"))

    await a_token(role, "a-token")

    assert await suppressed(role.users, (PUSH, "a-token")) == {}
    assert await suppressed(role.elsewhere(), (PUSH, "a-token")) == {}


async def test_more_suppressions_than_memory_holds_are_still_known(role: Role) -> None:
    store = UserStore(role.database).suppressions
    small = Suppressions(store, clock=role.clock, most=3)
    for number in range(5):
        await role.users.suppress(ACME, SMS, address=f"+{number}", reason="stop", at=1)

    found = await small.among(ACME, [(SMS, f"+{number}") for number in range(7)])

    assert {(SMS, f"+{number}"): "stop" for number in range(5)} == found


async def test_growing_beyond_memory_forgets_no_suppression(role: Role) -> None:
    small = Suppressions(UserStore(role.database).suppressions, clock=role.clock, most=3)
    wanted = [(SMS, f"+{number}") for number in range(5)]
    for number in range(5):
        await small.change(ACME, SMS, address=f"+{number}", reason="stop", at=1)
        await small.change(OTHER, SMS, address=f"+{number}", reason="stop", at=1)

        for tenant in (ACME, OTHER):
            assert number + 1 == len(await small.among(tenant, wanted))


# --- what is stored, and what is documented


async def test_addresses_stand_in_the_envelope_only(role: Role, tmp_path: Path) -> None:
    await role.acme.put(HERE, json=PERSON)
    await a_token(role, "token-of-ada")
    await role.users.suppress(ACME, EMAIL, address=ADDRESS, reason="bounced", at=1)

    with sqlite3.connect(tmp_path / "users.sqlite") as raw:
        raw.row_factory = sqlite3.Row
        rows = [
            dict(row)
            for table in ("person", "push_token", "suppression")
            for row in raw.execute(f"SELECT * FROM {table}")  # noqa: S608 - names from above
        ]
    raw.close()

    assert len(rows) == 3
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
        "add_push_token", "delete_push_token",
    } == operations.keys()  # fmt: skip
    for operation in operations.values():
        assert operation["tags"] == ["users"]
        assert operation["summary"]
        assert operation["description"]
        assert {"400", "401", "default"} <= operation["responses"].keys()
        assert "422" not in operation["responses"]


# --- whatever comes in


TEXTS = st.text(st.characters(), max_size=12) | st.sampled_from(
    ["\ud800", "\x00", "a\r\nb", "ada@example.org", "+436641234567", "de-AT", "UTC", "22:00", "mon"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
FIELDS = ("email", "phone", "url", "name", "locale", "timezone", "attributes", "token", "platform")
CHOICES = ("enabled", "categories", "channels", "order", "quiet_hours", "timezone", "windows")


def documents(fields: tuple[str, ...]) -> st.SearchStrategy[Any]:
    named = st.dictionaries(st.sampled_from(fields) | TEXTS, VALUES, max_size=5)
    nested = st.dictionaries(st.sampled_from(fields), named | st.lists(named, max_size=2))
    return VALUES | named | nested


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(person=documents(FIELDS), choices=documents(CHOICES), token=documents(FIELDS))
async def test_no_json_makes_the_server_fail(
    role: Role, person: object, choices: object, token: object
) -> None:
    json_type = {"content-type": "application/json"}
    bodies = [("PUT", "", person), ("PUT", "/preferences", choices), ("POST", "/tokens", token)]

    answers = [
        await role.acme.request(method, HERE + path, content=json.dumps(body), headers=json_type)
        for method, path, body in bodies
    ]

    assert all(answer.status_code < 500 for answer in answers)
    for answer in answers:
        json.loads(answer.content)
