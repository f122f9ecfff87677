"""Erasing people in the users role: what goes at once, what stays, and how the rest is finished."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Executable, column, select, table, update

from sendwell.adapters.http import HttpClient, Trusted
from sendwell.adapters.peers.keeper import RemoteKeeper
from sendwell.adapters.peers.peer import Peer
from sendwell.adapters.sql.postgres import PostgresDatabase
from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.adapters.system import SystemIds
from sendwell.domain.ids import ChannelName, Node, NotificationId, UserId
from sendwell.domain.lane import Lane
from sendwell.messages.outgoing import Outgoing
from sendwell.messages.requested import Content
from sendwell.ports.keepers import Erased, Keeper, Told, Whom
from sendwell.ports.tenants import Caller
from sendwell.roles.inbox import tables as inbox_tables
from sendwell.roles.inbox.keeping import InboxKeeper
from sendwell.roles.inbox.store import InboxStore
from sendwell.roles.users import tables
from sendwell.roles.users.service.erasure import Erasures
from sendwell.roles.users.service.own import OwnKeeper
from sendwell.roles.users.store import UserStore
from sendwell.roles.users.store.erasure import Erasure
from sendwell.roles.users.store.people import Profile
from tests.roles.conftest import Opened
from tests.roles.users_house import (
    ACME,
    ADA,
    ADDRESS,
    EMAIL,
    HERE,
    OTHER,
    PERSON,
    Role,
    a_role,
    a_token,
    tells_of,
    the_person,
)
from tests.services.needs import needs

SUPPORT = Caller(ACME, "support")
_AN_HOUR = 3_600


@pytest.fixture
async def role(users_database: Opened, tmp_path: Path) -> AsyncIterator[Role]:
    async with a_role(tmp_path, users_database) as role:
        yield role


@pytest.fixture
async def inboxes(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    database = SqliteDatabase(tmp_path / "inboxes.sqlite")
    inbox_tables.METADATA.create_all(database.engine)
    yield database
    await database.close()


def some_erasures(role: Role, **keepers: Keeper) -> Erasures:
    """As the role has them, with others that keep something of people."""
    store = UserStore(role.database)
    asked = {"users": OwnKeeper(store), **keepers}
    return Erasures(
        store.erasures, clock=role.clock, ids=SystemIds(), gone=role.users.gone, keepers=asked
    )


@asynccontextmanager
async def at_work(erasures: Erasures) -> AsyncIterator[None]:
    """While its worker runs."""
    running = asyncio.create_task(erasures.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.wait({running})


async def until(erasures: Erasures, asked: Erasure, is_so: Callable[[Erasure], Any]) -> Erasure:
    async with asyncio.timeout(20):
        while not is_so(found := await erasures.find(ACME, asked.id)):
            await asyncio.sleep(0.01)
    return found


async def rows_of(role: Role) -> dict[str, int]:
    """How many rows every table has, but those that are there because somebody was erased."""
    return {
        table.name: len(found)
        for table in tables.METADATA.sorted_tables
        if (found := await role.database.rows(select(table)))
        and table.name not in {"tombstone", "erasure"}
    }


def a_message(user: str) -> Outgoing:
    return Outgoing(
        key=f"n-1.0.in_app.{user}",
        tenant=ACME,
        notification=NotificationId("n-1"),
        part="0.in_app",
        channel=ChannelName("in_app"),
        address=user,
        content=Content(title="Hello", body="Ada"),
        lane=Lane.MEDIUM,
        attempt=1,
    )


async def test_all_that_the_role_has_of_a_person_is_gone_at_once(role: Role) -> None:
    await role.acme.put(HERE, json=PERSON)
    await a_token(role, "a-token")
    await role.acme.put(f"{HERE}/preferences", json={"categories": {"marketing": False}})
    before = await rows_of(role)

    answer = await role.acme.post(f"{HERE}/erasure")

    assert answer.status_code == 202
    assert {"person", "push_token", "contact"} <= set(before)
    assert await rows_of(role) == {}
    assert (await role.acme.get(HERE)).status_code == 404


async def test_an_erased_person_is_known_as_such_here_and_elsewhere(role: Role) -> None:
    await role.acme.put(HERE, json=PERSON)
    assert await the_person(role.users) is not None

    await role.acme.post(f"{HERE}/erasure")

    for users in (role.users, role.elsewhere()):
        person = await the_person(users)
        assert person is not None
        assert (person.is_erased, person.addresses) == (True, {})


@pytest.mark.parametrize(
    "users_database", [pytest.param("postgresql", marks=needs("postgres"))], indirect=True
)
async def test_an_address_that_comes_while_the_person_is_erased_is_looked_for_everywhere_else_too(
    role: Role, users_database: PostgresDatabase
) -> None:
    await role.acme.put(HERE, json=PERSON)
    moved = Profile({EMAIL: "new@example.org"})
    async with users_database.engine.connect() as elsewhere:
        for begin in ("BEGIN", "SET LOCAL sendwell.tenant='*'"):
            await elsewhere.exec_driver_sql(begin)
        await elsewhere.execute(update(tables.PERSON).values(body=msgspec.json.encode(moved)))

        erasing = asyncio.create_task(role.acme.post(f"{HERE}/erasure"))
        await until_somebody_waits(users_database)
        await elsewhere.exec_driver_sql("COMMIT")
        await erasing

    (asked,) = await UserStore(users_database).erasures.open()
    assert asked.whom is not None
    assert asked.whom.addresses == ((EMAIL, "new@example.org"),)


async def until_somebody_waits(database: PostgresDatabase) -> None:
    """For a lock that another transaction has."""
    waiting: Executable = (
        select(column("pid")).select_from(table("pg_locks")).where(~column("granted"))
    )
    async with asyncio.timeout(10):
        while not await database.rows(waiting):
            await asyncio.sleep(0.01)


async def test_a_suppression_stays_without_its_address(role: Role) -> None:
    await role.acme.put(HERE, json=PERSON)
    await role.users.suppress(ACME, EMAIL, address=ADDRESS, reason="complained", at=1)

    await role.acme.post(f"{HERE}/erasure")

    (row,) = await role.database.rows(select(tables.SUPPRESSION))
    assert (row.reason, row.body) == ("complained", None)
    assert await role.users.suppressed(ACME, [(EMAIL, ADDRESS)]) == {(EMAIL, ADDRESS): "complained"}


async def test_others_of_the_same_name_stay(role: Role) -> None:
    await role.acme.put(HERE, json=PERSON)
    await role.other.put(HERE, json=PERSON)

    await role.acme.post(f"{HERE}/erasure")

    assert (await role.other.get(HERE)).status_code == 200
    assert (await role.other.put(HERE, json=PERSON)).status_code == 200


async def test_nothing_that_comes_late_brings_them_back(role: Role) -> None:
    await role.acme.post(f"{HERE}/erasure")

    stored = await role.acme.put(HERE, json=PERSON)
    token = await role.acme.post(f"{HERE}/tokens", json={"token": "a-token"})
    chosen = await role.acme.put(f"{HERE}/preferences", json={})

    assert (stored.status_code, stored.json()["code"]) == (409, "person_erased")
    assert (token.status_code, chosen.status_code) == (404, 404)
    assert await rows_of(role) == {}


async def test_asking_twice_gives_the_erasure_that_is_under_way(role: Role) -> None:
    first = await role.acme.post(f"{HERE}/erasure")

    second = await role.acme.post(f"{HERE}/erasure")

    assert (second.status_code, second.json()["id"]) == (202, first.json()["id"])
    assert second.headers["location"] == f"/api/v1/erasures/{first.json()['id']}"


async def test_an_erasure_is_shown_to_its_own_tenant_and_does_not_say_who(role: Role) -> None:
    await role.acme.put(HERE, json=PERSON)
    place = (await role.acme.post(f"{HERE}/erasure")).headers["location"]

    own = await role.acme.get(place)
    others = await role.other.get(place)

    assert (own.status_code, others.status_code) == (200, 404)
    assert not tells_of("ada", own.text)


async def test_it_is_done_when_everybody_has_looked_once_nobody_remembers_them(
    role: Role, inboxes: SqliteDatabase
) -> None:
    inbox = InboxStore(inboxes)
    for user in ("ada", "bob"):
        await inbox.put(a_message(user), 1)
    erasures = some_erasures(role, inbox=InboxKeeper(inboxes))
    await role.acme.put(HERE, json=PERSON)
    asked = await erasures.ask(SUPPORT, ADA)

    async with at_work(erasures):
        early = await until(erasures, asked, lambda found: "inbox" in found.progress)
        role.clock.passed = _AN_HOUR
        await erasures.adopt(Node(0))  # looks again at once
        done = await until(erasures, asked, lambda found: found.done_at)

    assert (early.done_at, early.progress["inbox"].is_done) == (None, False)
    assert done.progress["users"].erased > 0
    assert done.progress["inbox"].erased == 1
    assert await inbox.newest((ACME, "ada")) == 0
    assert await inbox.newest((ACME, "bob")) > 0


async def test_once_it_is_done_nobody_can_tell_who_it_was(role: Role) -> None:
    erasures = some_erasures(role)
    await role.acme.put(HERE, json=PERSON)
    asked = await erasures.ask(SUPPORT, ADA)
    role.clock.passed = _AN_HOUR

    async with at_work(erasures):
        done = await until(erasures, asked, lambda found: found.done_at)

    rows = [
        *await role.database.rows(select(tables.ERASURE)),
        *await role.database.rows(select(tables.TOMBSTONE)),
    ]
    assert done.whom is None
    assert len(rows) == 2
    assert not any(tells_of(name, row) for row in rows for name in ("ada", "example.org"))


async def test_it_waits_for_who_is_away_and_does_the_rest_meanwhile(
    role: Role, inboxes: SqliteDatabase
) -> None:
    http = HttpClient(policy=Trusted(), clock=role.clock)
    nowhere = Peer("delivery", None, http=http, token="t", clock=role.clock)
    inbox = InboxStore(inboxes)
    await inbox.put(a_message("ada"), 1)
    erasures = some_erasures(role, delivery=RemoteKeeper(nowhere), inbox=InboxKeeper(inboxes))
    asked = await erasures.ask(SUPPORT, ADA)
    role.clock.passed = _AN_HOUR

    async with at_work(erasures):
        found = await until(erasures, asked, lambda found: "inbox" in found.progress)

    assert found.done_at is None
    assert "DELIVERY_URL" in (found.progress["delivery"].waits or "")
    assert (found.progress["inbox"].erased, found.progress["inbox"].is_done) == (1, True)
    await http.close()


class Sending:
    """Has a send under way, of which those behind it are told when it is over."""

    def __init__(self, inbox: InboxStore) -> None:
        self._inbox = inbox
        self.is_out = True

    async def erase(self, whom: Whom, *, after: str | None) -> Erased:
        assert (whom.user_id, after) == (ADA, None)
        return Erased(0, is_busy=self.is_out)

    async def tell(self, whom: Whom, *, after: str | None) -> Told:
        raise NotImplementedError

    async def come_back(self) -> None:
        await self._inbox.put(a_message("ada"), 1)
        self.is_out = False


async def test_what_is_told_of_a_send_that_was_out_goes_too(
    role: Role, inboxes: SqliteDatabase
) -> None:
    inbox = InboxStore(inboxes)
    sending = Sending(inbox)
    erasures = some_erasures(role, journal=sending, inbox=InboxKeeper(inboxes))
    asked = await erasures.ask(SUPPORT, ADA)
    role.clock.passed = _AN_HOUR

    async with at_work(erasures):
        await until(erasures, asked, lambda found: "inbox" in found.progress)
        await sending.come_back()
        await erasures.adopt(Node(0))  # looks again at once
        await until(erasures, asked, lambda found: found.done_at)

    assert await inbox.newest((ACME, "ada")) == 0


async def test_another_process_goes_on_where_the_first_one_has_left_it(
    role: Role, inboxes: SqliteDatabase
) -> None:
    await some_erasures(role).ask(SUPPORT, ADA)
    inbox = InboxStore(inboxes)
    await inbox.put(a_message("ada"), 1)
    role.clock.passed = _AN_HOUR
    next_one = some_erasures(role, inbox=InboxKeeper(inboxes))
    (asked,) = await UserStore(role.database).erasures.open()

    async with at_work(next_one):
        done = await until(next_one, asked, lambda found: found.done_at)

    assert done.progress["inbox"].erased == 1


async def test_a_person_comes_back_only_by_their_own_wish_and_after_the_erasure(
    role: Role,
) -> None:
    erasures = some_erasures(role)
    await role.acme.put(HERE, json=PERSON)
    asked = await erasures.ask(SUPPORT, ADA)
    early = await role.acme.put(HERE, params={"revive": True}, json=PERSON)
    role.clock.passed = _AN_HOUR
    async with at_work(erasures):
        await until(erasures, asked, lambda found: found.done_at)

    revived = await role.acme.put(HERE, params={"revive": True}, json=PERSON)
    again = await role.acme.put(HERE, json=PERSON)

    assert (early.status_code, early.json()["code"]) == (409, "erasure_under_way")
    assert (revived.status_code, again.status_code) == (201, 200)
    person = await the_person(role.users)
    assert person is not None
    assert not person.is_erased


async def test_who_was_erased_is_found_among_many(role: Role) -> None:
    await role.acme.post(f"{HERE}/erasure")
    tombstones = UserStore(role.database).tombstones

    found = await tombstones.erased_among(ACME, [ADA, UserId("bob")])

    assert found == {ADA}
    assert await tombstones.erased_among(OTHER, [ADA]) == set()
