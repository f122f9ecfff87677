"""By which of their addresses people were really reached."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sendwell.domain.consent import Preferences
from sendwell.domain.ids import UserId
from sendwell.ports.database import Database
from sendwell.roles.users.store.consents import Occasion
from sendwell.roles.users.store.people import Profile, Put
from sendwell.roles.users.tables import CONTACT
from tests.roles.users_house import ACME, ADA, ADDRESS, BOB, EMAIL, HERE, PERSON, SMS, Role, a_role


@pytest.fixture
async def role(tmp_path: Path, users_database: Database) -> AsyncIterator[Role]:
    async with a_role(tmp_path, users_database) as role:
        await role.acme.put(HERE, json=PERSON)
        yield role


async def verify(role: Role, channel: str = "email", **body: Any) -> Any:
    path = f"{HERE}/contacts/{channel}/verification"
    return await role.acme.post(path, json={"verified": True, **body})


async def verified(role: Role) -> list[str]:
    found: list[str] = (await role.acme.get(HERE)).json()["verified"]
    return found


async def test_contacts_begin_unverified(role: Role) -> None:
    contacts = (await role.acme.get(f"{HERE}/contacts")).json()["data"]

    assert [("email", ADDRESS), ("sms", "+436641234567")] == [
        (each["channel"], each["address"]) for each in contacts[:2]
    ]
    assert {each["verified"] for each in contacts} == {False}
    assert await verified(role) == []


async def test_a_contact_is_verified_and_it_is_told_how(role: Role) -> None:
    answer = await verify(role, how="They opened the link.")

    (email, *_) = (await role.acme.get(f"{HERE}/contacts")).json()["data"]
    assert answer.json() == email
    assert (email["verified"], email["how"]) == (True, "They opened the link.")
    assert email["verified_at"].endswith("Z")
    assert await verified(role) == ["email"]


async def test_what_was_verified_can_be_taken_back(role: Role) -> None:
    await verify(role)

    answer = await verify(role, verified=False)

    assert (answer.json()["verified"], answer.json()["verified_at"]) == (False, None)
    assert await verified(role) == []


async def test_an_address_that_is_changed_is_unverified_again(role: Role) -> None:
    await verify(role)
    await verify(role, "sms")

    await role.acme.put(HERE, json={**PERSON, "email": "countess@example.org"})

    assert await verified(role) == ["sms"]


async def test_an_address_that_stays_stays_verified(role: Role) -> None:
    await verify(role)

    await role.acme.put(HERE, json={**PERSON, "name": "Countess"})

    assert await verified(role) == ["email"]


async def test_an_address_that_goes_and_comes_back_is_unverified(role: Role) -> None:
    await verify(role)

    await role.acme.put(HERE, json={})
    await role.acme.put(HERE, json=PERSON)

    assert await verified(role) == []


async def test_there_is_nothing_to_verify_without_an_address(role: Role) -> None:
    await role.acme.put(HERE, json={})

    assert (await verify(role)).status_code == 404
    assert (await verify(role, "carrier_pigeon")).status_code == 404
    assert (await role.acme.get("/api/v1/users/nobody/contacts")).status_code == 404


async def test_who_was_stored_before_there_were_contacts_can_be_verified(role: Role) -> None:
    await role.database.execute(CONTACT.delete())

    before = await verified(role)
    await verify(role)

    assert before == []
    assert await verified(role) == ["email"]


async def test_another_tenant_can_not_verify(role: Role) -> None:
    answer = await role.other.post(f"{HERE}/contacts/email/verification", json={"verified": True})

    assert answer.status_code == 404
    assert await verified(role) == []


async def test_many_people_are_stored_at_once(role: Role) -> None:
    await verify(role)
    chosen = Preferences(topics={"news": {"*": True}})
    puts = [
        Put(ADA, Profile({EMAIL: ADDRESS}), chosen),
        Put(BOB, Profile({SMS: "+436641234567"})),
        Put(BOB, Profile({EMAIL: "bob@example.org"})),
        *(Put(UserId(f"user-{number}"), Profile()) for number in range(500)),
    ]

    are_new = await role.users.put_many(ACME, puts, occasion=Occasion("import", "test"))

    people = await role.users.people(ACME, [ADA, BOB])
    consents = (await role.acme.get(f"{HERE}/consents")).json()["data"]
    assert [False, True, False, *[True] * 500] == list(are_new)
    assert await verified(role) == ["email"]
    assert people[ADA].preferences == chosen
    assert SMS not in people[ADA].addresses
    assert people[BOB].addresses[EMAIL] == {0: "bob@example.org"}
    assert [("news", "import")] == [(each["topic"], each["source"]) for each in consents]
    assert await role.users.subscribers(ACME, "news", most=9) == [ADA]
