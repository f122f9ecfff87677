"""What the bus on PostgreSQL promises beyond the port."""

import asyncio
import json
import signal
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from functools import partial

import asyncpg
import pytest

from sendwell.adapters.bus.postgres import append
from sendwell.adapters.bus.postgres.batch import Hold
from sendwell.adapters.bus.postgres.declaring import declare
from sendwell.adapters.bus.postgres.seat import Seat
from sendwell.adapters.bus.postgres.sharing import SHARDS
from sendwell.ports.bus import Arrived, Parcel
from tests.conformance.bus_house import Inbox, parcels, publish_at_last
from tests.conformance.bus_postgres import migrate
from tests.conformance.bus_postgres_house import GROUP, STREAM, House, at_work, process
from tests.services import postgres
from tests.services.needs import needs
from tests.services.postgres import Postgres

pytestmark = needs("postgres")
NOW, LATER = timedelta(0), timedelta(hours=1)


@pytest.fixture
async def house(postgres_url: str) -> AsyncIterator[House]:
    await migrate(postgres_url)
    made = House(postgres_url)
    yield made
    await made.close()


class Holding(Inbox):
    """A `receive` that returns when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = asyncio.Event()

    async def __call__(self, batch: Sequence[Arrived]) -> None:
        await super().__call__(batch)
        await self.go_on.wait()


async def sit_down(
    connection: asyncpg.Connection, member: str, *, lease: timedelta
) -> tuple[Seat, dict[int, Hold]]:
    """A member takes all that it may have."""
    numbers = await declare(connection, [STREAM.name], group=GROUP)
    seat = Seat(GROUP, numbers[STREAM.name], member)
    await seat.renew(connection, lease)
    plan, _ = await seat.plan(connection, held={}, busy=(), draw=lambda: 0.0)
    return seat, await seat.claim(connection, plan.claims)


async def test_what_was_taken_over_cannot_be_finished_by_the_one_before(house: House) -> None:
    bus, connection = await house.declared(), await house.connection()
    await bus.publish(STREAM, parcels(100, keys=100))
    paused, before = await sit_down(connection, "paused", lease=NOW)
    old = await paused.fetch(connection, STREAM, holds=before, most=500)

    other, after = await sit_down(connection, "other", lease=LATER)
    refused = await paused.finish(connection, old.done)
    again = await other.fetch(connection, STREAM, holds=after, most=500)

    assert refused == set()
    assert {each.id for each in old.arrived} == {each.id for each in again.arrived}
    assert await bus.lag([STREAM], group=GROUP) == 100
    assert set(again.done) == await other.finish(connection, again.done)
    assert all(after[shard].token > before[shard].token for shard in before)


async def test_what_is_not_ours_any_more_is_not_handed_out(house: House) -> None:
    bus, connection = await house.declared(), await house.connection()
    await bus.publish(STREAM, parcels(100, keys=100))
    paused, before = await sit_down(connection, "paused", lease=NOW)
    await sit_down(connection, "other", lease=LATER)

    batch = await paused.fetch(connection, STREAM, holds=before, most=500)

    assert batch.arrived == []


async def test_a_member_goes_on_from_where_the_database_says_that_it_is(house: House) -> None:
    bus, inbox, connection = await house.declared(), Inbox(), await house.connection()
    first, *later = parcels(5, keys=1)
    reached = "SELECT max(xid) FROM bus_shard"

    async with at_work(bus, inbox):
        await bus.publish(STREAM, [first])
        await inbox.has([first])
        await house.until("SELECT NOT EXISTS (SELECT FROM bus_owed)")
        # As on a standby that had not got as far: it gives the same numbers to others.
        last = await connection.fetchval(reached)
        await connection.execute("UPDATE bus_parcel SET xid = xid - 100")
        await connection.execute("UPDATE bus_shard SET xid = xid - 100")
        for number, parcel in enumerate(later, start=last - 90):
            rows = await bus.rows(STREAM, [parcel])
            async with connection.transaction():
                await append(connection, rows)
                await connection.execute(
                    "UPDATE bus_parcel SET xid = $1 WHERE id = $2", number, parcel.id
                )
            bus.announce(rows)
            await inbox.has([parcel])
            await house.until("SELECT NOT EXISTS (SELECT FROM bus_owed)")

    assert [each.id for each in (first, *later)] == inbox.ids
    assert await connection.fetchval(reached) < last


async def test_what_was_read_before_a_standby_took_over_is_handed_out_again(
    house: House, postgres_server: Postgres
) -> None:
    bus, connection = await house.declared(), await house.connection()
    member, holds = await sit_down(connection, "member", lease=LATER)
    await bus.publish(STREAM, parcels(20, keys=20))
    before = await member.fetch(connection, STREAM, holds=holds, most=500)
    with postgres.standby(postgres_server) as standby:
        postgres_server.kill()
        standby.sql("SELECT pg_promote()")
        connection = await asyncpg.connect(house.url.replace(*ports(postgres_server, standby)))

        refused = await member.finish(connection, before.done)
        again = await member.fetch(connection, STREAM, holds=holds, most=500)
        finished = await member.finish(connection, again.done)
        await connection.close()

    assert refused == set()
    assert {each.id for each in before.arrived} == {each.id for each in again.arrived}
    assert set(again.done) == finished


def ports(*servers: Postgres) -> tuple[str, str]:
    one, other = servers
    return f":{one.port}/", f":{other.port}/"


async def test_a_process_that_stood_still_past_its_lease_disturbs_nobody(house: House) -> None:
    bus, inbox = await house.declared(lease=3), Holding()
    sent = parcels(64, keys=64)
    async with process(house, lease=3) as paused:
        assert paused.stdin
        assert paused.stdout
        await bus.publish(STREAM, sent)
        first = json.loads(await paused.stdout.readline())
        paused.send_signal(signal.SIGSTOP)

        async with at_work(bus, inbox):
            await inbox.until(lambda: set(first) <= set(inbox.ids))
            paused.send_signal(signal.SIGCONT)
            paused.stdin.write(b"\n" * 100)  # it has done its work, and says so in vain
            await house.until("SELECT count(*) = 2 FROM bus_member WHERE until > clock_timestamp()")
            left = await bus.lag([STREAM], group=GROUP)
            inbox.go_on.set()
            await house.until("SELECT NOT EXISTS (SELECT FROM bus_owed)")

    assert left >= len(first)
    assert {1} == {each.tries for each in inbox.arrived if each.id in first}


async def test_a_member_that_works_for_longer_than_its_lease_keeps_what_it_holds(
    house: House,
) -> None:
    bus, slow, other = await house.declared(lease=3), Holding(), Inbox()
    sent = parcels(64, keys=64)
    (until,) = ("SELECT max(until) FROM bus_member",)

    async with at_work(bus, slow):
        await bus.publish(STREAM, sent)
        await slow.until(lambda: len(slow.ids) == 64)
        connection = await house.connection()
        begun = await connection.fetchval(until)
        async with at_work(house.bus(lease=3), other):
            enough = timedelta(seconds=6)
            await house.until(f"SELECT ({until}) - $1 > $2", begun, enough)
            assert other.arrived == []
            slow.go_on.set()
            await house.until("SELECT NOT EXISTS (SELECT FROM bus_owed)")

    assert other.arrived == []


async def test_a_transaction_that_commits_late_is_not_missed_and_delays_nobody(
    house: House,
) -> None:
    bus, inbox = await house.declared(), Inbox()
    late, early = parcels(60, keys=60, name="late"), parcels(60, keys=60, name="early")
    connection = await house.connection()
    rows = await bus.rows(STREAM, late)

    async with at_work(bus, inbox, most=7):
        transaction = connection.transaction()
        await transaction.start()
        await append(connection, rows)
        await bus.publish(STREAM, early)
        await inbox.has(early)
        await house.until("SELECT NOT EXISTS (SELECT FROM bus_owed)")
        before = list(inbox.ids)
        await transaction.commit()
        bus.announce(rows)
        await inbox.has(late)

    assert {each.id for each in early} == set(before)
    assert len(inbox.arrived) == 120


async def test_a_group_is_owed_what_was_under_way_when_it_was_declared(house: House) -> None:
    bus, inbox = house.bus(), Inbox()
    done, under_way = parcels(9, keys=9, name="done"), parcels(9, keys=9, name="under-way")
    connection = await house.connection()
    rows = await bus.rows(STREAM, under_way)
    await bus.publish(STREAM, done)

    async with connection.transaction():
        await append(connection, rows)
        await bus.declare([STREAM], group=GROUP)
    async with at_work(bus, inbox):
        await inbox.has(under_way)

    assert {each.id for each in under_way} == set(inbox.ids)


async def test_parcels_of_a_transaction_that_is_rolled_back_were_never_published(
    house: House,
) -> None:
    bus, inbox, connection = await house.declared(), Inbox(), await house.connection()
    rows = await bus.rows(STREAM, parcels(5, name="never"))
    sent = parcels(5)
    transaction = connection.transaction()

    await transaction.start()
    await append(connection, rows)
    await transaction.rollback()
    async with at_work(bus, inbox):
        await bus.publish(STREAM, sent)
        await inbox.has(sent)

    assert [each.id for each in sent] == inbox.ids


async def test_eight_members_hold_as_much_each_and_one_takes_over_from_seven(house: House) -> None:
    first = await house.declared()
    inboxes = [Inbox() for _ in range(8)]
    sent = parcels(640, keys=640)
    one_holds = (
        "SELECT bool_and(n = $1) FROM (SELECT count(*) AS n FROM bus_shard GROUP BY member) AS held"
    )

    async with at_work(first, inboxes[0]):
        async with asyncio.TaskGroup() as tasks:
            buses = [house.bus() for _ in inboxes[1:]]
            work = [
                tasks.create_task(bus.consume([STREAM], group=GROUP, receive=inbox))
                for bus, inbox in zip(buses, inboxes[1:], strict=True)
            ]
            await house.until(one_holds, SHARDS // 8)
            await first.publish(STREAM, sent)
            await house.until("SELECT NOT EXISTS (SELECT FROM bus_owed)")
            for task in work:
                task.cancel()
        await house.until(one_holds, SHARDS)

    assert {each.id for each in sent} == {id_ for inbox in inboxes for id_ in inbox.ids}
    assert all(len(inbox.ids) > 0 for inbox in inboxes)
    assert sum(len(inbox.arrived) for inbox in inboxes) == 640


async def test_a_waiting_member_is_woken_at_once(house: House) -> None:
    bus, inbox = await house.declared(), Inbox()
    sent = parcels(50, keys=50)
    taken = []

    async with at_work(house.bus(), inbox):
        for parcel in sent:
            start = time.monotonic()
            await bus.publish(STREAM, [parcel])
            await inbox.has([parcel])
            taken.append(time.monotonic() - start)

    assert statistics.median(taken) < 0.5  # by looking now and then it would be seconds


async def test_nothing_is_asked_while_nothing_happens(house: House) -> None:
    bus, connection = await house.declared(), await house.connection()
    asked = "SELECT sum(xact_commit) FROM pg_stat_database WHERE datname = current_database()"

    async with at_work(bus, Inbox()):
        await house.until("SELECT count(*) = $1 FROM bus_shard WHERE member IS NOT NULL", SHARDS)
        started = await connection.fetchval("SELECT clock_timestamp()")
        before = await connection.fetchval(asked)
        await connection.fetchval("SELECT pg_sleep_until($1)", started + timedelta(seconds=2))
        after = await connection.fetchval(asked)

    assert after - before < 20


async def test_no_parcel_is_lost_while_sessions_are_killed_all_the_time(
    house: House, postgres_server: Postgres
) -> None:
    bus, inbox = await house.declared(), Inbox()
    sent = parcels(5_000, keys=100)
    over = asyncio.Event()
    admin = await asyncpg.connect(postgres_server.url)

    async def kill() -> int:
        killed = 0
        name = house.url.rpartition("/")[2]
        while not over.is_set():
            killed += await admin.fetchval(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = $1",
                name,
            )
            await asyncio.wait({asyncio.create_task(over.wait())}, timeout=0.3)
        return killed

    killing = asyncio.create_task(kill())
    async with at_work(bus, inbox), at_work(house.bus(), inbox):
        for start in range(0, 5_000, 50):
            await publish_at_last(bus, STREAM, sent[start : start + 50])
        await inbox.has(sent)
    over.set()

    assert await killing > 10
    await admin.close()


@pytest.mark.parametrize("how", ["kill", "immediate"])
async def test_no_stored_parcel_is_lost_when_the_server_dies(
    house: House, postgres_server: Postgres, how: str
) -> None:
    bus, inbox = await house.declared(), Inbox()
    sent = parcels(3_000, keys=100)

    async def restart() -> None:
        await inbox.until(lambda: len(inbox.ids) > 500)
        if how == "kill":
            await asyncio.to_thread(postgres_server.kill)
        else:
            await asyncio.to_thread(postgres_server.stop, "immediate")
        await asyncio.to_thread(postgres_server.start)

    restarting = asyncio.create_task(restart())
    async with at_work(bus, inbox):
        for start in range(0, 3_000, 10):
            await publish_at_last(bus, STREAM, sent[start : start + 10])
        await restarting
        await inbox.has(sent)
    assert set(inbox.ids) == {each.id for each in sent}


async def test_a_parcel_of_500_bytes_costs_less_than_a_kilobyte_of_wal(
    house: House, postgres_server: Postgres
) -> None:
    bus = await house.declared()
    sent = [Parcel(f"{n:036}", f"tenant-{n % 100}", bytes(500)) for n in range(5_000)]
    await bus.publish(STREAM, sent[:1_000])
    before = postgres_server.sql("SELECT pg_current_wal_insert_lsn()")

    await bus.publish(STREAM, sent)

    after = f"SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '{before}')"
    assert float(postgres_server.sql(after)) / 5_000 < 1_000


async def test_what_everybody_has_done_with_takes_no_room(house: House) -> None:
    bus, inbox, other = await house.declared(lease=0.6), Inbox(), Inbox()
    await bus.declare([STREAM], group="other")
    size = "SELECT pg_total_relation_size('bus_parcel_0') + pg_total_relation_size('bus_parcel_1')"
    connection = await house.connection()
    baseline = await connection.fetchval(size)
    sent = [Parcel(f"{n}", f"{n % 100}", bytes(500)) for n in range(20_000)]

    async with at_work(bus, inbox):
        await bus.publish(STREAM, sent)
        await inbox.has(sent)
        grown = await connection.fetchval(size)
        kept = await bus.lag([STREAM], group="other")
        reading = bus.consume([STREAM], group="other", receive=other)
        task = asyncio.create_task(reading)
        await house.until(f"SELECT ({size}) = $1", baseline)
        task.cancel()
        await asyncio.wait({task})

    assert grown > 10_000_000
    assert (len(other.ids), kept) == (20_000, 20_000)


async def test_tables_take_turns_while_there_is_always_something_owed(house: House) -> None:
    bus, inbox = await house.declared(lease=0.6), Inbox()
    stop = asyncio.Event()

    async def publish() -> int:
        """One thousand ahead of who reads."""
        sent = 0
        while not stop.is_set():
            more = [Parcel(f"{sent + n}", f"{n % 100}", bytes(1_500)) for n in range(1_000)]
            await bus.publish(STREAM, more)
            await inbox.until(partial(has_arrived, sent))
            sent += 1_000
        return sent

    def has_arrived(count: int) -> bool:
        return len(inbox.arrived) >= count

    async with at_work(bus, inbox):
        publishing = asyncio.create_task(publish())
        await house.until("SELECT slot = 1 FROM bus_ring")
        await house.until("SELECT pg_relation_size('bus_parcel_0') = 0")
        await house.until("SELECT slot = 0 FROM bus_ring")
        stop.set()
        count = await publishing
        await inbox.until(partial(has_arrived, count))
    assert len(inbox.ids) == count


async def test_a_restored_dump_is_handed_out_again_and_nothing_new_is_missed(house: House) -> None:
    bus, connection = await house.declared(), await house.connection()
    old, new, inbox = parcels(50, keys=50, name="old"), parcels(50, keys=50, name="new"), Inbox()
    await bus.publish(STREAM, old)
    await connection.execute("UPDATE bus_parcel SET xid = xid + 1000000")
    await connection.execute("UPDATE bus_shard SET xid = xid + 2000000")
    await connection.execute("UPDATE bus_ring SET cluster = cluster - 1")

    async with at_work(bus, inbox):
        await bus.publish(STREAM, new)
        await inbox.has([*old, *new])
        await house.until("SELECT NOT EXISTS (SELECT FROM bus_owed)")
    assert set(inbox.ids) == {each.id for each in (*old, *new)}
