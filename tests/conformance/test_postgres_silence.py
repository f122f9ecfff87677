"""A PostgreSQL that says nothing any more, and whose connections nobody closes."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, insert, select, text
from sqlalchemy.schema import CreateTable

from sendwell.adapters.sql.postgres import PostgresDatabase
from sendwell.adapters.sql.postgres_engine import Patience, driver_of
from sendwell.domain.errors import Unavailable
from sendwell.ports.database import Write
from sendwell.runtime.postgres_rows import copy_in
from tests.conformance.mute_link import MuteLink, mute_link
from tests.services.needs import needs

pytestmark = needs("postgres")
NOTE = Table("note", MetaData(), Column("number", Integer, primary_key=True))
LONG = Table("long", MetaData(), Column("number", Integer), Column("words", Text))
SHORT = Patience(statement=timedelta(seconds=2), turn=timedelta(seconds=2))
SOON = 20.0
"""Far less than TCP itself would wait."""


@pytest.fixture
async def link(postgres_url: str) -> AsyncIterator[MuteLink]:
    async with mute_link(postgres_url) as made:
        yield made


@pytest.fixture
async def database(link: MuteLink) -> AsyncIterator[PostgresDatabase]:
    made = PostgresDatabase(link.url, patience=SHORT)
    await made.execute(CreateTable(NOTE))
    yield made
    await made.close()


def note(connection: Connection, numbers: Sequence[int]) -> None:
    connection.execute(insert(NOTE), [{"number": number} for number in numbers])


async def numbers(database: PostgresDatabase) -> list[int]:
    return [row.number for row in await database.rows(select(NOTE.c.number).order_by("number"))]


class First:
    """Hears the first time that something is said."""

    def __init__(self, what: bytes = b"COMMIT") -> None:
        self._what = what
        self.was_heard = False

    def __call__(self, said: bytes) -> bool:
        is_first = self._what in said and not self.was_heard
        self.was_heard = self.was_heard or is_first
        return is_first


async def test_a_commit_whose_answer_never_comes_is_looked_up(
    database: PostgresDatabase, link: MuteLink
) -> None:
    link.silent_after = heard = First()

    async with asyncio.timeout(SOON):
        await database.commit([Write(note, [1])])

    assert heard.was_heard
    assert [1] == await numbers(database)


async def test_a_commit_that_never_arrives_is_done_again(
    database: PostgresDatabase, link: MuteLink
) -> None:
    link.silent_before = heard = First()

    async with asyncio.timeout(SOON):
        await database.commit([Write(note, [1])])

    assert heard.was_heard
    assert [1] == await numbers(database)


def copy_long_ones(connection: Connection, items: Sequence[int]) -> None:
    rows = [(number, "x" * 100_000) for number in items]
    copy_in(connection, LONG.name, ("number", "words"), rows)


@pytest.mark.parametrize("when", [b"COPY", b"x" * 10_000], ids=["asked", "sent"])
async def test_who_copies_much_in_where_nobody_answers_any_more_hears_so_and_may_come_again(
    database: PostgresDatabase, link: MuteLink, when: bytes
) -> None:
    """It is more than the buffers of a connection hold."""
    await database.execute(CreateTable(LONG))
    link.silent_before = First(when)

    async with asyncio.timeout(2 * SOON):
        with pytest.raises(Unavailable):
            await database.commit([Write(copy_long_ones, range(120))])
        await database.commit([Write(copy_long_ones, range(120))])

    (row,) = await database.rows(text("SELECT count(*) AS number FROM long"))
    assert row.number == 120


async def test_closing_does_not_wait_for_what_nobody_can_look_up(
    database: PostgresDatabase, link: MuteLink
) -> None:
    link.silent_after = heard = First()
    link.silent_before = lambda _: heard.was_heard
    in_doubt = asyncio.create_task(database.commit([Write(note, [1])]))
    async with asyncio.timeout(SOON):
        while not heard.was_heard:
            await asyncio.sleep(0.01)

    async with asyncio.timeout(SOON):
        await database.close()

    assert not in_doubt.done()
    in_doubt.cancel()


async def test_who_begins_on_a_silent_connection_hears_so_and_may_come_again(
    database: PostgresDatabase, link: MuteLink
) -> None:
    await database.commit([Write(note, [1])], is_urgent=True)
    link.fall_silent()

    async with asyncio.timeout(SOON):
        with pytest.raises(Unavailable):
            await database.commit([Write(note, [2])], is_urgent=True)
        await database.commit([Write(note, [3])], is_urgent=True)

    assert [1, 3] == await numbers(database)


@pytest.mark.parametrize("options", ["", "?pooled=true"], ids=["sessions", "pooled"])
async def test_who_reads_on_a_silent_connection_has_the_answer_from_another(
    link: MuteLink, options: str
) -> None:
    database = PostgresDatabase(link.url + options, patience=SHORT)
    await database.rows(text("SELECT 1"))
    link.fall_silent()

    async with asyncio.timeout(SOON):
        (row,) = await database.rows(text("SELECT 2 AS number"))

    assert row.number == 2
    await database.close()


async def test_upkeep_takes_as_long_as_it_takes(database: PostgresDatabase) -> None:
    longer = SHORT.statement.total_seconds() + 1

    def work(connection: Connection) -> bool:
        connection.execute(text("SELECT pg_sleep(:longer)"), {"longer": longer})
        return True

    assert await database.with_connection(work)


async def test_the_system_ends_a_connection_whose_other_end_has_vanished(
    database: PostgresDatabase,
) -> None:
    async with database.engine.connect() as connection:
        transport = driver_of(connection)._transport
        link = transport.get_extra_info("socket")

        assert link.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert link.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 8_000
