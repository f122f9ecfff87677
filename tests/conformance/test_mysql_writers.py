"""What writers to MySQL and MariaDB do to each other, and what they must be allowed to do."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import aiomysql
import pytest
from aiomysql import OperationalError
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateTable

from sendwell.adapters.sql import mysql, mysql_engine
from sendwell.adapters.sql.mysql import MysqlDatabase
from sendwell.domain.errors import Unavailable
from tests.conformance.test_database import THING
from tests.services.mariadb import MariaDb
from tests.services.needs import needs
from tests.services.ports import HOST

pytestmark = needs("mariadb")
NOTE = (
    "INSERT INTO commit_log(writer,number,at) VALUES(UNHEX(%s),1,UTC_TIMESTAMP()-INTERVAL %s DAY)"
)
HOLD = "SELECT number FROM commit_log WHERE writer=UNHEX(%s) FOR UPDATE"
LEFT = "SELECT LOWER(HEX(writer)) FROM commit_log WHERE at<UTC_TIMESTAMP()-INTERVAL 1 DAY"
FIRST, SECOND, THIRD = "01" * 16, "02" * 16, "03" * 16
HELD = 1205


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[MysqlDatabase]:
    database = MysqlDatabase(url)
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def session(url: str) -> AsyncIterator[aiomysql.Cursor]:
    """One of somebody else, in a transaction that the server does not end."""
    parts = urlsplit(url)
    connection = await aiomysql.connect(
        host=parts.hostname,
        port=parts.port,
        user=parts.username,
        password=parts.password,
        db=parts.path.removeprefix("/"),
        autocommit=False,
    )
    try:
        async with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


async def test_a_writer_whose_host_vanished_in_a_transaction_stops_no_new_one(
    mariadb_url: str,
) -> None:
    async with opened(mariadb_url) as first:
        await first.execute(CreateTable(THING))

    async with session(mariadb_url) as vanished:
        await vanished.execute(NOTE, (FIRST, 0))
        async with opened(mariadb_url) as replacement:
            await replacement.execute(insert(THING).values(number=1))
            (row,) = await replacement.rows(select(THING.c.number))

    assert row.number == 1


async def test_writers_that_ended_long_ago_are_forgotten_but_for_one_that_is_held(
    mariadb_url: str,
) -> None:
    long_ago, held, lately = FIRST, SECOND, THIRD
    async with opened(mariadb_url) as first:
        await first.execute(CreateTable(THING))

    async with session(mariadb_url) as somebody:
        for writer, days in ((long_ago, 31), (held, 31), (lately, 29)):
            await somebody.execute(NOTE, (writer, days))
        await somebody.connection.commit()
        await somebody.execute(HOLD, (held,))
        async with opened(mariadb_url) as replacement:
            await replacement.execute(insert(THING).values(number=1))
        await somebody.connection.commit()
        await somebody.execute(LEFT)
        left = {writer for (writer,) in await somebody.fetchall()}

    assert left == {held, lately}


async def test_who_may_only_work_on_rows_can_write(
    mariadb_server: MariaDb, mariadb_url: str
) -> None:
    name = urlsplit(mariadb_url).path.removeprefix("/")
    async with opened(mariadb_url) as owner:
        await owner.execute(CreateTable(THING))
    mariadb_server.sql(
        "CREATE USER modest IDENTIFIED BY 'secret';"
        f" GRANT SELECT,INSERT,UPDATE,DELETE ON {name}.* TO modest"
    )

    try:
        async with opened(f"mysql://modest:secret@{HOST}:{mariadb_server.port}/{name}") as database:
            await database.execute(insert(THING).values(number=1))
            (row,) = await database.rows(select(THING.c.number))
    finally:
        mariadb_server.sql("DROP USER modest")

    assert row.number == 1


async def test_who_looks_up_a_commit_that_is_not_decided_yet_hears_so_and_waits_no_longer(
    mariadb_url: str,
) -> None:
    async with opened(mariadb_url) as database, session(mariadb_url) as undecided:
        await database.execute(CreateTable(THING))
        writing = mysql._MysqlWriting(database.engine)
        await undecided.execute(NOTE, (writing._name.hex(), 0))
        connection = await writing.connect()

        with pytest.raises(DBAPIError) as told:
            async with asyncio.timeout(60):
                await writing.was_committed(connection, 1)

        await writing.let_go(connection)

    assert isinstance(told.value.orig, OperationalError)
    assert told.value.orig.args[0] == HELD


@pytest.mark.parametrize("code", [HELD, 3100, 9001])
async def test_what_the_server_will_do_later_is_unavailable(mariadb_url: str, code: int) -> None:
    refused = text(f"SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO={code}, MESSAGE_TEXT='{HOST}'")

    async with opened(mariadb_url) as database:
        with pytest.raises(Unavailable) as of_write:
            await database.execute(refused)
        with pytest.raises(Unavailable) as of_read:
            await database.rows(refused)

    assert HOST not in of_write.value.message
    assert of_read.value.message == of_write.value.message


async def test_a_mysql_ends_a_session_that_says_nothing_for_long(mariadb_url: str) -> None:
    """It has no limit for transactions that rest. What only MariaDB reads is left out here."""
    as_mysql_reads_it = re.sub(
        r"/\*!\d+ (.*?)\*/",
        r"\1",
        re.sub(r"/\*M!.*?\*/", "", mysql_engine._SESSION),
    )

    async with session(mariadb_url) as cursor:
        await cursor.execute(as_mysql_reads_it)
        await cursor.execute("SELECT @@SESSION.wait_timeout")
        (seconds,) = await cursor.fetchone()

    assert seconds == mysql_engine._RESTS_SECONDS + 60
