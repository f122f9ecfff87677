"""Connections by TLS with a password, of all that has no such test beside its other ones.

The limiters have theirs in `test_limiter_redis` and `test_limiter_postgres`, RabbitMQ in
`test_rabbitmq_failures`, Kafka (with SASL) in `test_kafka_brokers`, Cassandra in `test_history`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text

from sendwell.adapters.bus.postgres import PostgresBus
from sendwell.adapters.facts.redis import look_at_redis
from sendwell.adapters.sql.direct import DirectConnection
from sendwell.adapters.sql.mysql import MysqlDatabase
from sendwell.adapters.sql.postgres import PostgresDatabase
from sendwell.adapters.sql.postgres_signals import PostgresSignals
from sendwell.domain.errors import Unavailable
from sendwell.ports.bus import Stream
from tests.conformance.bus_house import parcels
from tests.conformance.bus_postgres import migrate
from tests.services import mariadb, postgres, redis
from tests.services.certificates import Certificates, issue
from tests.services.needs import needs
from tests.services.ports import HOST

pytestmark = needs("postgres", "redis", "mariadb")
STREAM = Stream("letters")
Use = Callable[[str], Awaitable[object]]


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """What the servers show."""
    return issue(tmp_path_factory.mktemp("ours"))


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Of an authority that has not signed what the servers show."""
    return issue(tmp_path_factory.mktemp("theirs"))


@pytest.fixture(scope="module")
def encrypted_postgres(ours: Certificates) -> Iterator[str]:
    """The URL of a database whose server takes encrypted connections only, and only by password."""
    with postgres.running(tls=ours) as server, server.database() as url:
        assert "sslmode=verify-full&sslrootcert=" in url
        yield url


async def ask_database(url: str) -> object:
    database = PostgresDatabase(url)
    try:
        its_own = text("SELECT ssl FROM pg_stat_ssl WHERE pid=pg_backend_pid()")
        ((is_encrypted,),) = await database.rows(its_own)
    finally:
        await database.close()
    return is_encrypted


async def ask_directly(url: str) -> object:
    direct = DirectConnection(url)
    try:
        ((answer,),) = await direct.fetch("SELECT true")
    finally:
        await direct.close()
    return answer


async def ask_bus(url: str) -> object:
    bus = PostgresBus(url)
    try:
        await bus.declare([STREAM], group="workers")
        await bus.publish(STREAM, parcels(3))
        lag = await bus.lag([STREAM], group="workers")
    finally:
        await bus.close()
    return lag == 3


@pytest.mark.parametrize("ask", [ask_database, ask_directly, ask_bus])
async def test_only_a_postgres_of_the_given_authority_is_talked_to(
    ask: Use, encrypted_postgres: str, ours: Certificates, theirs: Certificates
) -> None:
    await migrate(encrypted_postgres)
    to_stranger = encrypted_postgres.replace(str(ours.authority), str(theirs.authority))

    assert await ask(encrypted_postgres) is True
    with pytest.raises(Unavailable):
        await ask(to_stranger)


async def test_a_signal_is_heard_by_an_encrypted_connection(encrypted_postgres: str) -> None:
    heard: asyncio.Queue[str | None] = asyncio.Queue()
    async with listening(encrypted_postgres, heard) as signals:
        assert await asyncio.wait_for(heard.get(), 10) is None  # it listens from now on
        database = PostgresDatabase(encrypted_postgres)

        await database.commit(signals.told("templates", ["welcome"]))

        assert await asyncio.wait_for(heard.get(), 10) == "welcome"
        await database.close()


@asynccontextmanager
async def listening(url: str, heard: "asyncio.Queue[str | None]") -> AsyncIterator[PostgresSignals]:
    direct = DirectConnection(url)
    signals = PostgresSignals(direct)
    signals.listen("templates", heard.put_nowait)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(direct.run())
        yield signals
        running.cancel()
    await direct.close()


async def test_only_a_mariadb_of_the_given_authority_is_talked_to(
    ours: Certificates, theirs: Certificates
) -> None:
    with mariadb.running(tls=ours) as server, server.database() as url:
        place = url.partition("?")[0]

        cipher = await cipher_of_mariadb(f"{place}?ssl_ca={ours.authority}")
        assert cipher.startswith("TLS")
        with pytest.raises(Unavailable):
            await cipher_of_mariadb(f"{place}?ssl_ca={theirs.authority}")


async def cipher_of_mariadb(url: str) -> str:
    database = MysqlDatabase(url)
    try:
        (status,) = await database.rows(text("SHOW SESSION STATUS LIKE 'Ssl_cipher'"))
    finally:
        await database.close()
    return str([*status][1])


async def test_doctor_looks_only_at_a_redis_of_the_given_authority(
    ours: Certificates, theirs: Certificates
) -> None:
    with redis.running(tls=ours) as server:
        place = f"rediss://:{redis.PASSWORD}@{HOST}:{server.port}/0"

        assert (await look_at_redis(f"{place}?ca={ours.authority}")).version
        for url in (f"{place}?ca={theirs.authority}", place):
            with pytest.raises(Unavailable, match="certificate verify failed"):
                await look_at_redis(url)
