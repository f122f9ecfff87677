"""API keys and the tokens that programs get for them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from sendwell.domain.environment import SAMPLE
from sendwell.domain.errors import Denied
from sendwell.domain.ids import TenantId
from sendwell.roles.accounts.keys import new_key
from tests.roles.accounts_house import GRACE, PASSWORD, House, a_house, pointers

KEYS = "/api/v1/api-keys"
ME = "/api/v1/sessions/current"
TOKEN = "/api/v1/oauth/token"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path) as house:
        yield house


@pytest.fixture
async def acme(house: House) -> Any:
    return await house.found()


async def a_key(client: Any, **body: Any) -> dict[str, Any]:
    answer = await client.post(KEYS, json={"name": "order service", **body})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_key_is_shown_once_and_stored_as_a_hash(
    house: House, acme: Any, tmp_path: Path
) -> None:
    made = await a_key(acme)

    listed = (await acme.get(KEYS)).text
    await house.database.close()

    assert made["key"].startswith(made["prefix"])
    assert made["key"] not in listed
    assert made["key"].encode() not in (tmp_path / "accounts.sqlite").read_bytes()


async def test_a_key_may_do_what_its_scopes_say(house: House, acme: Any) -> None:
    made = await a_key(acme, scopes=["audit:read"])
    client = house.client(made["key"])

    answers = [await client.get(path) for path in ("/api/v1/audit", KEYS, "/api/v1/tenants")]

    assert [200, 403, 403] == [each.status_code for each in answers]


@pytest.mark.parametrize("scope", ["tenants:write", "unlisted", "everything", ""])
async def test_there_are_no_other_scopes(acme: Any, scope: str) -> None:
    answer = await acme.post(KEYS, json={"name": "x", "scopes": ["audit:read", scope]})

    assert answer.status_code == 400
    assert {"/scopes/1"} == pointers(answer)


async def test_nobody_gives_a_key_what_they_may_not_do(house: House, acme: Any) -> None:
    keeper = house.client((await a_key(acme, scopes=["keys:write", "keys:read"]))["key"])
    mighty = await a_key(acme)

    answers = [
        await keeper.post(KEYS, json={"name": "x", "scopes": ["operators:write"]}),
        await keeper.post(KEYS, json={"name": "x"}),
        await keeper.post(f"{KEYS}/{mighty['id']}/rotate"),
        await keeper.delete(f"{KEYS}/{mighty['id']}"),
    ]

    assert [400, 400, 403, 403] == [each.status_code for each in answers]


async def test_both_keys_are_good_while_a_rotation_overlaps(house: House, acme: Any) -> None:
    old = await a_key(acme, scopes=["audit:read"])
    new = (await acme.post(f"{KEYS}/{old['id']}/rotate", json={"overlap_hours": 1})).json()

    during = [await house.client(each["key"]).get(ME) for each in (old, new)]
    house.clock.passed += 3660
    after = [await house.client(each["key"]).get(ME) for each in (old, new)]

    assert [200, 200] == [each.status_code for each in during]
    assert [401, 200] == [each.status_code for each in after]
    assert new["scopes"] == old["scopes"]


async def test_a_key_is_rotated_once(acme: Any) -> None:
    old = await a_key(acme)
    await acme.post(f"{KEYS}/{old['id']}/rotate")

    again = await acme.post(f"{KEYS}/{old['id']}/rotate")

    assert (again.status_code, again.json()["code"]) == (409, "key_ended")


async def test_a_key_that_ends_soon_is_rotated_and_the_new_one_lasts_as_long(
    house: House, acme: Any
) -> None:
    old = await a_key(acme, expires_in_days=1)
    house.clock.passed += 20 * 3600

    answer = await acme.post(f"{KEYS}/{old['id']}/rotate", json={"overlap_hours": 48})
    again = await acme.post(f"{KEYS}/{old['id']}/rotate", json={"overlap_hours": 1})
    new = answer.json()
    good = {}
    for hours in (0, 5, 25):
        house.clock.passed += hours * 3600
        asked = [await house.client(each["key"]).get(ME) for each in (old, new)]
        good[hours] = [each.status_code for each in asked]

    assert (answer.status_code, again.status_code) == (201, 409)
    assert good == {0: [200, 200], 5: [401, 200], 25: [401, 401]}


async def test_a_key_whose_time_is_over_is_not_rotated(house: House, acme: Any) -> None:
    old = await a_key(acme, expires_in_days=1)
    house.clock.passed += 86_461

    answer = await acme.post(f"{KEYS}/{old['id']}/rotate")

    assert (answer.status_code, answer.json()["code"]) == (409, "key_ended")


async def test_a_revoked_key_is_refused_here_at_once_and_elsewhere_within_60_s(
    house: House, acme: Any
) -> None:
    made, elsewhere = await a_key(acme), house.elsewhere()
    client = house.client(made["key"])
    await client.get(ME)
    await elsewhere.caller(made["key"])

    await acme.delete(f"{KEYS}/{made['id']}")

    assert (await client.get(ME)).status_code == 401
    house.clock.passed += 61
    with pytest.raises(Denied):
        await elsewhere.caller(made["key"])


async def test_a_key_ends_when_it_was_to_end(house: House, acme: Any) -> None:
    made = await a_key(acme, expires_in_days=1)
    client = house.client(made["key"])

    before = await client.get(ME)
    house.clock.passed += 86_461
    after = await client.get(ME)

    assert (before.status_code, after.status_code) == (200, 401)


async def test_when_a_key_was_last_used_is_noted_once_an_hour(house: House, acme: Any) -> None:
    made = await a_key(acme)
    times = set()
    for seconds in (0, 61, 61, 3600):
        house.clock.passed += seconds
        await house.client(made["key"]).get(ME)
        times.add((await house.store.keys.find(made["id"])).last_used_at)  # type: ignore[union-attr]

    assert len(times) == 2


async def test_another_tenants_keys_are_not_there(house: House, acme: Any) -> None:
    other, made = await house.found("other"), await a_key(acme)

    answers = [
        await other.post(f"{KEYS}/{made['id']}/rotate"),
        await other.delete(f"{KEYS}/{made['id']}"),
    ]

    assert [404, 404] == [each.status_code for each in answers]
    assert made["id"] not in (await other.get(KEYS)).text


async def test_a_test_key_lives_in_a_house_that_nothing_leaves(house: House, acme: Any) -> None:
    made = await a_key(acme, environment="test")

    caller = await house.accounts.caller(made["key"])
    elsewhere = house.elsewhere()
    stranger = await elsewhere.caller(made["key"])

    assert (caller.tenant, stranger.tenant) == ("acme.test", "acme.test")
    assert house.accounts.policy(caller.tenant).is_sandboxed
    assert elsewhere.policy(caller.tenant).is_sandboxed
    assert not house.accounts.policy(TenantId("acme")).is_sandboxed


async def test_a_test_environment_nobody_has_met_is_sandboxed_too(house: House) -> None:
    assert house.elsewhere().policy(TenantId("unknown.test")).is_sandboxed


async def test_a_test_key_touches_neither_operators_nor_keys(house: House, acme: Any) -> None:
    client = house.client((await a_key(acme, environment="test"))["key"])

    answers = [await client.get(path) for path in (KEYS, "/api/v1/operators")]

    assert [403, 403] == [each.status_code for each in answers]


# OAuth2


async def a_token(house: House, key: dict[str, Any], **form: str) -> httpx2.Response:
    data = {
        "grant_type": "client_credentials",
        "client_id": key["id"],
        "client_secret": key["key"],
        **form,
    }
    answer: httpx2.Response = await house.client().post(TOKEN, data=data)
    return answer


async def test_a_program_gets_a_token_for_its_key(house: House, acme: Any) -> None:
    key = await a_key(acme, scopes=["audit:read", "keys:read"])

    answer = await a_token(house, key, scope="audit:read")

    client = house.client(answer.json()["access_token"])
    assert (answer.status_code, answer.json()["scope"]) == (200, "audit:read")
    assert answer.headers["cache-control"] == "no-store"
    assert (await client.get("/api/v1/audit")).status_code == 200
    assert (await client.get(KEYS)).status_code == 403


async def test_a_program_may_say_who_it_is_by_http_basic(house: House, acme: Any) -> None:
    key = await a_key(acme)

    answer = await house.client().post(
        TOKEN, data={"grant_type": "client_credentials"}, auth=(key["id"], key["key"])
    )

    assert answer.status_code == 200


async def test_a_token_is_no_better_than_its_key(house: House, acme: Any) -> None:
    key = await a_key(acme)
    client = house.client((await a_token(house, key)).json()["access_token"])
    before = await client.get(ME)

    await acme.delete(f"{KEYS}/{key['id']}")

    assert (before.status_code, (await client.get(ME)).status_code) == (200, 401)


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"client_id": "somebodyelse"}, 401, "invalid_client"),
        ({"client_secret": "sw_wrong"}, 401, "invalid_client"),
        ({"scope": "audit:read keys:write"}, 400, "invalid_scope"),
        ({"scope": "tenants:write"}, 400, "invalid_scope"),
    ],
)
async def test_a_token_is_refused_in_the_words_of_oauth2(
    house: House, acme: Any, *, form: dict[str, str], status: int, error: str
) -> None:
    key = await a_key(acme, scopes=["audit:read"])

    answer = await a_token(house, key, **form)

    assert (answer.status_code, answer.json()["error"]) == (status, error)


async def test_whoever_got_into_the_sample_is_refused_where_it_does_not_run(
    tmp_path: Path,
) -> None:
    async with a_house(tmp_path, lets_sample_in=True) as house:
        key = new_key()
        await house.accounts.ensure_tenant(SAMPLE, "Sample", is_sandboxed=True)
        await house.accounts.ensure_key(SAMPLE, key, name="sample")
        sample = house.client(key.text)
        made = await a_key(sample)
        in_tests = await a_key(sample, environment="test")
        token = (await a_token(house, made)).json()["access_token"]
        owner = {"email": GRACE, "name": "Grace", "role": "owner", "password": PASSWORD}
        assert (await sample.post("/api/v1/operators", json=owner)).status_code == 201
        signed_in = (await house.sign_in(organization_id=SAMPLE)).json()["access_token"]

        for credential in (key.text, made["key"], in_tests["key"], token, signed_in):
            assert (await house.accounts.caller(credential)).tenant.startswith(SAMPLE)
            with pytest.raises(Denied, match="where the sample runs") as refused:
                await house.elsewhere().caller(credential)
            assert refused.value.is_unknown
