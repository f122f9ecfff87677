"""People log in, see only what is their own, and are out when they should be."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from sendwell.domain.errors import Denied
from sendwell.domain.fingerprint import pseudonym
from sendwell.domain.passwords import PasswordHash
from sendwell.ports.database import Database
from sendwell.roles.users.service.log_in import Attempt
from sendwell.roles.users.tables import CONTACT, PERSON_LOGIN, PERSON_TRY
from sendwell.runtime.server.client_address import CLIENT_ADDRESS, SERVICE
from tests.roles.log_in_house import HOME, LOGIN, PASSWORD, SERVICE_TOKEN, House, a_house
from tests.roles.users_house import ACME, ADA, HERE, pointers, tells_of

OUT = "/api/v1/people/logout"
NEW = "another password, quite as long"
AWAY = "198.51.100.7"
PATIENCE = 10


@pytest.fixture
async def house(tmp_path: Path, users_database: Database) -> AsyncIterator[House]:
    async with a_house(tmp_path, users_database) as house:
        await house.let_in(email="ada@example.org")
        yield house


async def test_a_person_logs_in_and_reads_their_own(house: House) -> None:
    answer = await house.tries()
    ada = house.stranger(token=answer.json()["access_token"])

    found = await ada.get(HERE)

    assert (answer.json()["expires_in"], answer.json()["user_id"]) == (86_400, "ada")
    assert (found.status_code, found.json()["email"]) == (200, "ada@example.org")


@pytest.mark.parametrize("path", ["/api/v1/users/bob", "/api/v1/users/nobody", HERE + "x"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_who_somebody_else_is_stays_unknown_to_a_person(
    house: House, method: str, path: str
) -> None:
    await house.let_in("bob")
    ada = await house.person()

    answer = await ada.request(method, path)

    assert answer.status_code == 403
    assert "only what is their own" in answer.json()["detail"]


@pytest.mark.parametrize(("method", "path"), [("DELETE", HERE), ("PUT", HERE)])
async def test_a_person_cannot_change_what_is_the_tenants(
    house: House, method: str, path: str
) -> None:
    ada = await house.person()

    assert (await ada.request(method, path, json={})).status_code == 403


async def test_a_person_chooses_for_themselves(house: House) -> None:
    ada = await house.person()
    chosen = {"channels": {"email": {"categories": {"marketing": False}}}}

    put = await ada.put(f"{HERE}/preferences", json=chosen)
    token = await ada.post(f"{HERE}/tokens", json={"token": "of-my-phone"})

    assert (put.status_code, token.status_code) == (200, 201), put.text
    assert (await ada.delete(f"{HERE}/tokens/1")).status_code == 204


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "wrong password"},
        {"password": f"{PASSWORD}\0"[:-1] + "\u0001"},
        {"password": PASSWORD.upper()},
        {"user_id": "nobody"},
        {"user_id": "ADA"},
        {"user_id": "bob"},
        {"organization_id": "other"},
        {"organization_id": "nowhere"},
        {"environment": "test"},
        {"email": "nobody@example.org"},
        {"email": "no address"},
    ],
    ids=str,
)
async def test_whatever_is_wrong_is_refused_in_the_same_words(
    house: House, wrong: dict[str, str]
) -> None:
    await house.acme.put("/api/v1/users/bob", json={})
    right = {"organization_id": "acme", "user_id": "ada", "password": PASSWORD}
    if "email" in wrong:
        del right["user_id"]

    answer = await house.stranger().post(LOGIN, json={**right, **wrong})

    assert answer.status_code == 401
    assert "Organization, person or password are not right." == answer.json()["detail"]


@pytest.mark.parametrize("who", [{}, {"user_id": "ada", "email": "ada@example.org"}])
async def test_one_name_is_needed_and_not_two(house: House, who: dict[str, str]) -> None:
    whole = {"organization_id": "acme", "password": PASSWORD, **who}

    answer = await house.stranger().post(LOGIN, json=whole)

    assert answer.status_code == 400


async def test_an_unknown_person_costs_as_much_work_as_a_wrong_password(house: House) -> None:
    hashed: list[str | None] = []
    log_in = house.elsewhere()
    hasher = house.hashers[-1]
    is_right = hasher.is_right

    async def spied(password: str, stored: str | None) -> bool:
        hashed.append(stored)
        return await is_right(password, stored)

    hasher.is_right = spied  # type: ignore[method-assign]
    for user in ("ada", "nobody"):
        with pytest.raises(Denied):
            await log_in.log_in(Attempt(ACME, "wrong password", HOME, user=user))  # type: ignore[arg-type]

    assert [False, True] == [stored is None for stored in hashed]


async def told_email(house: House, user: str, *, verified_at: int | None = None) -> None:
    """The role knows ada's address as that person's."""
    await house.acme.put(f"/api/v1/users/{user}", json={"email": "ada@example.org"})
    await house.database.execute(
        update(CONTACT).where(CONTACT.c.user_id == user).values(verified_at=verified_at)
    )


async def test_an_address_that_one_person_has_logs_them_in(house: House) -> None:
    answer = await house.tries(email="ADA@example.org")

    assert (answer.status_code, answer.json()["user_id"]) == (200, "ada")


async def test_an_address_of_two_people_is_neithers(house: House) -> None:
    await told_email(house, "bob")

    assert (await house.tries(email="ada@example.org")).status_code == 401


async def test_an_address_of_two_people_is_whose_it_was_verified_for(house: House) -> None:
    await told_email(house, "ada", verified_at=1)
    await told_email(house, "bob")

    answer = await house.tries(email="ada@example.org")

    assert (answer.status_code, answer.json()["user_id"]) == (200, "ada")


async def test_a_person_without_a_password_cannot_log_in(house: House) -> None:
    removed = await house.acme.delete(f"{HERE}/password")

    assert (removed.status_code, (await house.tries()).status_code) == (204, 401)
    assert (await house.acme.delete(f"{HERE}/password")).status_code == 404


async def test_nobody_gets_a_password_who_is_not_there(house: House) -> None:
    answer = await house.acme.put("/api/v1/users/nobody/password", json={"password": PASSWORD})

    assert answer.status_code == 404
    assert ["person.password_set"] == [deed.action for deed in await house.deeds()]


async def test_another_tenant_gives_no_passwords(house: House) -> None:
    answer = await house.other.put(f"{HERE}/password", json={"password": NEW})

    assert answer.status_code == 404
    assert (await house.tries()).status_code == 200


async def test_who_is_deleted_is_out_and_their_password_gone(house: House) -> None:
    ada = await house.person()
    await house.acme.delete(HERE)
    house.clock.passed += 61
    await house.acme.put(HERE, json={})

    assert (await ada.get(HERE)).status_code == 401
    assert (await house.tries()).status_code == 401


async def test_passwords_are_stored_as_hashes_and_set_on_record(house: House) -> None:
    ada = await house.person()

    await ada.put(f"{HERE}/password", json={"password": NEW, "current": PASSWORD})

    (row,) = await house.database.rows(select(PERSON_LOGIN))
    assert row.password_hash.startswith("$2b$")
    whose = pseudonym(ACME, ADA)
    assert "ada" not in whose
    told = [(deed.action, deed.subject, deed.actor) for deed in await house.deeds()]
    assert told == [
        ("person.password_set", whose, "test"),
        ("person.password_set", whose, "person"),
    ]


async def test_logging_out_is_on_record(house: House) -> None:
    ada = await house.person()

    answer = await ada.post(OUT)

    assert answer.status_code == 204
    deed = (await house.deeds())[-1]
    whose = pseudonym(ACME, ADA)
    assert (deed.action, deed.subject, deed.actor) == ("person.logged_out", whose, "person")


async def test_a_hash_of_the_other_way_is_understood_and_made_anew(house: House) -> None:
    log_in = house.elsewhere(PasswordHash.ARGON2ID)

    await log_in.log_in(Attempt(ACME, PASSWORD, HOME, user=ADA))

    (row,) = await house.database.rows(select(PERSON_LOGIN))
    assert row.password_hash.startswith("$argon2id$")
    assert (await house.tries()).status_code == 200


@pytest.mark.parametrize("by", ["tenant", "person"])
async def test_all_sessions_end_with_a_password(house: House, by: str) -> None:
    ada, too = await house.person(), await house.person()
    caller = house.acme if by == "tenant" else ada

    answer = await caller.put(f"{HERE}/password", json={"password": NEW, "current": PASSWORD})

    assert answer.status_code == 204, answer.text
    assert [401, 401] == [(await each.get(HERE)).status_code for each in (ada, too)]
    assert (await house.tries()).status_code == 401
    assert (await house.tries(NEW)).status_code == 200


@pytest.mark.parametrize("given", [{}, {"current": "wrong password"}])
async def test_a_person_must_know_their_password_to_change_it(
    house: House, given: dict[str, str]
) -> None:
    ada = await house.person()

    answer = await ada.put(f"{HERE}/password", json={"password": NEW, **given})

    assert (answer.status_code, pointers(answer)) == (400, {"/current"})


async def test_whoever_found_a_session_cannot_guess_its_password_for_long(house: House) -> None:
    ada = await house.person()
    guess = {"password": NEW, "current": "wrong password"}
    house.clock.stand_still()

    answers = [(await ada.put(f"{HERE}/password", json=guess)).status_code for _ in range(6)]

    assert answers == [400] * 5 + [429]


async def test_a_password_that_is_too_short_is_refused(house: House) -> None:
    answer = await house.acme.put(f"{HERE}/password", json={"password": "short"})

    assert (answer.status_code, pointers(answer)) == (400, {"/password"})


async def test_who_has_logged_out_is_out_everywhere(house: House) -> None:
    ada, too = await house.person(), await house.person()

    assert (await ada.post(OUT)).status_code == 204

    assert [401, 401] == [(await each.get(HERE)).status_code for each in (ada, too)]
    assert (await (await house.person()).get(HERE)).status_code == 200


async def test_a_key_has_no_session_to_end(house: House) -> None:
    assert (await house.acme.post(OUT)).status_code == 403


async def test_a_session_that_ended_elsewhere_ends_here_within_60_s(house: House) -> None:
    answer, elsewhere = await house.tries(), house.elsewhere()
    token = answer.json()["access_token"]
    await elsewhere.caller(token)
    await house.stranger(token=token).post(OUT)

    house.clock.passed += 61

    with pytest.raises(Denied, match="over"):
        await elsewhere.caller(token)


async def test_what_is_remembered_elsewhere_too_is_not_remembered_longer(house: House) -> None:
    token = (await house.tries()).json()["access_token"]
    first = (await house.log_in.known(token)).seconds
    house.clock.passed += 20

    second = (await house.log_in.known(token)).seconds

    assert first == pytest.approx(60, abs=1)
    assert second == pytest.approx(40, abs=1)


async def test_a_session_ends_after_a_day(house: House) -> None:
    ada = await house.person()

    house.clock.passed += 86_401

    assert (await ada.get(HERE)).status_code == 401


async def test_a_token_of_another_kind_is_not_a_persons(house: House) -> None:
    token: str = (await house.tries()).json()["access_token"]
    head, claims, signature = token.split(".")
    forged = (f"{head}.{claims}.", f"{head}.{claims}.{signature[:-2]}AA", f"{head}..", "ey.ey.ey")

    answers = [(await house.stranger(token=each).get(HERE)).status_code for each in forged]

    assert [401] * 4 == answers


async def test_a_guesser_is_slowed_and_the_owner_at_home_is_not(house: House) -> None:
    assert (await house.tries()).status_code == 200
    house.clock.stand_still()

    guesses = [await house.tries(f"guess {n} of many", address=AWAY) for n in range(6)]

    assert [429, "1"] == [guesses[-1].status_code, guesses[-1].headers["retry-after"]]
    assert (await house.tries(address=AWAY)).status_code == 429
    assert (await house.tries()).status_code == 200


async def test_a_guesser_gains_nothing_by_calling_a_person_by_the_address(house: House) -> None:
    house.clock.stand_still()

    for number in range(5):
        who = {"user_id": "ada"} if number % 2 else {"email": "ada@example.org"}
        await house.tries("wrong password", address=AWAY, **who)

    answer = await house.tries("wrong password", address=AWAY, user_id="ada")

    assert answer.status_code == 429


async def test_many_guesses_at_once_are_counted_one_by_one(house: House) -> None:
    house.clock.stand_still()

    answers = await asyncio.gather(
        *(house.tries("wrong password", address=AWAY) for _ in range(12))
    )

    assert 7 == [each.status_code for each in answers].count(429)


async def test_tries_are_stored_without_who_and_where(house: House) -> None:
    await house.tries("wrong password", address=AWAY)

    rows = await house.database.rows(select(PERSON_TRY))

    assert rows
    assert not any(AWAY in str(row) or tells_of("ada", row) for row in rows)


async def test_the_gateway_tells_where_a_call_comes_from_and_nobody_else(house: House) -> None:
    gateway, forger = "203.0.113.1", "203.0.113.2"
    whole = {"organization_id": "acme", "user_id": "ada", "password": "wrong password"}
    proof = {SERVICE: SERVICE_TOKEN}
    forged = {SERVICE: "guessed"}
    house.clock.stand_still()

    async def tries(address: str, client: str, shown: dict[str, str]) -> int:
        headers = {CLIENT_ADDRESS: client, **shown}
        answer = await house.stranger(address).post(LOGIN, json=whole, headers=headers)
        return answer.status_code

    far = [await tries(gateway, AWAY, proof) for _ in range(6)]
    near = await tries(gateway, HOME, proof)
    lies = [await tries(forger, f"10.0.0.{n}", forged) for n in range(6)]

    assert (far[-1], near, lies[-1]) == (429, 401, 429)
