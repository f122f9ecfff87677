"""Operators sign in, stay so, and are out when they should be."""

import asyncio
import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from sendwell.adapters.passwords.argon2id import Argon2id
from sendwell.adapters.passwords.bcrypt import Bcrypt
from sendwell.adapters.passwords.hasher import SlowPasswords
from sendwell.domain.errors import Denied
from sendwell.domain.ids import TenantId
from sendwell.domain.permissions import Role
from tests.roles.accounts_house import GRACE, PASSWORD, House, a_house

ACME = TenantId("acme")
ME = "/api/v1/sessions/current"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path) as house:
        await house.found()
        yield house


async def test_an_operator_signs_in_and_is_who_they_are(house: House) -> None:
    grace = await house.signed_in()

    found = (await grace.get(ME)).json()

    assert (found["organization_id"], found["role"]) == ("acme", "owner")
    assert grace.tokens["expires_in"] == 86_400


@pytest.mark.parametrize(
    ("organization", "email", "password"),
    [
        ("acme", GRACE, "wrong password"),
        ("acme", "nobody@example.org", PASSWORD),
        ("nowhere", GRACE, PASSWORD),
        ("acme.test", GRACE, PASSWORD),
        ("acme", GRACE, f"{PASSWORD}\0"),
        ("acme", GRACE, PASSWORD.upper()),
    ],
)
async def test_whatever_is_wrong_is_refused_in_the_same_words(
    house: House, organization: str, email: str, password: str
) -> None:
    answer = await house.sign_in(email, password, organization_id=organization)

    assert answer.status_code in {400, 401}
    if answer.status_code == 401:
        assert "Organization, address or password are not right." == answer.json()["detail"]


async def test_an_operator_is_found_in_whichever_case_the_address_is_written(house: House) -> None:
    assert (await house.sign_in(GRACE.upper())).status_code == 201


async def test_a_refresh_token_counts_once_and_a_copy_of_it_ends_the_session(house: House) -> None:
    grace = await house.signed_in()
    first = {"refresh_token": grace.tokens["refresh_token"]}
    anybody = house.client()

    second = await anybody.post("/api/v1/sessions/refresh", json=first)
    again = await anybody.post("/api/v1/sessions/refresh", json=first)
    third = await anybody.post(
        "/api/v1/sessions/refresh", json={"refresh_token": second.json()["refresh_token"]}
    )

    assert [200, 401, 401] == [each.status_code for each in (second, again, third)]
    assert (await grace.get(ME)).status_code == 401


async def test_of_two_who_refresh_at_once_at_most_one_goes_on(house: House) -> None:
    grace = await house.signed_in()
    body = {"refresh_token": grace.tokens["refresh_token"]}

    answers = await asyncio.gather(
        *(house.client().post("/api/v1/sessions/refresh", json=body) for _ in range(4))
    )

    assert [each.status_code for each in answers].count(200) <= 1


async def test_who_has_signed_out_is_out(house: House) -> None:
    grace = await house.signed_in()

    assert (await grace.delete(ME)).status_code == 204

    refresh = {"refresh_token": grace.tokens["refresh_token"]}
    assert (await grace.get(ME)).status_code == 401
    assert (await house.client().post("/api/v1/sessions/refresh", json=refresh)).status_code == 401


async def test_a_session_that_ended_elsewhere_ends_here_within_60_s(house: House) -> None:
    grace, elsewhere = await house.signed_in(), house.elsewhere()
    token = grace.tokens["access_token"]
    await elsewhere.caller(token)
    await grace.delete(ME)

    house.clock.passed += 61

    with pytest.raises(Denied, match="revoked"):
        await elsewhere.caller(token)


async def test_a_token_ends_after_a_day_and_the_refresh_token_goes_on(house: House) -> None:
    grace = await house.signed_in()
    house.clock.passed += 86_401

    answer = await house.client().post(
        "/api/v1/sessions/refresh", json={"refresh_token": grace.tokens["refresh_token"]}
    )

    assert (await grace.get(ME)).status_code == 401
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/api/v1/operators/{}/password", {"password": "another password"}),
        ("PATCH", "/api/v1/operators/{}", {"role": "viewer"}),
        ("PATCH", "/api/v1/operators/{}", {"disabled": True}),
    ],
)
async def test_another_password_or_role_ends_all_sessions(
    house: House, method: str, path: str, body: dict[str, Any]
) -> None:
    alan, owner = await house.operator(Role.EDITOR), await house.signed_in()
    other = await house.signed_in("editor@example.org")

    answer = await owner.request(method, path.format(alan.id), json=body)

    assert answer.status_code in {200, 204}, answer.text
    assert [401, 401] == [(await each.get(ME)).status_code for each in (alan, other)]
    refresh = {"refresh_token": alan.tokens["refresh_token"]}
    assert (await house.client().post("/api/v1/sessions/refresh", json=refresh)).status_code == 401


async def test_one_changes_ones_own_password_with_the_current_one(house: House) -> None:
    grace = await house.signed_in()
    new = "four other words entirely"

    wrong = await grace.put(f"{ME}/password", json={"current": "guessed", "password": new})
    right = await grace.put(f"{ME}/password", json={"current": PASSWORD, "password": new})

    assert (wrong.status_code, right.status_code) == (400, 204)
    assert (await grace.get(ME)).status_code == 401
    assert [401, 201] == [
        (await house.sign_in(password=each)).status_code for each in (PASSWORD, new)
    ]


async def test_who_is_disabled_cannot_sign_in(house: House) -> None:
    alan, owner = await house.operator(Role.EDITOR), await house.signed_in()
    await owner.patch(f"/api/v1/operators/{alan.id}", json={"disabled": True})

    assert (await house.sign_in("editor@example.org")).status_code == 401


def forged(token: str, header: dict[str, Any], **claims: Any) -> str:
    """The token with another header or claims, signed by nobody."""
    _, payload, signature = token.split(".")
    old = json.loads(urlsafe_b64decode(payload + "=="))
    parts = [header, {**old, **claims}]
    encoded = [urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts]
    return ".".join([*encoded, signature])


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none", "typ": "at+jwt"},
        {"alg": "HS256", "typ": "at+jwt", "kid": "../../dev/null"},
        {"alg": "HS256", "typ": "at+jwt", "crit": ["exp"]},
        {"alg": "HS256", "typ": "at+jwt", "crit": 1},
        {"alg": "HS256", "typ": "at+jwt", "crit": [1]},
        {"alg": "HS256", "typ": "at+jwt", "jku": "https://evil.example/keys"},
        {"alg": "RS256", "typ": "at+jwt"},
        {"alg": "HS512", "typ": "at+jwt"},
        {"alg": "HS256", "typ": "at+jwt"},
    ],
)
async def test_a_forged_token_is_refused(house: House, header: dict[str, Any]) -> None:
    grace = await house.signed_in()
    token = forged(grace.tokens["access_token"], header, org="other")

    for text in (token, token.rpartition(".")[0] + "."):
        assert (await house.client(text).get(ME)).status_code == 401


async def test_a_token_that_somebody_else_signed_is_refused(house: House) -> None:
    grace = await house.signed_in()
    payload = grace.tokens["access_token"].split(".")[1]
    claims = json.loads(urlsafe_b64decode(payload + "=="))
    key = OctKey.import_key(b"sendwell-on-this-machine-only-or-not")
    token = jwt.encode({"alg": "HS256", "typ": "at+jwt"}, claims, key)

    assert (await house.client(token).get(ME)).status_code == 401


async def test_a_refresh_token_is_no_access_token(house: House) -> None:
    grace = await house.signed_in()

    assert (await house.client(grace.tokens["refresh_token"]).get(ME)).status_code == 401


async def test_guessing_is_slowed_and_the_owner_gets_in_where_they_are_known(
    house: House,
) -> None:
    await house.sign_in(address="198.51.100.7")
    house.clock.stand_still()

    guesses = [await house.sign_in(password=f"guess {n}") for n in range(30)]
    owner = await house.sign_in(address="198.51.100.7")

    refused = [each.status_code for each in guesses]
    assert refused[:5] == [401] * 5
    assert refused[-1] == 429
    assert int(guesses[-1].headers["retry-after"]) >= 1
    assert owner.status_code == 201


async def test_a_thousand_tries_at_once_are_counted_one_by_one(house: House) -> None:
    house.clock.stand_still()

    answers = await asyncio.gather(*(house.sign_in(password=f"guess {n}") for n in range(100)))

    assert [each.status_code for each in answers].count(401) <= 6


async def test_a_guesser_at_many_accounts_is_slowed_by_address(house: House) -> None:
    house.clock.stand_still()

    answers = [await house.sign_in(f"{n}@example.org", address="203.0.113.9") for n in range(60)]

    assert 429 == answers[-1].status_code
    assert (await house.sign_in(address="203.0.113.10")).status_code == 201


async def test_a_password_moves_over_when_another_hash_is_set(tmp_path: Path) -> None:
    bcrypt = Bcrypt(cost=4)
    old, new = SlowPasswords([bcrypt]), SlowPasswords([Argon2id(memory_kib=8, passes=1), bcrypt])
    long = "x" * 100
    async with a_house(tmp_path, old) as house:
        await house.found()
        owner = await house.signed_in()
        body = {"email": "l@example.org", "name": "L", "role": "viewer", "password": long}
        await owner.post("/api/v1/operators", json=body)
        before = await house.store.operators.by_email(ACME, "l@example.org")
    async with a_house(tmp_path, new) as house:
        answers = [await house.sign_in("l@example.org", p) for p in (long[:72], long, long)]
        after = await house.store.operators.by_email(ACME, "l@example.org")

    assert [401, 201, 201] == [each.status_code for each in answers]
    assert before is not None
    assert after is not None
    assert (before.password or "").startswith("$2b$04$")
    assert (after.password or "").startswith("$argon2id$")


async def test_it_takes_as_long_to_refuse_nobody_as_somebody(tmp_path: Path) -> None:
    passwords = SlowPasswords([Argon2id(memory_kib=19_456, passes=2)])
    async with a_house(tmp_path, passwords) as house:
        await house.found()
        took: dict[str, list[float]] = {GRACE: [], "nobody@example.org": []}
        for round_ in range(5):
            for email, times in took.items():
                began = time.process_time()
                await house.sign_in(email, "wrong password", address=f"192.0.2.{round_}")
                times.append(time.process_time() - began)

    somebody, nobody = (sorted(times)[2] for times in took.values())
    assert nobody == pytest.approx(somebody, rel=0.5)
    assert nobody > 0.005
