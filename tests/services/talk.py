"""The shortest way to leave one word in each server and to read it, with its usual driver."""

import asyncio
import ssl
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import aio_pika
import aiomysql
import asyncpg
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, Session
from cassandra.policies import RoundRobinPolicy
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from redis.asyncio import Redis

SOON = 30.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Talk:
    """Two ways to use a room of a server, by its URL."""

    write: Callable[[str, str], Coroutine[None, None, None]]
    read: Callable[[str], Coroutine[None, None, str]]


async def _write_postgres(url: str, word: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE words (word text)")
    await connection.execute("INSERT INTO words VALUES ($1)", word)
    await connection.close()


async def _read_postgres(url: str) -> str:
    connection = await asyncpg.connect(url)
    word = await connection.fetchval("SELECT word FROM words")
    await connection.close()
    return str(word)


async def _write_redis(url: str, word: str) -> None:
    async with Redis.from_url(url.replace("ca=", "ssl_ca_certs=")) as client:
        await client.set("word", word)


async def _read_redis(url: str) -> str:
    async with Redis.from_url(url.replace("ca=", "ssl_ca_certs="), decode_responses=True) as client:
        return str(await client.get("word"))


async def _write_rabbitmq(url: str, word: str) -> None:
    async with await aio_pika.connect(url.replace("ca=", "cafile=")) as connection:
        channel = await connection.channel()
        await channel.declare_queue("words", durable=True, arguments={"x-queue-type": "quorum"})
        await channel.default_exchange.publish(aio_pika.Message(word.encode()), "words")


async def _read_rabbitmq(url: str) -> str:
    async with await aio_pika.connect(url.replace("ca=", "cafile=")) as connection:
        channel = await connection.channel()
        queue = await channel.get_queue("words")
        message = await queue.get(timeout=SOON)
        return message.body.decode()


async def _write_mariadb(url: str, word: str) -> None:
    connection = await aiomysql.connect(**_mariadb(url))
    async with connection.cursor() as cursor:
        await cursor.execute("CREATE TABLE words (word text)")
        await cursor.execute("INSERT INTO words VALUES (%s)", word)
    connection.close()


async def _read_mariadb(url: str) -> str:
    connection = await aiomysql.connect(**_mariadb(url))
    async with connection.cursor() as cursor:
        await cursor.execute("SELECT word FROM words")
        (word,) = await cursor.fetchone()
    connection.close()
    return str(word)


def _mariadb(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    return {
        "host": parts.hostname,
        "port": parts.port,
        "user": parts.username,
        "password": parts.password,
        "db": parts.path.removeprefix("/"),
        "ssl": _tls(url),
        "autocommit": True,
    }


async def _write_kafka(url: str, word: str) -> None:
    producer = Producer({**_kafka(url), "acks": "all"})
    producer.produce("words", word.encode())
    assert 0 == await asyncio.to_thread(producer.flush, SOON)


async def _read_kafka(url: str) -> str:
    consumer = Consumer({**_kafka(url), "group.id": "readers"})
    consumer.assign([TopicPartition("words", 0, OFFSET_BEGINNING)])
    message = await asyncio.to_thread(consumer.poll, SOON)
    consumer.close()
    assert message is not None
    assert message.error() is None
    return bytes(message.value() or b"").decode()


def _kafka(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    plain = {"bootstrap.servers": parts.netloc.rpartition("@")[2], "log_level": "0"}
    if parts.scheme == "kafka":
        return plain
    return plain | {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "PLAIN",
        "sasl.username": parts.username or "",
        "sasl.password": parts.password or "",
        "ssl.ca.location": parse_qs(parts.query)["ca"][0],
    }


async def _write_cassandra(url: str, word: str) -> None:
    keyspace = urlsplit(url).path.removeprefix("/")

    def write(session: Session) -> None:
        how = "{'class': 'SimpleStrategy', 'replication_factor': 1}"
        session.execute(f"CREATE KEYSPACE {keyspace} WITH replication = {how}")
        session.set_keyspace(keyspace)
        session.execute("CREATE TABLE words (word text PRIMARY KEY)")
        session.execute("INSERT INTO words (word) VALUES (%s)", [word])

    await asyncio.to_thread(_in_cassandra, url, write)


async def _read_cassandra(url: str) -> str:
    keyspace = urlsplit(url).path.removeprefix("/")

    def read(session: Session) -> str:
        session.set_keyspace(keyspace)
        return str(session.execute("SELECT word FROM words").one().word)

    return await asyncio.to_thread(_in_cassandra, url, read)


def _in_cassandra(url: str, use: Callable[[Session], T]) -> T:
    parts = urlsplit(url)
    cluster = Cluster(
        [parts.hostname],
        port=parts.port,
        protocol_version=5,
        execution_profiles={EXEC_PROFILE_DEFAULT: ExecutionProfile(RoundRobinPolicy())},
        ssl_context=_tls(url),
        ssl_options={"server_hostname": parts.hostname} if _tls(url) else None,
        auth_provider=PlainTextAuthProvider(parts.username, parts.password),
    )
    try:
        return use(cluster.connect())
    finally:
        cluster.shutdown()


def _tls(url: str) -> ssl.SSLContext | None:
    authorities = parse_qs(urlsplit(url).query).get("ca")
    return ssl.create_default_context(cafile=authorities[0]) if authorities else None


TALKS: Mapping[str, Talk] = {
    "redis": Talk(_write_redis, _read_redis),
    "postgres": Talk(_write_postgres, _read_postgres),
    "rabbitmq": Talk(_write_rabbitmq, _read_rabbitmq),
    "mariadb": Talk(_write_mariadb, _read_mariadb),
    "kafka": Talk(_write_kafka, _read_kafka),
    "cassandra": Talk(_write_cassandra, _read_cassandra),
}
