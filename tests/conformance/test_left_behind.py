"""What stays under the number of a process that has left: whose it is, and that it is told."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from sendwell.adapters.sql.direct import DirectConnection
from sendwell.adapters.sql.migrations import migrate_on
from sendwell.adapters.sql.postgres import PostgresDatabase
from sendwell.adapters.sql.postgres_left_behind import left_behind, tell_of_nobodys
from sendwell.adapters.sql.postgres_membership import PostgresMembership
from sendwell.adapters.sql.postgres_partitions import make_ahead
from sendwell.adapters.sql.postgres_walls import raise_walls
from sendwell.adapters.system import SystemClock
from sendwell.bootstrap import TABLES
from tests.services.needs import needs

pytestmark = needs("postgres")
FIRST = 0
"""The number of whoever joins first."""


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[PostgresDatabase]:
    database = PostgresDatabase(postgres_url)
    await database.with_connection(lambda connection: migrate_on(connection, TABLES))
    await database.with_connection(lambda connection: make_ahead(connection, SystemClock().now()))
    await database.with_connection(raise_walls)
    yield database
    await database.close()


@pytest.fixture
async def direct(postgres_url: str, database: PostgresDatabase) -> AsyncIterator[DirectConnection]:
    del database  # has its tables
    direct = DirectConnection(postgres_url)
    await direct.fetch("SELECT set_config('sendwell.tenant','*',false)")
    yield direct
    await direct.close()


async def join(direct: DirectConnection, service: str) -> PostgresMembership:
    return await PostgresMembership.join(
        direct,
        SystemClock(),
        seconds=600,
        lost=lambda: pytest.fail("lost its lease"),
        service=service,
    )


async def left_by(direct: DirectConnection, service: str, *statements: str) -> None:
    """A process of that service has written this, and has left."""
    before = await join(direct, service)
    assert before.node == FIRST
    for statement in statements:
        await direct.fetch(statement)
    await before.leave()


def position() -> int:
    return SystemClock().now() // 1000 << 21


WORK = """
    INSERT INTO work(position,part,tenant,channel,lane,state,due,attempt,epoch,planned_at,
    claimed_at,plan,node)
    VALUES(1,'0.email','default','email',2,'SCHEDULED',9000000000000000,0,1,1,0,'{}',0)"""
LETTER = "INSERT INTO outbox(number,node,letter) VALUES(1,0,''::bytea)"
STANDING = "INSERT INTO outbox(number,node,letter) VALUES(1,-1,''::bytea)"
UNTOLD = "INSERT INTO untold(number,node,tenant,events) VALUES(1,0,'default',''::bytea)"


def accepted(place: int | None = None) -> str:
    return (
        "INSERT INTO requested(position,tenant,id,event_type,accepted_at,body)"
        f" VALUES({place or position()},'default','a','test',0,''::bytea)"
    )


@pytest.mark.parametrize("left", [WORK, LETTER, STANDING, UNTOLD, accepted()])
async def test_what_a_whole_process_has_left_waits_for_one_like_it(
    database: PostgresDatabase, direct: DirectConnection, left: str
) -> None:
    await left_by(direct, "", left)
    other = await join(direct, "delivery")
    (found,) = await left_behind(database)
    whole = await join(direct, "")

    assert (found.node, found.command, found.is_run) == (FIRST, "sendwell run all", False)
    assert (other.node, whole.node) == (1, FIRST)
    assert await left_behind(database) == []
    await whole.leave()
    await other.leave()


async def test_a_twin_that_lives_takes_it_over(
    database: PostgresDatabase, direct: DirectConnection
) -> None:
    twin = await join(direct, "delivery-email")
    await direct.fetch("UPDATE lease SET holder='another machine 1'")
    dead = await join(direct, "delivery-email")
    await direct.fetch(WORK.replace("'{}',0)", f"'{{}}',{dead.node})"))
    await dead.leave()

    (found,) = await left_behind(database)

    assert (found.node, found.is_run) == (dead.node, True)
    await twin.leave()


@pytest.mark.parametrize("ended", ["mark", "work", "outcome", "handed_on"])
async def test_what_is_planned_is_not_left(
    database: PostgresDatabase, direct: DirectConnection, ended: str
) -> None:
    place = position()
    planned = {
        "mark": f"INSERT INTO mark(name,position) VALUES('planned',{place})",
        "work": WORK.replace("(1,", f"({place},").replace("'{}',0)", "'{}',7)"),
        "outcome": "INSERT INTO outcome(position,part,tenant,notification,channel,status,at,"
        "planned_at,claimed_at,attempt)"
        f" VALUES({place},'0.email','default','a','email','SENT',1,1,1,1)",
        "handed_on": f"INSERT INTO handed_on(position,tenant) VALUES({place},'default')",
    }
    request = accepted(place)

    await left_by(direct, "", request, planned[ended])

    assert await left_behind(database) == []


async def test_copies_under_a_service_that_accepts_nothing_are_not_left(
    database: PostgresDatabase, direct: DirectConnection
) -> None:
    await left_by(direct, "delivery", accepted())

    assert await left_behind(database) == []


async def test_what_nobody_goes_on_with_is_logged_with_the_way_out(
    database: PostgresDatabase, direct: DirectConnection
) -> None:
    await left_by(direct, "gateway+orchestrator", WORK)

    with capture_logs() as logs:
        telling = asyncio.create_task(tell_of_nobodys(database, after_seconds=0))
        async with asyncio.timeout(30):
            while not logs:
                await asyncio.sleep(0.01)
        telling.cancel()

    (told,) = logs
    assert (told["event"], told["log_level"]) == ("cluster.left_behind", "warning")
    assert told["nodes"] == [FIRST]
    assert "`sendwell run gateway orchestrator`" in told["advice"]
