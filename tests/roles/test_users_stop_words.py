"""What people write back is heeded: on the lists, and on record."""

from collections.abc import Sequence

import pytest
from sqlalchemy import select

from sendwell.domain.ids import TenantId, UserId
from sendwell.domain.stop_words import Meaning
from sendwell.domain.suppression import Source
from sendwell.ports.database import Database
from sendwell.ports.listener import Reply
from sendwell.roles.users.service import Users
from sendwell.roles.users.service.stop_words import StopWords
from sendwell.roles.users.service.suppressions import EVERYBODY
from sendwell.roles.users.store import UserStore
from sendwell.roles.users.store.consents import Consent
from sendwell.roles.users.store.people import Profile
from sendwell.roles.users.store.suppressions import Narrowed
from sendwell.roles.users.tables import SUPPRESSION
from tests.roles.patient_clock import PatientClock
from tests.roles.users_house import ACME, ADA, BOB, EMAIL, OTHER, SMS

NUMBER = "+436641234567"
ELSEWHERE = "+436640000000"
THIRD = TenantId("third")


class House:
    """The role, with people of three tenants: ada and a namesake share a number."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = PatientClock()
        self.store = UserStore(database)
        self.users = Users(self.store, clock=self.clock)
        self.stop_words = StopWords(
            self.store.holders, self.store.suppressions, self.users, clock=self.clock
        )

    async def hear(
        self, meaning: Meaning, *, tenant: TenantId | None = None, address: str = NUMBER
    ) -> Sequence[TenantId]:
        self.clock.passed += 1
        now = self.clock.now()
        return await self.stop_words.hear(Reply(tenant, SMS, address, meaning, now, "twilio:SM1"))

    async def reached(self) -> list[TenantId]:
        """The tenants who may send to the number."""
        return [
            tenant
            for tenant in (ACME, OTHER, THIRD)
            if not await self.users.suppressed(tenant, [(SMS, NUMBER)])
        ]

    async def listed(self, tenant: TenantId = ACME) -> list[tuple[str | None, Source | None]]:
        found = await self.store.suppressions.page(tenant, Narrowed(), after=None, limit=9)
        return [(each.address, each.source) for each in found]

    async def facts(self, tenant: TenantId = ACME, user: UserId = ADA) -> list[Consent]:
        return await self.users.consents.page(tenant, user, before=None, limit=9)


@pytest.fixture
async def house(users_database: Database) -> House:
    house = House(users_database)
    for tenant, user, number in (
        (ACME, ADA, NUMBER),
        (ACME, BOB, ELSEWHERE),
        (OTHER, ADA, NUMBER),
        (THIRD, BOB, ELSEWHERE),
    ):
        await house.users.put(tenant, user, Profile({SMS: number, EMAIL: "ada@example.org"}))
    return house


async def test_who_says_stop_to_the_platforms_number_is_written_to_by_nobody(house: House) -> None:
    assert await house.reached() == [ACME, OTHER, THIRD]

    tenants = await house.hear(Meaning.REVOKE)

    assert tenants == [ACME, OTHER]
    assert await house.reached() == []


async def test_only_those_whose_person_it_is_see_it_on_their_lists(house: House) -> None:
    await house.hear(Meaning.REVOKE)

    lists = [await house.listed(tenant) for tenant in (ACME, OTHER, THIRD)]

    assert lists == [[(NUMBER, Source.STOP_WORD)], [(NUMBER, Source.STOP_WORD)], []]


async def test_who_says_stop_to_a_tenants_number_means_that_tenant(house: House) -> None:
    tenants = await house.hear(Meaning.REVOKE, tenant=ACME)

    assert tenants == [ACME]
    assert await house.reached() == [OTHER, THIRD]


async def test_a_number_that_nobody_has_is_written_to_no_more(house: House) -> None:
    tenants = await house.hear(Meaning.REVOKE, address="+436649999999")

    found = await house.users.suppressed(ACME, [(SMS, "+436649999999")])

    assert (tenants, list(found.values())) == ([], ["stop_word"])


async def test_the_consent_is_taken_back_on_record_with_what_proves_it(house: House) -> None:
    await house.hear(Meaning.REVOKE)

    (fact,) = await house.facts()

    assert (False, "sms", None) == (fact.fact.is_given, fact.fact.channel, fact.fact.category)
    assert ("stop_word", "person:ada", "twilio:SM1") == (
        fact.occasion.source,
        fact.occasion.actor,
        fact.occasion.evidence,
    )
    assert await house.facts(ACME, BOB) == []
    assert len(await house.facts(OTHER, ADA)) == 1


async def test_other_channels_of_the_person_go_on(house: House) -> None:
    await house.hear(Meaning.REVOKE)

    assert not await house.users.suppressed(ACME, [(EMAIL, "ada@example.org")])


async def test_who_stopped_and_says_start_is_written_to_again(house: House) -> None:
    await house.hear(Meaning.REVOKE)

    await house.hear(Meaning.RESUME)

    assert await house.reached() == [ACME, OTHER, THIRD]
    assert await house.listed() == []
    assert [True, False] == [each.fact.is_given for each in await house.facts()]


async def test_a_yes_of_somebody_who_never_stopped_agrees_to_nothing(house: House) -> None:
    await house.users.suppress(
        ACME, SMS, address=NUMBER, reason="address_gone", at=1, source=Source.GONE
    )

    await house.hear(Meaning.RESUME)

    assert await house.facts() == []
    assert await house.listed() == [(NUMBER, Source.GONE)]


async def test_start_does_not_lift_what_the_tenant_decided(house: House) -> None:
    await house.users.suppress(
        ACME, SMS, address=NUMBER, reason="a letter", at=1, source=Source.HAND
    )
    await house.hear(Meaning.REVOKE)

    await house.hear(Meaning.RESUME)

    assert await house.reached() == [OTHER, THIRD]
    assert await house.listed() == [(NUMBER, Source.HAND)]


@pytest.mark.parametrize("meaning", [Meaning.DOUBTFUL, Meaning.HELP, Meaning.NOTHING])
async def test_anything_else_changes_nothing_and_tells_who_knows_the_number(
    house: House, meaning: Meaning
) -> None:
    tenants = await house.hear(meaning)

    assert tenants == [ACME, OTHER]
    assert await house.reached() == [ACME, OTHER, THIRD]
    assert await house.facts() == []


async def test_the_list_for_everybody_holds_no_address(house: House) -> None:
    await house.hear(Meaning.REVOKE)

    (row,) = await house.database.rows(select(SUPPRESSION).where(SUPPRESSION.c.tenant == EVERYBODY))

    assert row.body is None
    assert NUMBER not in str(row)
