"""What the flow asks the users role, and what it tells it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sendwell.adapters.system import SystemClock
from sendwell.domain.consent import Matter, objection
from sendwell.domain.ids import ChannelName, TenantId, UserId
from sendwell.domain.person import Person
from sendwell.ports.database import Database
from sendwell.roles.users.cache import PeopleCache
from sendwell.roles.users.service import Users
from sendwell.roles.users.service.suppressions import EVERYBODY, Notice, Suppressions
from sendwell.roles.users.store import UserStore
from sendwell.roles.users.store.suppressions import Reasons, SuppressionStore
from tests.roles.patient_clock import PatientClock
from tests.roles.users_house import (
    ACME,
    ADA,
    ADDRESS,
    BOB,
    EMAIL,
    HERE,
    OTHER,
    PERSON,
    PUSH,
    SMS,
    Role,
    a_role,
    a_token,
    the_person,
)


@pytest.fixture
async def role(tmp_path: Path, users_database: Database) -> AsyncIterator[Role]:
    async with a_role(tmp_path, users_database) as role:
        yield role


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
    await role.elsewhere().preferences.choose(ACME, ADA, value={"enabled": False})

    role.clock.passed += 4
    soon = await the_person(role.users)
    role.clock.passed += 1.1
    later = await the_person(role.users)

    assert before is soon
    assert later is not None
    assert objection(Matter("email", "any"), later.preferences)


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
    await role.users.suppress(ACME, SMS, address="+43", reason="again", at=role.clock.now())
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

    await role.users.suppress(ACME, PUSH, address="dead-token", reason="gone", at=role.clock.now())

    person = await the_person(role.users)
    assert person is not None
    assert person.addresses[PUSH] == {2: "live-token"}
    assert await suppressed(role.users, (PUSH, "dead-token")) == {(PUSH, "dead-token"): "gone"}


async def test_a_token_that_comes_back_is_good_again(role: Role) -> None:
    await role.acme.put(HERE, json={})
    await role.users.suppress(ACME, PUSH, address="a-token", reason="unregistered", at=1)
    assert await suppressed(role.users, (PUSH, "a-token"))

    await a_token(role, "a-token")

    assert await suppressed(role.users, (PUSH, "a-token")) == {}
    assert await suppressed(role.elsewhere(), (PUSH, "a-token")) == {}


async def test_news_from_before_a_lift_does_not_count(role: Role) -> None:
    before = role.clock.now()
    await role.users.suppress(ACME, SMS, address="+43", reason="stop", at=before)
    await role.users.unsuppress(ACME, SMS, address="+43")

    await role.users.suppress(ACME, SMS, address="+43", reason="stop", at=before)

    for users in (role.users, role.elsewhere()):
        assert await suppressed(users, (SMS, "+43")) == {}


async def test_news_from_before_the_app_was_seen_takes_no_token(role: Role) -> None:
    await role.acme.put(HERE, json={})
    before = role.clock.now()
    await a_token(role, "a-token")

    await role.users.suppress(ACME, PUSH, address="a-token", reason="gone", at=before)

    person = await the_person(role.users)
    assert person is not None
    assert person.addresses[PUSH] == {1: "a-token"}
    assert await suppressed(role.users, (PUSH, "a-token")) == {}


async def test_of_two_reasons_the_later_one_counts(role: Role) -> None:
    for reason, at in (("later", 2), ("earlier", 1)):
        await role.users.suppress(ACME, SMS, address="+43", reason=reason, at=at)

    assert await suppressed(role.users, (SMS, "+43")) == {(SMS, "+43"): "later"}


async def test_a_suppression_that_is_stored_while_the_list_is_read_holds(role: Role) -> None:
    wanted = (SMS, "+43")

    await asyncio.gather(
        suppressed(role.users, wanted),
        role.users.suppress(ACME, SMS, address="+43", reason="stop", at=1),
        suppressed(role.users, wanted),
    )

    assert await suppressed(role.users, wanted) == {wanted: "stop"}


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
        for tenant in (ACME, OTHER):
            await small.change([Notice(tenant, SMS, f"+{number}", "stop", 1)])

        for tenant in (ACME, OTHER):
            assert number + 1 == len(await small.among(tenant, wanted))


async def test_lists_that_are_too_many_together_are_not_read_again_and_again(role: Role) -> None:
    store = WholeReads(role.database)
    clock = PatientClock()
    small = Suppressions(store, clock=clock, most=10)
    tenants = [ACME, OTHER, TenantId("third")]
    for tenant in tenants:
        await small.change([Notice(tenant, SMS, f"+{number}", "stop", 1) for number in range(4)])

    async def ask_all() -> int:
        """Gives how many lists were read whole for it."""
        before = store.whole
        for tenant in tenants:
            assert {(SMS, "+3"): "stop"} == await small.among(tenant, [(SMS, "+3"), (SMS, "+7")])
        return store.whole - before

    assert await ask_all() == 3
    assert [await ask_all() for _ in range(5)] == [0] * 5
    clock.passed = 301.0
    assert await ask_all() == 1
    await small.change([Notice(ACME, SMS, f"+{number}", None, 2) for number in range(3)])
    clock.passed = 602.0
    assert [await ask_all() for _ in range(2)] == [1, 0]
    clock.passed = 903.0
    assert await ask_all() == 0


class WholeReads(SuppressionStore):
    """Counts how often a list is read from its beginning."""

    whole = 0

    async def changed_since(self, tenant: TenantId, since: int, *, most: int) -> Reasons:
        self.whole += since == 0 and tenant != EVERYBODY
        return await super().changed_since(tenant, since, most=most)
