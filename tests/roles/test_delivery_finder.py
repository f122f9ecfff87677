"""Which delivery a provider means, where several tenants have chosen the same id."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import NamedTuple, cast

import pytest

from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.adapters.system import SystemClock
from sendwell.domain.delivery_key import DeliveryKey
from sendwell.domain.errors import Unavailable
from sendwell.domain.fingerprint import mark_of
from sendwell.domain.ids import ChannelName, NotificationId, Position, TenantId, UserId
from sendwell.domain.lifecycle import State
from sendwell.domain.person import Person
from sendwell.messages.receipt import Receipt, Said
from sendwell.messages.requested import Requested, To
from sendwell.messages.status import Status
from sendwell.ports.deliveries import Sought
from sendwell.ports.directory import Directory
from sendwell.ports.journal import Entry
from sendwell.ports.keepers import Whom
from sendwell.roles.delivery.store import DeliveryStore
from sendwell.roles.receipts.decision import decide
from sendwell.roles.receipts.look import Look
from sendwell.roles.tracker.deliveries import DeliveryFinder
from sendwell.roles.users.service import Users
from sendwell.roles.users.store import UserStore
from sendwell.roles.users.store.people import Profile
from sendwell.runtime.journal.erasing import JournalKeeper
from sendwell.runtime.journal.journal import SqlJournal
from sendwell.runtime.journal.personal import Theirs
from sendwell.runtime.journal.records import SqlRecords
from tests.services.made import made_file

ACME, OTHER = TenantId("acme"), TenantId("other")
ADA, EMAIL = UserId("ada"), ChannelName("email")
ORDER, PART = NotificationId("order-7"), "0.email"
SENDGRID, PERSONS = "sendgrid", "person@example.org"
WORDS = "550 5.2.2 The mailbox of Ada is full."
numbers = count(1)


class Asking:
    """Asks the users role, unless that is away, and counts how often."""

    def __init__(self, users: Users) -> None:
        self._users = users
        self.is_away = False
        self.questions = 0

    async def people(self, tenant: TenantId, users: Collection[UserId]) -> Mapping[UserId, Person]:
        self.questions += 1
        if self.is_away:
            raise Unavailable("The users role does not answer.")
        return await self._users.people(tenant, users)


class House(NamedTuple):
    """The tracker on an embedded database."""

    database: SqliteDatabase
    journal: SqlJournal
    users: Users
    asking: Asking
    finder: DeliveryFinder

    async def send(
        self,
        tenant: TenantId,
        *,
        by: str = SENDGRID,
        to: To | None = None,
        beside: tuple[To, ...] = (),
        order: NotificationId = ORDER,
    ) -> str:
        """A mail of that tenant has gone out; gives the account's own id of it."""
        number = next(numbers)
        request = Requested(
            id=order,
            tenant=tenant,
            position=Position(number),
            accepted_at=number,
            event_type="order",
            lane=2,
            to=(to or To(email=f"ada@{tenant}.example"), *beside),
        )
        await self.journal.accept([Entry(request, is_named=True)])
        sent = Status(
            tenant, order, request.position, PART, ChannelName("email"), State.SENT,
            at=number, planned_at=number, provider=by, reference=f"mail-{number}",
        )  # fmt: skip
        await self.database.commit(self.journal.recorded([sent]))
        return f"mail-{number}"

    async def found(
        self, key: str, *, reference: str | None = None, by: str = SENDGRID
    ) -> TenantId | None:
        """Whose delivery it is that the account tells of."""
        receipt = Receipt("event", Said.BOUNCED, 1, reference=reference, key=key)
        sought = Look(1, by, tenant=None, receipt=receipt, taken_at=1).sought
        found = (await self.finder.find([sought])).get(sought)
        return found.tenant if found else None

    async def address(self, about: str | None) -> str | None:
        """What is held for the address of Acme's mail, where the account says it is about that."""
        mark = mark_of(EMAIL, about) if about else None
        receipt = Receipt(
            "event", Said.BOUNCED, 1, key=key_of(ACME), is_address_gone=True, address=mark
        )
        sought = Look(1, SENDGRID, tenant=None, receipt=receipt, taken_at=1).sought
        return (await self.finder.find([sought]))[sought].address

    async def erase(self, address: str) -> None:
        """Whoever has that address is erased from the journal, as from each copy of it."""
        keeper, after = JournalKeeper(self.database, stop=_nothing_is_in_flight), None
        while True:
            step = await keeper.erase(Whom(ACME, ADA, ((EMAIL, address),)), after=after)
            if (after := step.after) is None:
                return

    async def ended(self) -> Status:
        """What is on record of Acme's mail."""
        ((_, position),) = await SqlRecords(self.database).named({ORDER})
        (ended,) = await SqlRecords(self.database).outcomes(ACME, [position])
        return ended

    async def bounce(self) -> Status:
        """The account says in its words why Acme's mail came back; gives what is on record then."""
        receipt = Receipt(
            "event", Said.BOUNCED, 1, key=key_of(ACME), code="mailbox_full", text=WORDS
        )
        look = Look(1, SENDGRID, tenant=None, receipt=receipt, taken_at=1)
        moves = decide([look], await self.finder.find([look.sought]), now=1).statuses()
        await self.database.commit(self.journal.recorded(moves))
        return await self.ended()


async def _nothing_is_in_flight(_: Sequence[Theirs]) -> Collection[Position]:
    return ()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    database = SqliteDatabase(made_file(tmp_path / "all.sqlite"))
    journal = SqlJournal(
        database, idempotency_window=timedelta(hours=24), receipts_by_reference=frozenset()
    )
    await journal.start()
    work, people = DeliveryStore(database, journal), Users(UserStore(database), clock=SystemClock())
    asking = Asking(people)
    finder = DeliveryFinder(
        SqlRecords(database), journal, work=work, directory=cast("Directory", asking)
    )
    yield House(database, journal, people, asking, finder)
    await database.close()


def key_of(tenant: TenantId, order: NotificationId = ORDER) -> str:
    return str(DeliveryKey.of(tenant, order, PART))


def sought_by(said: Said, order: NotificationId = ORDER, *, is_gone: bool = False) -> Sought:
    """What is sought when the account says that of Acme's mail to a person."""
    receipt = Receipt(
        "event", said, 1, key=key_of(ACME, order),
        is_address_gone=is_gone, address=mark_of(EMAIL, PERSONS),
    )  # fmt: skip
    return Look(1, SENDGRID, tenant=None, receipt=receipt, taken_at=1).sought


async def test_two_tenants_who_choose_the_same_id_each_have_their_own_receipts(
    house: House,
) -> None:
    for tenant in (ACME, OTHER):
        await house.send(tenant)

    assert await house.found(key_of(ACME)) == ACME
    assert await house.found(key_of(OTHER)) == OTHER


async def test_a_receipt_of_a_stranger_finds_nobodys_delivery(house: House) -> None:
    await house.send(ACME)

    assert await house.found(key_of(OTHER)) is None


async def test_a_receipt_for_what_an_earlier_version_sent_finds_it(house: House) -> None:
    await house.send(ACME)

    assert await house.found("order-7.0.email") == ACME


async def test_of_two_that_an_earlier_version_sent_it_is_the_one_with_the_vendors_id(
    house: House,
) -> None:
    references = {tenant: await house.send(tenant) for tenant in (ACME, OTHER)}

    for tenant, reference in references.items():
        assert await house.found("order-7.0.email", reference=reference) == tenant
    assert await house.found("order-7.0.email") is None
    assert await house.found("order-7.0.email", reference="not theirs") is None


async def test_of_two_that_an_earlier_version_sent_it_is_the_one_of_that_account(
    house: House,
) -> None:
    for tenant in (ACME, OTHER):
        await house.send(tenant, by=f"sendgrid__{tenant}")

    assert await house.found("order-7.0.email", by="sendgrid__other") == OTHER


async def test_the_address_of_a_person_is_the_one_that_the_provider_means(house: House) -> None:
    await house.users.put(ACME, ADA, Profile({EMAIL: "typo@exmaple.org"}))
    await house.send(ACME, to=To(user_id=ADA))
    assert await house.address("Typo@exmaple.org") == "typo@exmaple.org"

    await house.users.put(ACME, ADA, Profile({EMAIL: "ada@example.org"}))

    assert await house.address("typo@exmaple.org") is None
    assert await house.address(None) is None
    await house.users.delete(ACME, ADA)
    assert await house.address("ada@example.org") is None


@pytest.mark.parametrize("said", [Said.DELIVERED, Said.BOUNCED, Said.FAILED, Said.OPENED])
async def test_what_says_nothing_of_the_address_is_found_also_while_users_is_away(
    said: Said, house: House
) -> None:
    await house.send(ACME, to=To(user_id=ADA))
    house.asking.is_away = True

    sought = sought_by(said)

    assert [sought] == [*await house.finder.find([sought])]
    assert 0 == house.asking.questions


@pytest.mark.parametrize(
    ("said", "is_gone"),
    [(Said.BOUNCED, True), (Said.COMPLAINED, False), (Said.UNSUBSCRIBED, False)],
)
async def test_what_stops_a_persons_address_waits_for_users(
    said: Said, is_gone: bool, house: House
) -> None:
    await house.send(ACME, to=To(user_id=ADA))
    house.asking.is_away = True

    with pytest.raises(Unavailable):
        await house.finder.find([sought_by(said, is_gone=is_gone)])


async def test_the_people_of_a_tenant_are_asked_for_at_once(house: House) -> None:
    orders = [NotificationId(f"order-{number}") for number in range(5)]
    for order in orders:
        user = UserId(f"of-{order}")
        await house.users.put(ACME, user, Profile({EMAIL: PERSONS}))
        await house.send(ACME, to=To(user_id=user), order=order)

    found = await house.finder.find([sought_by(Said.COMPLAINED, order) for order in orders])

    assert [PERSONS] * len(orders) == [each.address for each in found.values()]
    assert 1 == house.asking.questions


@pytest.mark.parametrize(
    "to", [To(email="ada@example.org"), To(user_id=ADA, email="ada@example.org")]
)
@pytest.mark.parametrize("about", ["ada@example.org", "ada@relay.example", None])
async def test_the_address_that_a_request_gives_cannot_change(
    to: To, about: str | None, house: House
) -> None:
    await house.users.put(ACME, ADA, Profile({EMAIL: "new@example.org"}))
    await house.send(ACME, to=to)

    assert await house.address(about) == "ada@example.org"


@pytest.mark.parametrize(
    ("erased", "text"),
    [
        ("ada@example.org", None),
        ("bob@example.org", WORDS),
        ("eve@example.org", WORDS),
    ],
)
async def test_what_a_vendor_says_of_somebody_erased_since_is_not_written_down(
    erased: str, text: str | None, house: House
) -> None:
    await house.send(ACME, to=To(email="ada@example.org"), beside=(To(email="bob@example.org"),))
    await house.erase(erased)

    ended = await house.bounce()

    assert (State.BOUNCED, "mailbox_full", text) == (ended.state, ended.code, ended.text)
    moves = await SqlRecords(house.database).moves(ACME, ended.position)
    assert text == moves[-1].text


async def test_a_bounce_of_an_account_before_the_last_one_moves_nothing(house: House) -> None:
    await house.send(ACME, by="smtp")

    ended = await house.bounce()

    assert (State.SENT, "smtp") == (ended.state, ended.provider)
