"""What is held for a person is asked again when the person changes; what they still hold stays."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete

from sendwell.adapters.system import SystemClock, SystemIds
from sendwell.channels import all_channels
from sendwell.domain.errors import Unavailable
from sendwell.domain.ids import ChannelName, Node, NotificationId, Position, TenantId, UserId
from sendwell.domain.lifecycle import State
from sendwell.domain.person import Person
from sendwell.domain.policy import Policy
from sendwell.messages.requested import Content, Requested, To
from sendwell.messages.task import Task
from sendwell.ports.database import Database
from sendwell.ports.directory import ANYBODY, Changed
from sendwell.roles.accounts.service import Accounts
from sendwell.roles.accounts.store import AccountStore
from sendwell.roles.delivery.events import AskedAgain, Event
from sendwell.roles.delivery.gate import Gate
from sendwell.roles.delivery.held import HeldPlace, HeldWork
from sendwell.roles.delivery.people_look import PeopleLook
from sendwell.roles.delivery.store import DeliveryStore
from sendwell.roles.delivery.tables import WORK
from sendwell.roles.users.service import Users
from sendwell.roles.users.store import UserStore
from sendwell.roles.users.store.people import Profile
from sendwell.runtime.journal.journal import SqlJournal
from sendwell.runtime.timers import Timers
from tests.roles.databases import EITHER, either

ACME, BETA = TenantId("acme"), TenantId("beta")
ADA, BOB, EVE = UserId("ada"), UserId("bob"), UserId("eve")
EMAIL = ChannelName("email")
CLOCK, IDS = SystemClock(), SystemIds()
DAY = timedelta(days=1)
MANY = [UserId(f"user-{number}") for number in range(1_203)]
NOW = datetime.fromtimestamp(CLOCK.now() / 1e6, UTC)
"""For all tests, so that the same hours are the same in the next minute."""


def quiet(*windows: dict[str, str]) -> dict[str, object]:
    return {"quiet_hours": {"windows": list(windows), "timezone": "Etc/UTC"}}


def around_now(hours: int = 6) -> dict[str, str]:
    """A window that has begun an hour ago and lasts for so many more."""
    return {
        "from": f"{NOW - timedelta(hours=1):%H:%M}",
        "to": f"{NOW + timedelta(hours=hours):%H:%M}",
    }


class Forgetful(Users):
    """Sometimes does not answer."""

    silences = 0

    async def people(self, tenant: TenantId, users: Collection[UserId]) -> Mapping[UserId, Person]:
        if self.silences:
            self.silences -= 1
            raise Unavailable("The users role does not answer.")
        return await super().people(tenant, users)


class House:
    """The role's store beside people who can change, and a look whose timers tell what is due."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.users = Forgetful(UserStore(database), clock=CLOCK)
        accounts = Accounts(AccountStore(database), defaults=Policy(), clock=CLOCK)
        self.journal = SqlJournal(
            database, idempotency_window=DAY, receipts_by_reference=frozenset()
        )
        self.store = DeliveryStore(database, self.journal)
        self.held = HeldWork(database, node=Node(0))
        self.gate = Gate(self.users, accounts, channels=all_channels())
        self.due: list[int] = []
        self.told: list[Event] = []
        self.fired = asyncio.Event()
        self._timers = Timers(CLOCK, load=self._load, fire=self._fire)
        self.look = PeopleLook(
            self.store,
            self.held,
            self.gate,
            settle=self.told.extend,
            timers=self._timers,
            clock=CLOCK,
        )
        self.users.on_change(self.look.changed)

    async def hold(
        self, *to: To, tenant: TenantId = ACME, node: int = 0, reason: str = "quiet_hours"
    ) -> list[int]:
        """A notification of which every delivery is held as the rules say; their numbers."""
        tasks = self._tasks(to, tenant)
        for task in tasks:
            task.wait(await self._until(task), reason)
        return await self._put(tasks, node)

    async def hold_many(self, users: Sequence[UserId]) -> list[int]:
        """A notification for each of them, held for long."""
        tasks = [task for user in users for task in self._tasks([To(user_id=user)], ACME)]
        for task in tasks:
            task.wait(CLOCK.now() + 10**12, "quiet_hours")
        return await self._put(tasks, 0)

    def _tasks(self, to: Sequence[To], tenant: TenantId) -> list[Task]:
        request = Requested(
            id=NotificationId(IDS.notification()),
            tenant=tenant,
            position=Position(IDS.position()),
            accepted_at=CLOCK.now(),
            event_type="test",
            lane=2,
            to=tuple(to),
            content=Content(text="Hello"),
        )
        return [
            Task(
                request, f"{place}.email", place, EMAIL, CLOCK.now(),
                state=State.HELD, work=IDS.position(),
            )
            for place in range(len(to))
        ]  # fmt: skip

    async def _put(self, tasks: Sequence[Task], node: int) -> list[int]:
        requests = {task.request.position: task.request for task in tasks}
        store = DeliveryStore(self.database, self.journal, node=Node(node))
        await self.database.commit(
            [*self.journal.copied(list(requests.values())), *store.put(tasks, epoch=1)]
        )
        return [task.work for task in tasks]

    async def _until(self, task: Task) -> int:
        (checked,) = await self.gate.check([task], CLOCK.now())
        until = getattr(checked.verdict, "until", None)
        return int(until.timestamp() * 1e6) if until else CLOCK.now() + 10**12

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(each.run()) for each in (self._timers, self.look)]
            yield
            for each in running:
                each.cancel()

    @asynccontextmanager
    async def begun(self) -> AsyncIterator[None]:
        """At work, with its first look, at everybody, behind us."""
        (work,) = await self.hold(To(email="nobody@example.org"))
        async with self.at_work():
            assert await self.comes_due(1) == [work]
            await self.database.execute(delete(WORK).where(WORK.c.work == work))
            self.due.clear()
            self.told.clear()
            yield

    async def comes_due(self, count: int) -> list[int]:
        """The numbers of what has come due, once it is so many."""
        async with asyncio.timeout(10):
            while len(self.due) < count:
                self.fired.clear()
                await self.fired.wait()
        return sorted(self.due)

    async def _load(self, after: tuple[int, int], limit: int) -> Sequence[tuple[int, int]]:
        return await self.store.due(after=after, limit=limit)

    async def _fire(self, works: Sequence[int]) -> None:
        self.due += works
        self.fired.set()


@pytest.fixture(params=EITHER)
async def database(request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    async with either(request, until=CLOCK.now()) as database:
        yield database


@pytest.fixture
async def house(database: Database) -> AsyncIterator[House]:
    house = House(database)
    for tenant in (ACME, BETA):
        for user in (ADA, BOB, EVE):
            await house.users.put(tenant, user, Profile({EMAIL: f"{user}@example.org"}))
            await house.users.preferences.choose(tenant, user, value=quiet(around_now()))
    async with house.begun():
        yield house


def to(*users: UserId) -> list[To]:
    return [To(user_id=user) for user in users]


async def test_what_is_held_for_a_person_goes_when_they_lift_their_hours(house: House) -> None:
    own = [*await house.hold(*to(ADA)), *await house.hold(*to(ADA))]
    await house.hold(*to(BOB))
    await house.hold(*to(ADA), tenant=BETA)
    await house.hold(*to(ADA), node=1)

    await house.users.preferences.choose(ACME, ADA, value={})

    assert await house.comes_due(2) == sorted(own)
    told = [(each.task.work, each.at) for each in house.told if isinstance(each, AskedAgain)]
    assert {work for work, _ in told} == set(own)
    assert all(at <= CLOCK.now() for _, at in told)


async def test_hers_goes_also_where_it_was_asked_for_several(house: House) -> None:
    (bobs, hers, _) = await house.hold(*to(BOB, ADA, EVE))
    await house.hold(To(email="ada@example.org"))

    await house.users.preferences.choose(ACME, ADA, value={})

    assert await house.comes_due(1) == [hers]
    await house.users.preferences.choose(ACME, BOB, value={})
    assert await house.comes_due(2) == sorted([hers, bobs])


async def test_what_other_hours_hold_comes_due_and_what_the_same_hold_does_not(
    house: House,
) -> None:
    (hers,) = await house.hold(*to(ADA))
    (his,) = await house.hold(*to(BOB))
    await house.hold(*to(EVE))

    await house.users.preferences.choose(
        ACME, EVE, value={**quiet(around_now()), "order": ["email"]}
    )
    await house.users.preferences.choose(ACME, ADA, value=quiet(around_now(hours=9)))
    await house.users.preferences.choose(
        ACME, BOB, value={"channels": {"email": {"enabled": False}}}
    )

    assert await house.comes_due(2) == sorted([hers, his])


async def test_what_a_limit_holds_is_asked_again_for_who_is_named_only(house: House) -> None:
    (first,) = await house.hold(*to(EVE))
    for user in (ADA, BOB, EVE):
        await house.users.preferences.choose(ACME, user, value={})
    assert await house.comes_due(1) == [first]
    (hers,) = await house.hold(*to(ADA), reason="budget")
    await house.hold(*to(BOB), reason="budget")
    (eves,) = await house.hold(*to(EVE))

    await house.users.imported(ACME, [ADA, BOB, *MANY])
    await house.users.put(ACME, ADA, Profile({EMAIL: "ada@example.org"}, timezone="Asia/Tokyo"))

    assert await house.comes_due(3) == sorted([first, hers, eves])


@pytest.mark.parametrize("who", [Changed(ACME), ANYBODY])
async def test_all_who_have_changed_unheard_are_found(house: House, who: Changed) -> None:
    works = await house.hold_many(MANY)
    await house.hold(*to(ADA))

    house.look.changed(who)

    assert await house.comes_due(len(works)) == sorted(works)


async def test_for_whom_very_much_is_held_all_of_it_goes(house: House) -> None:
    works = await house.hold_many([ADA] * 2_100)

    await house.users.preferences.choose(ACME, ADA, value={})

    assert await house.comes_due(len(works)) == sorted(works)


@pytest.mark.parametrize("who", [Changed(ACME, ADA), Changed(ACME), ANYBODY])
async def test_who_could_not_be_asked_for_is_asked_for_again(house: House, who: Changed) -> None:
    works = await house.hold_many([ADA])
    house.users.silences = 2

    house.look.changed(who)

    assert await house.comes_due(1) == works
    assert not house.users.silences


async def test_it_begins_with_what_has_changed_while_nobody_was_there(database: Database) -> None:
    before, after = House(database), House(database)
    await before.users.put(ACME, ADA, Profile({EMAIL: "ada@example.org"}))
    await before.users.preferences.choose(ACME, ADA, value=quiet(around_now()))
    works = await before.hold(*to(ADA))
    await before.users.preferences.choose(ACME, ADA, value={})

    async with after.at_work():
        assert await after.comes_due(1) == works


@pytest.mark.parametrize("count", [2, len(MANY)])
async def test_who_is_imported_gets_what_was_held_for_them(house: House, count: int) -> None:
    await house.hold(*to(ADA))
    works = await house.hold_many(MANY[:count])

    await house.users.imported(ACME, MANY[:count])

    assert await house.comes_due(count) == sorted(works)


async def test_work_for_nobody_alone_is_listed_once_and_in_pages(house: House) -> None:
    await house.hold(*to(ADA))
    works = await house.hold(*to(ADA, BOB, EVE))
    works += await house.hold(To(email="ada@example.org"))

    place, listed = HeldPlace(), list[int]()
    while page := await house.held.of_nobody_alone(ACME, after=place, limit=3):
        listed += [each.work for each in page]
        place = page[-1]

    assert listed == sorted(works)


async def test_whether_anything_is_held_is_known_by_tenant(house: House) -> None:
    await house.hold(*to(ADA), tenant=BETA)

    assert await house.held.tenants() == [BETA]
    assert await house.held.is_there(BETA)
    assert not await house.held.is_there(ACME)
