"""What PostgreSQL may do in the middle of a commit, and what keeps tenants and processes apart."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager

import pytest
from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    func,
    insert,
    literal,
    select,
    text,
)
from sqlalchemy.schema import CreateTable

from sendwell.adapters.sql.postgres import PostgresDatabase
from sendwell.adapters.sql.postgres_walls import raise_walls
from sendwell.domain.errors import Unavailable
from sendwell.domain.ids import TenantId
from sendwell.ports.database import Write, acting_for
from tests.services.needs import needs
from tests.services.postgres import Postgres

pytestmark = needs("postgres")
METADATA = MetaData()
NOTE = Table(
    "note",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("tenant", String(64), nullable=False),
)

END_SESSIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename='sendwell'"


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[PostgresDatabase]:
    made = PostgresDatabase(postgres_url)
    await made.execute(CreateTable(NOTE))
    yield made
    await made.close()


def note(connection: Connection, notes: Sequence[tuple[int, str]]) -> None:
    connection.execute(insert(NOTE), [{"number": n, "tenant": tenant} for n, tenant in notes])


async def numbers(database: PostgresDatabase) -> list[int]:
    return [row.number for row in await database.rows(select(NOTE.c.number).order_by("number"))]


async def read_for(database: PostgresDatabase, tenant: str) -> list[int]:
    """To be run as a task of its own."""
    acting_for.set(TenantId(tenant))
    return await numbers(database)


@contextmanager
def stopped(process: int) -> Iterator[None]:
    """A process of the server stands still meanwhile."""
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


async def numbers_at_last(database: PostgresDatabase) -> list[int]:
    """Those that are there, asked for again by who hears that the database is away."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await numbers(database)
            except Unavailable:
                await asyncio.sleep(0.05)


async def test_every_unit_is_written_once_while_sessions_are_ended_under_it(
    database: PostgresDatabase, postgres_server: Postgres
) -> None:
    async def end_sessions() -> None:
        for _ in range(40):
            await asyncio.to_thread(
                postgres_server.sql,
                END_SESSIONS,
            )

    async def write(number: int) -> None:
        try:
            await database.commit([Write(note, [(number, "a")])], is_urgent=number % 2 == 0)
        except Unavailable:  # the machine was too busy in between; it may be there all the same
            if number not in await numbers_at_last(database):
                await write(number)

    ending = asyncio.create_task(end_sessions())
    count = 0
    while not ending.done():
        await asyncio.gather(*(write(number) for number in range(count, count + 20)))
        count += 20

    assert await numbers_at_last(database) == list(range(count))


@pytest.mark.parametrize("options", ["", "?pooled=true"], ids=["sessions", "pooled"])
async def test_who_reads_does_not_hear_that_all_sessions_were_ended_between(
    postgres_url: str, postgres_server: Postgres, options: str
) -> None:
    database = PostgresDatabase(postgres_url + options)
    try:
        waiting = select(func.pg_sleep(0.2))
        await asyncio.gather(*(database.rows(waiting) for _ in range(4)))
        await asyncio.to_thread(postgres_server.sql, END_SESSIONS)

        assert [tuple(row) for row in await database.rows(select(literal(1)))] == [(1,)]
    finally:
        await database.close()


async def test_who_waits_for_a_server_that_is_away_hears_so_soon_and_may_come_again(
    database: PostgresDatabase, postgres_server: Postgres
) -> None:
    await database.commit([Write(note, [(1, "a")])])
    postgres_server.kill()

    with pytest.raises(Unavailable):
        async with asyncio.timeout(10):
            await database.commit([Write(note, [(2, "a")])])
    with pytest.raises(Unavailable):
        await database.rows(select(NOTE))
    postgres_server.start()

    await database.commit([Write(note, [(3, "a")])])
    assert await numbers(database) == [1, 3]


async def test_a_unit_in_flight_survives_a_restart_of_the_server(
    database: PostgresDatabase, postgres_server: Postgres
) -> None:
    await database.commit([Write(note, [(1, "a")])])
    postgres_server.stop("immediate")
    writing = asyncio.ensure_future(database.commit([Write(note, [(2, "a")])]))
    await asyncio.sleep(0)

    postgres_server.start()

    await writing
    assert await numbers(database) == [1, 2]


async def test_who_reads_for_one_tenant_sees_no_other_whatever_is_asked(
    database: PostgresDatabase,
) -> None:
    await database.with_connection(raise_walls)
    await database.commit([Write(note, [(1, "a"), (2, "b"), (3, "a")])])

    mine, theirs = await asyncio.gather(read_for(database, "a"), read_for(database, "b"))

    assert (mine, theirs, await numbers(database)) == ([1, 3], [2], [1, 2, 3])


async def test_who_is_cancelled_while_it_reads_leaves_its_tenant_to_nobody(
    database: PostgresDatabase,
) -> None:
    await database.with_connection(raise_walls)
    await database.commit([Write(note, [(1, "a"), (2, "b")])])
    (session,) = await database.rows(select(func.pg_backend_pid().label("process")))

    with stopped(session.process):
        reading = asyncio.create_task(read_for(database, "b"))
        await asyncio.wait([reading], timeout=0.2)  # by then it has told the server for whom
        reading.cancel()
        await asyncio.wait([reading])

    assert reading.cancelled()
    assert await numbers(database) == [1, 2]


async def test_a_wall_as_it_was_raised_before_is_raised_anew_once(
    database: PostgresDatabase,
) -> None:
    before = [
        "CREATE POLICY own_tenant ON note USING (tenant=current_setting('sendwell.tenant',true))",
        "ALTER TABLE note FORCE ROW LEVEL SECURITY",
        "ALTER TABLE note ENABLE ROW LEVEL SECURITY",
    ]
    await database.execute(*map(text, before))

    raised = [await database.with_connection(raise_walls) for _ in range(2)]

    rules = await database.rows(text("SELECT policyname FROM pg_policies WHERE tablename='note'"))
    assert (raised, [rule.policyname for rule in rules]) == ([["note"], []], ["acts_for"])


async def test_who_does_not_say_for_whom_it_reads_sees_nothing(
    database: PostgresDatabase,
) -> None:
    await database.with_connection(raise_walls)
    await database.commit([Write(note, [(1, "a")])])

    async with database.engine.connect() as connection:
        await connection.execute(text("RESET sendwell.tenant"))
        rows = (await connection.execute(select(NOTE))).all()

    assert rows == []
