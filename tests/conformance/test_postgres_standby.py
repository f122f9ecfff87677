"""A commit whose answer is lost with its server, and what is known of it where a standby is."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, Table, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.schema import CreateTable

from sendwell.adapters.sql.group_commit import GroupCommit
from sendwell.adapters.sql.postgres import PostgresWriting
from sendwell.adapters.sql.postgres_engine import open_engine
from sendwell.ports.database import Write
from tests.services import postgres
from tests.services.needs import needs
from tests.services.ports import HOST
from tests.services.postgres import Postgres

pytestmark = needs("postgres")
NOTE = Table("note", MetaData(), Column("number", Integer, primary_key=True))
SOON = 120.0
LOOKS = 3


class CutOff(PostgresWriting):
    """The answer to its first COMMIT is lost."""

    is_cut = False
    looks = 0

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine)
        self.cut = asyncio.Event()
        self.goes_on = asyncio.Event()
        self.looked = asyncio.Event()
        """Often enough."""

    async def connect(self) -> AsyncConnection:
        if self.is_cut:
            self.looks += 1
            if self.looks == LOOKS:
                self.looked.set()
        return await super().connect()

    async def commit(self, connection: AsyncConnection) -> None:
        await super().commit(connection)
        if not self.is_cut:
            self.is_cut = True
            self.cut.set()
            await self.goes_on.wait()
            raise ConnectionResetError


class Puzzled(CutOff):
    """Nor is it known at once what has become of it, for no reason that is foreseen."""

    async def was_committed(self, connection: AsyncConnection, number: int) -> bool:
        if not self.looked.is_set():
            raise asyncpg.InternalServerError("What do you mean?")
        return await super().was_committed(connection, number)


@pytest.fixture
async def engine(postgres_url: str) -> AsyncIterator[AsyncEngine]:
    made, _ = open_engine(postgres_url, 3)
    await make_notes(made)
    yield made
    await made.dispose()


@pytest.fixture
def standby(postgres_server: Postgres, postgres_url: str) -> Iterator[Postgres]:
    with postgres.standby(postgres_server) as server:
        yield server


async def make_notes(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execute(CreateTable(NOTE))


def note(connection: Connection, numbers: Sequence[int]) -> None:
    connection.execute(insert(NOTE), [{"number": number} for number in numbers])


async def numbers(engine: AsyncEngine) -> list[int]:
    async with engine.connect() as connection:
        return list(await connection.scalars(select(NOTE.c.number).order_by("number")))


async def until(server: Postgres, question: str) -> None:
    """Wait until the server says so: nothing tells us when."""
    async with asyncio.timeout(SOON):
        while await asyncio.to_thread(server.sql, question) != "t":
            await asyncio.sleep(0.05)


def on_both(url: str, standby: Postgres, options: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{parts.netloc},{HOST}:{standby.port}", query=options))


@pytest.mark.parametrize("options", ["", "target_session_attrs=read-write"], ids=["any", "primary"])
async def test_a_commit_is_looked_up_once_the_standby_has_taken_over(
    engine: AsyncEngine,
    postgres_url: str,
    *,
    postgres_server: Postgres,
    standby: Postgres,
    options: str,
) -> None:
    both, _ = open_engine(on_both(postgres_url, standby, options), 3)
    writing = CutOff(both)
    commits = GroupCommit("sendwell", urgent=writing, others=[])
    position = await asyncio.to_thread(postgres_server.sql, "SELECT pg_current_wal_lsn()")
    await until(standby, f"SELECT pg_last_wal_replay_lsn() >= '{position}'")

    async with asyncio.timeout(SOON):
        told = asyncio.ensure_future(commits.commit([Write(note, [1])], is_urgent=True))
        await writing.cut.wait()
        position = await asyncio.to_thread(postgres_server.sql, "SELECT pg_current_wal_lsn()")
        await until(standby, f"SELECT pg_last_wal_receive_lsn() >= '{position}'")
        postgres_server.kill()
        writing.goes_on.set()
        await asyncio.wait(
            {told, asyncio.ensure_future(writing.looked.wait())},
            return_when=asyncio.FIRST_COMPLETED,
        )
        await asyncio.to_thread(standby.sql, "SELECT pg_promote()")
        await told

    assert await numbers(both) == [1]
    await commits.close()
    await both.dispose()


@pytest.mark.parametrize("others", [[], [1]], ids=["together", "apart"])
async def test_what_is_not_known_is_never_told_as_failed(
    engine: AsyncEngine, others: list[int]
) -> None:
    writing = Puzzled(engine)
    writing.goes_on.set()
    commits = GroupCommit("sendwell", urgent=writing, others=[])

    async with asyncio.timeout(SOON):
        first, *rest = await asyncio.gather(
            *(commits.commit([Write(note, [number])], is_urgent=True) for number in (1, *others)),
            return_exceptions=True,
        )

    assert writing.looks >= LOOKS
    assert not isinstance(first, BaseException)
    assert [IntegrityError] * len(others) == [type(each) for each in rest]
    assert await numbers(engine) == [1]
    await commits.close()
