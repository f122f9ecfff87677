"""What a crash of PostgreSQL leaves in doubt: whether an unanswered COMMIT has happened."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from sendwell.adapters.sql.postgres import PostgresWriting
from sendwell.adapters.sql.postgres_engine import open_engine
from tests.services.needs import needs
from tests.services.postgres import Postgres

pytestmark = needs("postgres")


@pytest.fixture
async def engine(postgres_url: str) -> AsyncIterator[AsyncEngine]:
    made, _ = open_engine(postgres_url, 3)
    yield made
    await made.dispose()


async def begun_and_crashed(writing: PostgresWriting, server: Postgres) -> int:
    """The number of a transaction of which nothing had reached the disk."""
    connection = await writing.connect()
    number = await writing.begin(connection)
    server.kill()
    await writing.let_go(connection)
    server.start()
    return number


async def committed(writing: PostgresWriting) -> int:
    """The number of another transaction, which did."""
    connection = await writing.connect()
    number = await writing.begin(connection)
    await writing.commit(connection)
    await connection.close()
    return number


async def test_a_transaction_that_a_crash_took_back_is_not_committed(
    engine: AsyncEngine, postgres_server: Postgres
) -> None:
    writing = PostgresWriting(engine)
    number = await begun_and_crashed(writing, postgres_server)

    connection = await writing.connect()
    assert not await writing.was_committed(connection, number)
    await connection.close()


async def test_a_number_that_a_crash_gave_to_another_transaction_does_not_count_as_committed(
    engine: AsyncEngine, postgres_server: Postgres
) -> None:
    writing = PostgresWriting(engine)
    number = await begun_and_crashed(writing, postgres_server)
    while (latest := await committed(writing)) < number:
        pass

    connection = await writing.connect()
    assert latest == number
    assert not await writing.was_committed(connection, number)
    assert await writing.was_committed(connection, latest)
    await connection.close()


async def test_what_was_committed_before_a_restart_is_known_after_it(
    engine: AsyncEngine, postgres_server: Postgres
) -> None:
    writing = PostgresWriting(engine)
    number = await committed(writing)
    postgres_server.stop("fast")
    postgres_server.start()
    await engine.dispose()

    connection = await writing.connect()
    assert await writing.was_committed(connection, number)
    await connection.close()
