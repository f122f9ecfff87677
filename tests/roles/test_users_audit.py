"""What is done to people goes on the audit log, in the transaction of the change itself."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.adapters.system import SystemIds
from sendwell.domain.fingerprint import pseudonym
from sendwell.domain.stop_words import Meaning
from sendwell.ports.audit import Deed
from sendwell.ports.database import Database, Write, run_within
from sendwell.ports.listener import Reply
from sendwell.roles.accounts import tables as accounts_tables
from sendwell.roles.accounts.service.audit_log import AuditLog
from sendwell.roles.accounts.store import AccountStore
from sendwell.roles.users.service.stop_words import StopWords
from sendwell.roles.users.store import UserStore
from sendwell.roles.users.store.people import Profile
from sendwell.runtime.record import tables as record_tables
from sendwell.runtime.record.audit_outbox import AuditOutbox
from tests.roles.users_house import (
    ACME,
    ADA,
    BOB,
    EMAIL,
    HERE,
    PERSON,
    SMS,
    Role,
    a_role,
    a_token,
    deeds,
)

WHO = pseudonym(ACME, ADA)
SPORT = f"{HERE}/subscriptions/news/sport"


@pytest.fixture
async def role(tmp_path: Path, users_database: Database) -> AsyncIterator[Role]:
    async with a_role(tmp_path, users_database) as role:
        yield role


@pytest.fixture
async def ada(role: Role) -> Role:
    """She is there, and on record."""
    await role.acme.put(HERE, json=PERSON)
    return role


def short(deed: Deed) -> tuple[str, dict[str, Any]]:
    return deed.action, dict(deed.details)


async def newest(role: Role) -> tuple[str, dict[str, Any]]:
    return short((await deeds(role))[-1])


async def test_who_stored_a_person_and_which_fields_is_on_record(role: Role) -> None:
    await role.acme.put(HERE, json=PERSON)

    (deed,) = await deeds(role)
    assert (deed.tenant, deed.actor, deed.subject) == (ACME, "test", WHO)
    assert short(deed) == (
        "person.created",
        {"fields": "email,sms,webhook,locale,timezone,name,attributes"},
    )


async def test_of_a_change_only_the_fields_that_are_others_now_are_named(ada: Role) -> None:
    await ada.acme.put(HERE, json={**PERSON, "phone": None, "attributes": {"plan": 1}})

    assert await newest(ada) == ("person.changed", {"fields": "sms,attributes"})


async def test_a_number_that_becomes_true_is_another_value(ada: Role) -> None:
    await ada.acme.put(HERE, json={"attributes": {"plan": 1}})

    await ada.acme.put(HERE, json={"attributes": {"plan": True}})

    assert await newest(ada) == ("person.changed", {"fields": "attributes"})


async def test_storing_the_same_again_leaves_no_entry(ada: Role) -> None:
    await ada.acme.put(HERE, json=PERSON)

    assert len(await deeds(ada)) == 1


async def test_changes_that_are_committed_together_are_told_apart(role: Role) -> None:
    profiles = [Profile(name=name) for name in ("a", "b", "b", "c")]

    await asyncio.gather(*(role.users.put(ACME, ADA, each, by="test") for each in profiles))

    assert [short(each)[0] for each in await deeds(role)] == [
        "person.created",
        "person.changed",
        "person.changed",
    ]


async def test_who_is_refused_leaves_no_entry(ada: Role) -> None:
    await ada.acme.post(f"{HERE}/erasure")
    before = len(await deeds(ada))

    refused = await ada.acme.put(HERE, json=PERSON)

    assert refused.status_code == 409
    assert len(await deeds(ada)) == before


async def test_a_person_is_deleted_once(ada: Role) -> None:
    await ada.acme.delete(HERE)
    gone = await ada.acme.delete(HERE)

    assert gone.status_code == 404
    assert [short(each) for each in await deeds(ada)][1:] == [("person.deleted", {})]


async def test_preferences_are_told_by_their_members(ada: Role) -> None:
    chosen = {"categories": {"marketing": False}, "order": ["email"]}

    await ada.acme.put(f"{HERE}/preferences", json=chosen)
    await ada.acme.put(f"{HERE}/preferences", json=chosen)

    assert [short(each) for each in await deeds(ada)][1:] == [
        ("preferences.changed", {"fields": "categories,order"})
    ]


async def test_preferences_that_were_others_by_then_leave_no_entry(ada: Role) -> None:
    before = len(await deeds(ada))

    answer = await ada.acme.put(f"{HERE}/preferences", json={}, headers={"If-Match": '"x"'})

    assert answer.status_code == 412
    assert len(await deeds(ada)) == before


async def test_a_subscription_does_not_say_to_what(ada: Role) -> None:
    await ada.acme.put(SPORT)
    await ada.acme.delete(SPORT)

    assert [short(each) for each in await deeds(ada)][1:] == [
        ("preferences.changed", {"fields": "topics"}),
        ("preferences.changed", {"fields": "topics"}),
    ]


async def test_what_somebody_agreed_to_elsewhere_is_told(ada: Role) -> None:
    said = {"given": False, "category": "marketing", "source": "paper"}

    await ada.acme.post(f"{HERE}/consents", json=said)
    await ada.acme.post(f"{HERE}/consents", json=said)

    assert [short(each) for each in await deeds(ada)][1:] == [
        ("consent.recorded", {"fields": "categories"}),
        ("consent.recorded", {}),
    ]


async def test_a_token_is_told_when_it_comes_and_goes_and_not_when_it_is_seen(ada: Role) -> None:
    await a_token(ada, "a-token")
    await a_token(ada, "a-token")
    await ada.acme.delete(f"{HERE}/tokens/1")
    await ada.acme.delete(f"{HERE}/tokens/1")

    assert [short(each) for each in await deeds(ada)][1:] == [
        ("token.added", {"number": 1}),
        ("token.removed", {"number": 1}),
    ]


async def test_who_loses_a_token_to_somebody_else_has_an_entry(ada: Role) -> None:
    await ada.acme.put("/api/v1/users/bob", json={})
    await a_token(ada, "a-token")

    await a_token(ada, "a-token", "bob")

    assert [(each.action, each.subject) for each in await deeds(ada)][-2:] == [
        ("token.removed", WHO),
        ("token.added", pseudonym(ACME, BOB)),
    ]


async def test_a_contact_is_told_by_its_channel(ada: Role) -> None:
    for is_so in (True, False):
        await ada.acme.post(f"{HERE}/contacts/email/verification", json={"verified": is_so})

    assert [short(each) for each in await deeds(ada)][1:] == [
        ("contact.verified", {"fields": "email"}),
        ("contact.unverified", {"fields": "email"}),
    ]


async def test_an_import_is_told_where_it_begins_and_where_it_ends(role: Role) -> None:
    asked = {"format": "ndjson", "mode": "merge"}
    id_ = (await role.acme.post("/api/v1/imports", json=asked)).json()["id"]
    first = b'{"user_id": "ada"}\n'
    await role.acme.patch(f"/api/v1/imports/{id_}", content=first, headers={"Upload-Offset": "0"})

    last = {"Upload-Offset": str(len(first)), "Upload-Complete": "?1"}
    await role.acme.patch(f"/api/v1/imports/{id_}", content=b"x\n", headers=last)

    assert [(each.actor, each.subject) for each in await deeds(role)] == [("test", id_)] * 2
    assert [short(each) for each in await deeds(role)] == [
        ("import.begun", {"format": "ndjson", "mode": "merge"}),
        ("import.finished", {"created": 1, "updated": 0, "refused": 1}),
    ]


async def test_nothing_that_people_are_or_have_is_told(ada: Role) -> None:
    await ada.acme.put(f"{HERE}/preferences", json={"topics": {"zanzibar": True}})
    await a_token(ada, "zanzibar-token")

    told = repr(await deeds(ada))

    secrets = ("ada", "Ada", "zanzibar", "+43", "Vienna", "example.org", "plan", "seats")
    assert [each for each in secrets if each in told] == []


async def test_what_somebody_has_written_back_is_told_as_their_own_doing(ada: Role) -> None:
    store = UserStore(ada.database)
    stop_words = StopWords(store.holders, store.suppressions, ada.users, clock=ada.clock)
    number = PERSON["phone"]

    await stop_words.hear(Reply(ACME, SMS, str(number), Meaning.REVOKE, ada.clock.now(), "SM1"))

    deed = (await deeds(ada))[-1]
    assert (deed.actor, deed.subject) == ("person", WHO)
    assert short(deed) == ("consent.recorded", {"fields": "channels"})


async def test_what_the_product_does_by_itself_is_not_told(role: Role) -> None:
    await role.users.put(ACME, ADA, Profile({EMAIL: "ada@example.org"}))

    assert await deeds(role) == []


async def test_the_log_takes_what_a_transaction_on_a_thread_has_told(tmp_path: Path) -> None:
    here, there = (
        SqliteDatabase(tmp_path / "here.sqlite"),
        SqliteDatabase(tmp_path / "there.sqlite"),
    )
    record_tables.METADATA.create_all(here.engine)
    accounts_tables.METADATA.create_all(there.engine)
    outbox, store = AuditOutbox(here, new_id=SystemIds().notification), AccountStore(there)
    carrying = asyncio.create_task(outbox.run(store.audit))

    def tell(connection: Connection, told: Sequence[Deed]) -> None:
        run_within(connection, map(outbox.recorded, told))

    async with asyncio.timeout(10):
        for number in range(3):
            deed = Deed(ACME, "test", "person.changed", WHO, number)
            await here.commit([Write(tell, [deed])])
            while (await store.audit.head(ACME)).length <= number:
                await asyncio.sleep(0.01)

    assert (await AuditLog(store.audit).verify(ACME)).broken is None
    assert len(await AuditLog(store.audit).page(ACME, before=None, limit=9, user=ADA)) == 3
    assert await AuditLog(store.audit).page(ACME, before=None, limit=9, user=BOB) == []
    carrying.cancel()
    await asyncio.wait([carrying])
    await here.close()
    await there.close()
